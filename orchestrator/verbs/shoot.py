"""The clips of a film, made by the workflow `film_shot` on a ComfyUI and kept in the store, one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import UsageError
from ...core.film.wan import Clip
from ...core.video.decode import opened
from ..job import check
from ..job.deliver import deliver_shot
from ..job.manifest import load_workflow
from ..job.request import CoverFile, Job, picture_file
from ..job.run import Renderer
from ..job.workflow import Workflow
from ..server.choose import open_server
from ..store.entry import Claim
from ..store.store import Store
from .render import BUSY_WAIT, into_store
from .screen import Screen

WORKFLOW = "film_shot"
_DECIDED = ("prompt", "frames", "seed")


def shot_workflow(given: Mapping[str, Any]) -> Workflow:
    """The workflow, once it is sure that it takes what is given.

    Raises:
        UsageError: an unknown parameter or value, or one that the film itself decides.
    """
    workflow = load_workflow(WORKFLOW)
    for name in _DECIDED:
        if name in given:
            raise UsageError(f"--set {name}: the film decides it for each shot; see --style, --seconds and --seed")
    workflow.read_values(given)
    return workflow


@dataclass
class Camera:
    """Makes clips in the order of the film, so that one can begin with the end of the one before. picture: what a shot
    begins with, (H, W, 3) uint8, or None for words alone. made: how many clips were not in the store."""

    renderer: Renderer
    versions: Mapping[str, str]
    given: Mapping[str, Any]
    store: Store
    screen: Screen
    force: bool
    picture: Callable[[int], np.ndarray | None]
    made: int = 0
    told: list[dict[str, Any]] = field(default_factory=list)
    _before: tuple[Path, int] | None = None
    _seen: set[int] = field(default_factory=set)

    def shoot(self, clip: Clip, name: str) -> Path:
        """The file of a clip in the store.

        Raises:
            CoverLoopError: as `render_cover`.
        """
        begin = self._begin(clip)
        values = {**self.given, "prompt": clip.prompt, "seed": clip.seed, "frames": clip.frames}
        workflow = self.renderer.workflow
        decided = tuple(sorted(workflow.read_values(values).items()))
        sha256 = begin.sha256 if begin else ""
        job = Job(sha256, workflow.id, workflow.sha256, decided, tuple(sorted(self.versions.items())))
        video = self._finished(job, begin, name)
        self._before = (video, clip.last)
        self.told.append({**asdict(clip), "job": job.key})
        return video

    def to_dict(self) -> dict[str, Any]:
        """For the sidecar of the film."""
        workflow = self.renderer.workflow
        return {
            "workflow": {"id": workflow.id, "version": workflow.version, "sha256": workflow.sha256},
            "parameters": dict(self.given),
            "models": [{"name": m.name, "directory": m.directory, "sha256": m.sha256} for m in workflow.models],
            "server": self.renderer.facts.to_dict(),
            "clips": self.told,
            "made": self.made,
        }

    def _finished(self, job: Job, begin: CoverFile | None, name: str) -> Path:
        while True:
            entry = None if self.force else self.store.finished(job.key)
            if entry is None and self.store.claim(job, name, force=True, anew=self.force) is Claim.OURS:
                entry = into_store(self.renderer, self.store, job, begin, self.screen)
                self.made += 1
            if entry is not None and entry.video is not None:
                return entry.video
            self.screen.title(name, "another process makes it; waiting")
            time.sleep(BUSY_WAIT)

    def _begin(self, clip: Clip) -> CoverFile | None:
        first = clip.shot not in self._seen
        self._seen.add(clip.shot)
        if clip.follows:
            assert self._before is not None
            return picture_file(_frame(*self._before), "the last frame before")
        image = self.picture(clip.shot) if first else None
        return None if image is None else picture_file(image, f"the picture of shot {clip.shot + 1}")


def _frame(video: Path, number: int) -> np.ndarray:
    with opened(video) as clip:
        return next(islice(clip.frames, number, None))


@contextmanager
def open_camera(
    workflow: Workflow,
    given: Mapping[str, Any],
    server: str | None,
    store: Store,
    screen: Screen,
    force: bool,
    picture: Callable[[int], np.ndarray | None],
) -> Iterator[Camera]:
    """A camera on the server.

    Raises:
        ServerError: no usable server, or it lacks what the workflow needs; names every missing file.
    """
    screen.title("film", "connecting")
    with open_server(server, lambda: screen.title("film", "starting ComfyUI")) as comfy:
        facts, versions = check.require(comfy, workflow)
        renderer = Renderer(comfy, workflow, facts, deliver=deliver_shot)
        yield Camera(renderer, versions, given, store, screen, force, picture)


def frames_in(videos: Sequence[Path], clips: Sequence[Clip]) -> Iterator[tuple[Clip, Iterator[np.ndarray]]]:
    """Each clip with its frames, one file open at a time."""
    for video, clip in zip(videos, clips, strict=True):
        with opened(video) as file:
            yield clip, file.frames
