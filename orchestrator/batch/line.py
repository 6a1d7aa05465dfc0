"""A thread of a batch: takes one cover after the other through one server, and decides what to do when that goes wrong.

What goes wrong with a server sends its covers to the others; what goes wrong with a cover stays with it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...core.errors import CoverError, CoverLoopError
from ..job.request import Job, open_cover
from ..job.retry import RetryPolicy, Step
from ..job.run import Fault, Renderer, Stage, attempt
from ..job.workflow import Workflow
from ..server.client import Comfy
from ..server.events import Event
from ..server.follow import Patience
from ..store.entry import Claim, Entry, JobState
from ..store.restore import read_sidecar, restore
from ..store.store import Store
from .fleet import Post, wait_until_ready
from .row import Row
from .tasks import Outcome, OutcomeState, Task, Tasks

log = logging.getLogger(__name__)

BUSY_WAIT = 1.0


@dataclass(frozen=True)
class Work:
    """What all threads of a batch share, beside its tasks. `on_event`: hears server, row and event."""

    workflow: Workflow
    store: Store
    posts: Sequence[Post]
    policy: RetryPolicy
    force: bool
    resume: bool
    on_event: Callable[[str, Row, Event | Stage], None]

    def post_of(self, url: str) -> Post | None:
        return next((post for post in self.posts if post.url == url), None)


class Line:
    """A thread that works for one server, one cover at a time."""

    def __init__(self, work: Work, tasks: Tasks, post: Post):
        self._work, self._tasks, self._post, self._store = work, tasks, post, work.store
        self._comfy = Comfy(post.given)

    def run(self) -> None:
        with self._comfy:
            while wait_until_ready(self._post, self._comfy, self._tasks.over):
                task = self._tasks.take()
                if task is None:
                    return
                try:
                    self._do(task)
                except Exception as error:  # whatever it is, it must not take the other covers along
                    known = isinstance(error, CoverLoopError)
                    if not known:
                        log.exception("%s", task.row.cover)
                    message = str(error) if known else f"unexpected {type(error).__name__}: {error}; please report it"
                    self._tasks.finish(Outcome(task.row, OutcomeState.FAILED, message, stem=task.stem))

    def _do(self, task: Task) -> None:
        began = time.monotonic()
        job = self._job(task)
        entry = None if self._work.force else self._store.finished(job.key)
        if entry is not None:
            return self._deliver(task, entry, began, reused=True)
        if task.fresh and not self._work.resume:
            self._store.retry(job.key)
        task.fresh = False
        claim = self._store.claim(job, task.row.cover.name, self._work.force)
        if claim is Claim.OURS:
            return self._render(task, job, began)
        if claim in (Claim.POISON, Claim.CANCELLED):
            entry = self._store.find(job.key)
            state = OutcomeState(claim.value)
            return self._end(task, job, state, entry.error if entry else state.value)
        # Another process renders it, or has just done so: then it is found next time.
        self._tasks.put_back(task, BUSY_WAIT if claim is Claim.BUSY else 0.0)

    def _job(self, task: Task) -> Job:
        path, workflow = task.row.cover, self._work.workflow
        try:
            digest = self._store.cover_hash(path)
        except OSError as error:
            open_cover(path)  # says it better
            raise CoverError(f"{path}: cannot be read ({error.strerror})") from error
        versions = tuple(sorted(self._post.versions.items()))
        return Job(digest, workflow.id, workflow.sha256, tuple(sorted(task.values.items())), versions)

    def _render(self, task: Task, job: Job, began: float) -> None:
        try:
            made = self._attempt(task, job)
        except Exception as error:
            self._store.fail(job.key, str(error))
            raise
        if isinstance(made, Fault):
            self._went_wrong(task, job, made)
        else:
            self._deliver(task, made, began, reused=False)

    def _attempt(self, task: Task, job: Job) -> Entry | Fault:
        cover = open_cover(task.row.cover)
        if cover.sha256 != job.cover_sha256:
            raise CoverError(f"{task.row.cover}: changed while it was read; run the batch again")
        assert self._post.facts is not None
        with self._store.staging() as scratch:
            return attempt(
                Renderer(self._comfy, self._work.workflow, self._post.facts, self._reach, self._left),
                job,
                cover,
                scratch / "loop",
                self._store.attempts_of(job),
                self._store.keep(job),
                on_event=lambda event: self._work.on_event(self._post.url, task.row, event),
                patience=Patience(refused=3.0, stopped=lambda: self._stopped(task, job)),
                number=task.tally.tries + 1,
            )

    def _stopped(self, task: Task, job: Job) -> bool:
        return self._tasks.stops(task) or self._store.cancelled(job.key)

    def _reach(self, url: str) -> Comfy:
        post = self._work.post_of(url)
        return Comfy(post.given if post else url)

    def _left(self, url: str, prompt_id: str) -> None:
        if post := self._work.post_of(url):
            post.leave(prompt_id)

    def _deliver(self, task: Task, entry: Entry, began: float, reused: bool) -> None:
        record = restore(entry, task.stem, task.row.cover.name).record if task.stem else read_sidecar(entry)
        done = Outcome(
            row=task.row,
            state=OutcomeState.DONE,
            entry=entry,
            stem=task.stem,
            server=self._post.url,
            seconds=time.monotonic() - began,
            reused=reused,
            problems=tuple(record.get("judgement", {}).get("problems", ())),
            attempts=len(self._store.attempts(entry.key)),
        )
        self._tasks.finish(done)

    def _went_wrong(self, task: Task, job: Job, fault: Fault) -> None:
        if post := self._work.post_of(fault.server):
            post.suffered(fault)
        task.tally.count(fault)
        if fault.killed:
            task.tally.kills = self._store.count_kill(job.key)
        decision = self._work.policy.decide(fault, task.tally)
        poison = decision.step is Step.SET_ASIDE
        self._store.fail(job.key, decision.reason, JobState.POISON if poison else JobState.FAILED)
        if decision.step is Step.AGAIN:
            log.info("%s goes back to the queue: %s", task.row.cover, decision.reason)
            return self._tasks.put_back(task, decision.wait)
        state = OutcomeState.POISON if poison else OutcomeState.FAILED
        if decision.step is Step.STOP and self._store.cancelled(job.key):
            state = OutcomeState.CANCELLED
        elif decision.step is Step.STOP and self._tasks.stops(task):
            state = OutcomeState.STOPPED
        self._end(task, job, state, decision.reason)

    def _end(self, task: Task, job: Job, state: OutcomeState, error: str) -> None:
        outcome = Outcome(
            row=task.row,
            state=state,
            error=error,
            entry=self._store.find(job.key),
            stem=task.stem,
            server=self._post.url,
            attempts=len(self._store.attempts(job.key)),
        )
        self._tasks.finish(outcome)
