"""What becomes of a job whose attempt failed: tried again, set aside, or given up. The one place that decides it."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeVar

from ...core.errors import CoverLoopError, JobError
from ..server.events import Event
from ..server.follow import Patience
from .attempts import Attempts, Unwritten
from .deliver import Deliverable
from .request import CoverFile, Job
from .run import Fault, FaultKind, Renderer, Stage, attempt

log = logging.getLogger(__name__)

T = TypeVar("T")


class Step(Enum):
    AGAIN = "again"
    SET_ASIDE = "set aside"
    STOP = "stop"
    GIVE_UP = "give up"


@dataclass
class Tally:
    """What went wrong with a job so far, the fault in hand included."""

    failures: int = 0
    kills: int = 0
    losses: int = 0
    away: int = 0

    @property
    def tries(self) -> int:
        return self.failures + self.losses + self.away

    def count(self, fault: Fault) -> None:
        self.failures += fault.kind in (FaultKind.FAILED, FaultKind.GONE)
        self.kills += fault.kind is FaultKind.KILLED
        self.losses += fault.kind in (FaultKind.LOST, FaultKind.KILLED)
        self.away += fault.kind is FaultKind.AWAY


@dataclass(frozen=True)
class Decision:
    """`wait`: seconds until it is tried again; `reason`: one line for whoever reads how it ended."""

    step: Step
    reason: str
    wait: float = 0.0


@dataclass(frozen=True)
class RetryPolicy:
    """failures: how often a server may answer that it failed. kills: how often a server may die while the job runs.
    losses, away: how often a job may be lost with its server, or the server give no answer; seldom the job's fault.
    back_off: seconds before the second try, four times as long before each further one."""

    failures: int = 3
    kills: int = 2
    losses: float = math.inf
    away: float = math.inf
    back_off: float = 1.0

    def decide(self, fault: Fault, tally: Tally) -> Decision:
        reason = str(fault)
        if fault.kind is FaultKind.STOPPED:
            return Decision(Step.STOP, reason)
        if fault.kind is FaultKind.OURS:
            return Decision(Step.GIVE_UP, reason)
        if tally.kills >= self.kills:
            died = f"the server died {self.kills} times while it rendered this; set aside (coverloop jobs retry)"
            return Decision(Step.SET_ASIDE, died)
        if fault.kind in (FaultKind.AWAY, FaultKind.LOST, FaultKind.KILLED):
            again = tally.losses < self.losses and tally.away < self.away
            return Decision(Step.AGAIN if again else Step.GIVE_UP, reason)
        if tally.failures >= self.failures:
            return Decision(Step.GIVE_UP, f"{reason} (tried {self.failures} times)")
        return Decision(Step.AGAIN, reason, self.back_off * 4 ** (tally.failures - 1))


ANY_SERVER = RetryPolicy()
"""For whoever has several servers, or all the time to wait for one."""
ONE_SERVER = RetryPolicy(losses=3, away=1)
"""For whoever has one server and waits for it."""


class SetAside(JobError):
    """The job is better not tried again: servers died of it."""


def render_cover(
    renderer: Renderer,
    job: Job,
    cover: CoverFile | None,
    stem: Path,
    *,
    attempts: Attempts | None = None,
    keep: Callable[[Deliverable], T] = lambda made: made,
    policy: RetryPolicy = ONE_SERVER,
    on_event: Callable[[Event | Stage], None] = lambda event: None,
    patience: Patience | None = None,
) -> T:
    """Attempts at `job`, one after the other on one server, until one succeeds or the policy says that it is enough.
    The arguments are those of `attempt`; without `attempts` nothing is written down, without `keep` the files stay.

    Raises:
        CoverLoopError: what the last attempt died of. SetAside: servers died of the job.
    """
    tally = Tally()
    while True:
        made = attempt(
            renderer,
            job,
            cover,
            stem,
            attempts or Unwritten(),
            keep,
            on_event=on_event,
            patience=patience,
            number=tally.tries + 1,
        )
        if not isinstance(made, Fault):
            return made
        tally.count(made)
        decision = policy.decide(made, tally)
        if decision.step is not Step.AGAIN:
            raise _error(made, decision)
        log.warning("%s; trying again", decision.reason)
        time.sleep(decision.wait)


def _error(fault: Fault, decision: Decision) -> CoverLoopError:
    if decision.step is Step.SET_ASIDE:
        return SetAside(decision.reason)
    if isinstance(fault.error, CoverLoopError) and decision.reason == str(fault):
        return fault.error
    error = JobError(decision.reason)
    error.__cause__ = fault.error
    return error
