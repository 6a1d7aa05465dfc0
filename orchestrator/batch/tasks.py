"""A row of a batch on its way, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..store.entry import Entry
from .sources import Row


@dataclass
class Task:
    """A row on its way. `tries`: failures of its own; `after`: not before this moment of the monotonic clock; `fresh`:
    no thread had it in hand yet."""

    row: Row
    stem: Path
    values: Mapping[str, Any]
    tries: int = 0
    after: float = 0.0
    fresh: bool = True


@dataclass(frozen=True)
class Outcome:
    """What became of a row. `state`: done, failed, poison, cancelled or stopped; `reused`: found finished in the
    store."""

    row: Row
    state: str
    error: str = ""
    entry: Entry | None = None
    stem: Path | None = None
    server: str = ""
    seconds: float = 0.0
    reused: bool = False
    problems: tuple[str, ...] = ()
    attempts: int = 0

    @property
    def good(self) -> bool:
        return self.state == "done" and self.entry is not None and self.entry.passed
