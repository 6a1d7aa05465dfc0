"""Finished loops for the places that show them: made by `coverloop export` when somebody asks, one after the other, in
the background."""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from ..core.errors import CoverLoopError
from ..core.formats.registry import Wanted, names, preset, wanted
from ..core.video.playlist import package
from .loops import Loop
from .making import SCRATCH, kept, run_verb

log = logging.getLogger(__name__)

MOST = 20
SECONDS = 3600.0
TALL = "now-playing.tall"
"""The format that players show over a whole screen."""
TOLD = "told.json"


class PlacesFull(CoverLoopError):
    """So much waits to be made already."""


class PlaceState(str, Enum):
    NONE = "none"
    MAKING = "making"
    THERE = "there"
    FAILED = "failed"
    __str__ = str.__str__


@dataclass(frozen=True)
class Place:
    """A loop for a place. id: of the format, such as `canvas` or `web.gif`; title: the place, for people; height: None
    where the cover keeps its shape, and width is of its shorter side; file: where it lies, once it is there; problems:
    what the place would refuse; notes: what had to be changed; error: why it could not be made."""

    id: str
    title: str
    width: int
    height: int | None
    ending: str
    state: PlaceState
    file: Path | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""


@cache
def formats() -> Mapping[str, Wanted]:
    """All that a browser can save: one file each."""
    return {one.id: one for name in names() for one in wanted(name) if one.format.coding.kind != "hls"}


class Places:
    """The files of `folder`/<key of a loop>/<format>/."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._waiting: queue.Queue[tuple[Loop, str]] = queue.Queue(MOST)
        self._open: set[tuple[str, str]] = set()
        self._errors: dict[tuple[str, str], str] = {}
        self._mutex = threading.Lock()
        for left in folder.glob(f"*/{SCRATCH}*"):
            shutil.rmtree(left, ignore_errors=True)
        threading.Thread(target=self._work, daemon=True).start()

    def of(self, loop: Loop, id: str) -> Place:
        """How one format of a loop stands. id: of `formats`."""
        asked, place = formats()[id], (loop.key, id)
        height = None if asked.format.own_shape else asked.format.height
        told = preset(asked.preset).title, asked.format.width, height, asked.format.coding.ending
        with contextlib.suppress(OSError, ValueError, KeyError):
            record = json.loads((self._at(*place) / TOLD).read_text("utf-8"))
            file = self._at(*place) / record["file"]
            return Place(id, *told, PlaceState.THERE, file, tuple(record["problems"]), tuple(record["notes"]))
        with self._mutex:
            if place in self._open:
                return Place(id, *told, PlaceState.MAKING)
            error = self._errors.get(place, "")
        return Place(id, *told, PlaceState.FAILED if error else PlaceState.NONE, error=error)

    def all_of(self, loop: Loop) -> list[Place]:
        return [self.of(loop, id) for id in formats()]

    def make(self, loop: Loop, id: str) -> Place:
        """Have it made unless it is there or being made. Raises PlacesFull."""
        place = self.of(loop, id)
        if place.state in (PlaceState.THERE, PlaceState.MAKING):
            return place
        with self._mutex:
            try:
                self._waiting.put_nowait((loop, id))
            except queue.Full:
                raise PlacesFull(f"{MOST} files wait to be made already; ask again later") from None
            self._open.add((loop.key, id))
            self._errors.pop((loop.key, id), None)
        return self.of(loop, id)

    def tall(self, loop: Loop) -> Path | None:
        """The folder of the loop's tall HLS; None while it is not made, which then begins."""
        place = self.make(loop, TALL)
        video = place.file
        if place.state is not PlaceState.THERE or video is None:
            return None
        return kept(self._folder / loop.key / "hls-tall", lambda part: package(video, part))

    def _at(self, key: str, id: str) -> Path:
        return self._folder / key / f"for-{id}"

    def _work(self) -> None:
        own = threading.Lock()  # what is made here takes minutes, and pages wait for what else is made
        while True:
            loop, id = self._waiting.get()
            error = ""
            try:
                kept(self._at(loop.key, id), lambda part, loop=loop, id=id: _export(loop, id, part), own)
            except CoverLoopError as trouble:
                error = str(trouble)
            except Exception:  # whatever it is, what waits behind it is made
                log.exception("%s for %s", loop.key, id)
                error = "it failed; the log of the service says why"
            with self._mutex:
                self._open.discard((loop.key, id))
                if error:
                    self._errors[loop.key, id] = error


def _export(loop: Loop, id: str, folder: Path) -> None:
    said = {"title": loop.title, "artist": loop.artist}
    words = [f"--{name}={value}" for name, value in said.items() if value]
    call = ("export", str(loop.entry.video), "--preset", id, "--out", str(folder), "--json", *words)
    (made,) = json.loads(run_verb(call, good=(0, 1), seconds=SECONDS))["files"]
    told: dict[str, Any] = {"file": Path(made["video"]).name, "problems": made["problems"], "notes": made["notes"]}
    (folder / TOLD).write_text(json.dumps(told, ensure_ascii=False), "utf-8")
