"""The rows of a batch on their way, and what became of them: one queue for all threads."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from ..job.retry import Tally
from ..store.entry import Entry
from .row import Row

log = logging.getLogger(__name__)


@dataclass
class Task:
    """A row on its way. `stem`: where its files go, None when they stay in the store; `tally`: what went wrong with it
    so far; `after`: not before this moment of the monotonic clock; `fresh`: no thread had it in hand yet."""

    row: Row
    stem: Path | None
    values: Mapping[str, Any]
    tally: Tally = field(default_factory=Tally)
    after: float = 0.0
    fresh: bool = True


class OutcomeState(str, Enum):
    """`POISON`, `CANCELLED`: set aside; `STOPPED`: the batch was stopped before its turn or while it ran."""

    DONE = "done"
    FAILED = "failed"
    POISON = "poison"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    __str__ = str.__str__


@dataclass(frozen=True)
class Outcome:
    """What became of a row. `reused`: found finished in the store."""

    row: Row
    state: OutcomeState
    error: str = ""
    entry: Entry | None = None
    stem: Path | None = None
    server: str = ""
    seconds: float = 0.0
    reused: bool = False
    problems: tuple[str, ...] = ()
    attempts: int = 0
    places: tuple[str, ...] = ()
    """Names of the files that were written for the presets of the row."""

    @property
    def good(self) -> bool:
        return self.state is OutcomeState.DONE and self.entry is not None and self.entry.passed


class Tasks:
    """Rows that wait, are in hand, and are finished. `stopping`: nothing new is begun; `aborting`: what runs is
    interrupted too. on_outcome: called once per row, from any thread."""

    def __init__(self, on_outcome: Callable[[Outcome], None] = lambda outcome: None):
        self._on_outcome = on_outcome
        self._condition = threading.Condition()
        self._waiting: deque[Task] = deque()
        self._open = 0
        self.stopping = self.aborting = False
        self.outcomes: list[Outcome] = []

    def add(self, task: Task) -> None:
        with self._condition:
            self._open += 1
            self._waiting.append(task)

    def refuse(self, row: Row, stem: Path, error: str) -> None:
        """A row that cannot even be tried."""
        with self._condition:
            self._open += 1
            self._finish(Outcome(row, OutcomeState.FAILED, error, stem=stem))

    def over(self) -> bool:
        return self.stopping or self._open == 0

    def stops(self, task: Task) -> bool:
        """Whether a task in hand is to be interrupted."""
        return self.aborting

    def take(self) -> Task | None:
        """The next task; None when all are finished or the batch is stopping. Waits for those that may come back."""
        with self._condition:
            while not self.over():
                now = time.monotonic()
                for _ in range(len(self._waiting)):
                    task = self._waiting.popleft()
                    if task.after <= now:
                        return task
                    self._waiting.append(task)
                self._condition.wait(0.2)
            return None

    def put_back(self, task: Task, wait: float = 0.0) -> None:
        with self._condition:
            task.after = time.monotonic() + wait
            self._waiting.appendleft(task)
            self._condition.notify()

    def finish(self, outcome: Outcome) -> None:
        with self._condition:
            self._finish(outcome)
            self._condition.notify_all()

    def finish_waiting(self, state: OutcomeState, error: str) -> None:
        """End all that nobody has in hand."""
        with self._condition:
            while self._waiting:
                task = self._waiting.popleft()
                self._finish(Outcome(task.row, state, error, stem=task.stem))

    def interrupt(self) -> None:
        """First time: nothing new is begun. Second time: what runs is interrupted."""
        self.aborting = self.stopping
        self.stopping = True
        log.warning("interrupting what runs" if self.aborting else "finishing what runs; Ctrl-C again interrupts it")

    def _finish(self, outcome: Outcome) -> None:
        self._open -= 1
        self.outcomes.append(outcome)
        self._on_outcome(outcome)
