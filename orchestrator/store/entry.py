"""Jobs as the store knows them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any


class JobState(str, Enum):
    """`POISON`: servers died of it, set aside."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    POISON = "poison"
    CANCELLED = "cancelled"
    __str__ = str.__str__


class Claim(Enum):
    """What became of the wish to render a job: it is OURS to render; or it is DONE, another living process renders it
    (BUSY), or it was set aside earlier."""

    OURS = "ours"
    DONE = "done"
    BUSY = "busy"
    POISON = "poison"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Entry:
    """A job as the store knows it. `video`, `poster`, `sidecar` are paths in the store of a job that is done."""

    key: str
    cover: str
    workflow: str
    state: JobState
    error: str
    kills: int
    changed: float
    video: Path | None
    poster: Path | None
    sidecar: Path | None
    passed: bool
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in ("key", "cover", "workflow", "state", "error", "kills", "seconds")}
        return {
            **row,
            "state": self.state.value,
            "video": str(self.video) if self.video else None,
            "passed": self.passed,
        }
