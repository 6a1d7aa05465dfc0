"""Finished loops as the pages show them: the store's, with what the service knows of their covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..orchestrator.store.entry import Entry
from ..orchestrator.store.restore import read_sidecar
from .covers import Cover
from .desk import Desk
from .requests import Request


@dataclass(frozen=True)
class Loop:
    """entry: of the store. cover, request: None for a loop that was made on the command line."""

    entry: Entry
    cover: Cover | None
    request: Request | None

    @property
    def key(self) -> str:
        return self.entry.key

    @property
    def title(self) -> str:
        if self.cover is not None and self.cover.words.title:
            return self.cover.words.title
        return "" if self.cover is not None else self.entry.cover.rpartition(".")[0] or self.entry.cover

    @property
    def artist(self) -> str:
        return self.cover.words.artist if self.cover is not None else ""

    @property
    def name(self) -> str:
        return " – ".join(filter(None, (self.artist, self.title)))

    def record(self) -> Mapping[str, Any]:
        """The sidecar. Raises JobError when it is damaged."""
        return read_sidecar(self.entry)


def find_loop(desk: Desk, key: str) -> Loop | None:
    entry = desk.store.finished(key)
    if entry is None:
        return None
    request = desk.requests.of_loop(key)
    return Loop(entry, desk.covers.find(request.cover) if request else None, request)


def all_loops(desk: Desk) -> list[Loop]:
    """All that the store has, the latest first."""
    requests = {request.loop: request for request in reversed(desk.requests.done())}
    covers = desk.covers.all()
    loops = []
    for entry in desk.store.entries("done"):
        request = requests.get(entry.key)
        loops.append(Loop(entry, covers.get(request.cover) if request else None, request))
    return loops
