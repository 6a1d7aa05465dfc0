"""Submissions of one job: written down before they are sent, so that whoever comes after a crash finds them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from ...core.errors import CoverLoopError


class AttemptState(str, Enum):
    """`SENT`: nobody has seen its end; `LOST`: its server forgot it or is away; `KILLED`: its server died while it
    ran."""

    SENT = "sent"
    DONE = "done"
    LOST = "lost"
    KILLED = "killed"
    FAILED = "failed"
    __str__ = str.__str__


@dataclass(frozen=True)
class Attempt:
    """One submission. `server`: address of the ComfyUI it was sent to."""

    number: int
    prompt_id: str
    server: str
    state: AttemptState


class TooManyAttempts(CoverLoopError):
    """A job was submitted so often without a result that it is better set aside."""


class Attempts(Protocol):
    """The submissions of one job, wherever they are written down."""

    def begin(self, server: str) -> str:
        """Write down a new submission; returns its prompt id. May raise TooManyAttempts."""
        ...

    def end(self, prompt_id: str, state: AttemptState, error: str = "") -> None: ...

    def open(self) -> Sequence[Attempt]:
        """Those whose end nobody has seen, the newest first."""
        ...


class Unwritten:
    """Submissions that nobody will look for."""

    def begin(self, server: str) -> str:
        return str(uuid.uuid4())

    def end(self, prompt_id: str, state: AttemptState, error: str = "") -> None:
        pass

    def open(self) -> Sequence[Attempt]:
        return ()
