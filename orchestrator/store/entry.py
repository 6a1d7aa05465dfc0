"""Jobs and attempts as the store knows them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

State = Literal["running", "done", "failed", "poison", "cancelled"]


@dataclass(frozen=True)
class Attempt:
    """One submission. `state`: "sent", "done", "lost" or "failed"."""

    number: int
    prompt_id: str
    server: str
    state: str


@dataclass(frozen=True)
class Entry:
    """A job as the store knows it. `video`, `poster`, `sidecar` are paths in the store of a job that is done."""

    key: str
    cover: str
    workflow: str
    state: State
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
        return {**row, "video": str(self.video) if self.video else None, "passed": self.passed}
