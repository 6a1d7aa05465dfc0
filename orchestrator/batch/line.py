"""A thread of a batch: takes one cover after the other through one server, and decides what to do when that goes wrong.

What goes wrong with a server sends its covers to the others; what goes wrong with a cover stays with it.
"""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING

from ...core.errors import CoverError, CoverLoopError, JobError, ServerError
from ..job.deliver import restore
from ..job.request import CoverFile, Job, open_cover
from ..job.run import Stage, render_cover
from ..server.client import Comfy
from ..server.events import Event, Running
from ..server.follow import Patience
from ..server.wire import JobLost, JobStopped, OutputGone, ServerAway
from ..store.entry import Entry
from .fleet import Post, wait_until_ready
from .tasks import Outcome, Task

if TYPE_CHECKING:
    from pathlib import Path

    from .crew import Batch

log = logging.getLogger(__name__)

TRIES = 3
KILLS = 2
BACK_OFF = 1.0


class Line:
    """A thread that works for one server, one cover at a time."""

    def __init__(self, batch: Batch, post: Post):
        self._batch, self._post, self._store = batch, post, batch.store
        self._comfy = Comfy(post.given)
        self._ran = False  # whether the job in hand was seen running, and not only waiting, on the server
        self._prompt_id = ""

    def work(self) -> None:
        with self._comfy:
            while wait_until_ready(self._post, self._comfy, self._batch.over):
                task = self._batch.take()
                if task is None:
                    return
                try:
                    self._do(task)
                except Exception as error:  # whatever it is, it must not take the other covers along
                    log.exception("%s", task.row.cover)
                    message = f"unexpected {type(error).__name__}: {error}; please report it"
                    self._batch.finish(task, Outcome(task.row, "failed", message, stem=task.stem))

    def _do(self, task: Task) -> None:
        row, began = task.row, time.monotonic()
        try:
            job = self._job(task)
        except CoverLoopError as error:
            return self._batch.finish(task, Outcome(row, "failed", str(error), stem=task.stem))
        entry = None if self._batch.force else self._store.finished(job.key)
        if entry is not None:
            return self._reuse(task, job, entry, began)
        if task.fresh and not self._batch.resume:
            self._store.retry(job.key)
        task.fresh = False
        claim = self._store.claim(job, row.cover.name, self._batch.force)
        if claim == "busy":
            return self._batch.put_back(task, 1.0)
        if claim in ("poison", "cancelled"):
            entry = self._store.find(job.key)
            error = entry.error if entry else claim
            tried = len(self._store.attempts(job.key))
            return self._batch.finish(task, Outcome(row, claim, error, entry, task.stem, attempts=tried))
        try:
            if claim == "done":  # by another process, in this instant
                entry = self._store.finished(job.key)
                assert entry is not None
                return self._reuse(task, job, entry, began)
            self._deliver(task, job, self._render(task, job), began, reused=False)
        except Exception as error:
            self._went_wrong(task, job, error)

    def _reuse(self, task: Task, job: Job, entry: Entry, began: float) -> None:
        try:
            self._deliver(task, job, entry, began, reused=True)
        except CoverLoopError as error:  # the copy cannot be written, or the store is damaged
            self._batch.finish(task, Outcome(task.row, "failed", str(error), entry, task.stem))

    def _deliver(self, task: Task, job: Job, entry: Entry, began: float, reused: bool) -> None:
        record = restore(entry, task.stem, task.row.cover.name)
        done = Outcome(
            row=task.row,
            state="done",
            entry=entry,
            stem=task.stem,
            server=self._post.url,
            seconds=time.monotonic() - began,
            reused=reused,
            problems=tuple(record.get("judgement", {}).get("problems", ())),
            attempts=len(self._store.attempts(job.key)),
        )
        self._batch.finish(task, done)

    def _job(self, task: Task) -> Job:
        path = task.row.cover
        try:
            digest = self._store.cover_hash(path)
        except OSError as error:
            open_cover(path)  # says it better
            raise CoverError(f"{path}: cannot be read ({error.strerror})") from error
        values = tuple(sorted(task.values.items()))
        versions = tuple(sorted(self._post.versions.items()))
        return Job(digest, self._batch.workflow.id, self._batch.workflow.sha256, values, versions)

    def _render(self, task: Task, job: Job) -> Entry:
        cover = open_cover(task.row.cover)
        if cover.sha256 != job.cover_sha256:
            raise CoverError(f"{task.row.cover}: changed while it was read; run the batch again")
        self._ran, self._prompt_id = False, ""
        with contextlib.ExitStack() as stack:
            comfy, adopt = self._still_there(job, stack)
            scratch = stack.enter_context(self._store.staging())
            return self._render_on(comfy, adopt, task, job, cover, scratch / "loop")

    def _render_on(self, comfy: Comfy, adopt: str | None, task: Task, job: Job, cover: CoverFile, stem: Path) -> Entry:
        assert self._post.facts is not None
        made = render_cover(
            comfy,
            self._batch.workflow,
            job,
            cover,
            stem,
            self._post.facts,
            on_event=lambda event: self._see(task, event),
            begin=lambda: self._begin(job, comfy.url),
            adopt=adopt,
            attempts=1,
            patience=Patience(60.0, 3.0, lambda: self._batch.aborting or self._store.cancelled(job.key)),
        )
        seconds = made.record["timings"]["total"]
        entry = self._store.record(job.key, made.video, made.poster, made.sidecar, made.passed, seconds)
        self._store.end(made.record["prompt_id"], "done")
        return entry

    def _begin(self, job: Job, url: str) -> str:
        self._prompt_id = self._store.begin(job, url)
        return self._prompt_id

    def _see(self, task: Task, event: Event | Stage) -> None:
        self._ran = self._ran or isinstance(event, Running)
        self._batch.on_event(self._post.url, task.row.cover.name, event)

    def _still_there(self, job: Job, stack: contextlib.ExitStack) -> tuple[Comfy, str | None]:
        """A submission from before a crash that its server still has, with a client of that server; else ours and
        None."""
        for attempt in self._store.open_attempts(job.key):
            post = next((post for post in self._batch.posts if post.url == attempt.server), None)
            mine = post is self._post
            try:
                comfy = self._comfy if mine else stack.enter_context(Comfy(post.given if post else attempt.server))
                if comfy.knows(attempt.prompt_id):
                    self._prompt_id = attempt.prompt_id
                    return comfy, attempt.prompt_id
            except ServerError as error:
                log.info("%s: not asked for %s (%s)", attempt.server, attempt.prompt_id, error)
                if post is not None and not getattr(error, "refused", False):
                    post.leave(attempt.prompt_id)
            self._store.end(attempt.prompt_id, "lost")
        return self._comfy, None

    def _went_wrong(self, task: Task, job: Job, error: Exception) -> None:
        refused = isinstance(error, ServerAway) and error.refused
        if isinstance(error, (ServerAway, JobLost)):
            killed = self._ran and (refused or isinstance(error, JobLost))
            self._end_attempt("lost", error)
            if isinstance(error, ServerAway):
                self._post.down(str(error))
                if not refused and self._prompt_id:
                    self._post.leave(self._prompt_id)
            if killed and self._store.count_kill(job.key) >= KILLS:
                what = f"the server died {KILLS} times while it rendered this; set aside (coverloop jobs retry)"
                return self._give_up(task, job, what, "poison")
            return self._again(task, job, error, 0.0)
        if isinstance(error, JobStopped):
            cancelled = self._store.cancelled(job.key)
            self._end_attempt("failed", error)
            state = "cancelled" if cancelled else "stopped" if self._batch.aborting else "failed"
            return self._give_up(task, job, str(error), state)
        if isinstance(error, ServerError):
            return self._failed_there(task, job, error)
        if not isinstance(error, CoverLoopError):
            log.error("%s", task.row.cover, exc_info=error)
            error = JobError(f"unexpected {type(error).__name__}: {error}; please report it")
        self._end_attempt("failed", error)
        self._give_up(task, job, str(error), "failed")

    def _failed_there(self, task: Task, job: Job, error: ServerError) -> None:
        """The server answered with a failure: tried again after a while, here or elsewhere, a few times."""
        self._end_attempt("failed", error)
        if isinstance(error, OutputGone):
            with contextlib.suppress(ServerError):
                self._comfy.free()
        elif not isinstance(error, JobError):
            self._post.down(str(error))  # it may be no ComfyUI any more; it is asked again before it gets more
        task.tries += 1
        if task.tries >= TRIES:
            return self._give_up(task, job, f"{error} (tried {TRIES} times)", "failed")
        self._again(task, job, error, BACK_OFF * 4 ** (task.tries - 1))

    def _end_attempt(self, state: str, error: Exception) -> None:
        if self._prompt_id:
            self._store.end(self._prompt_id, "lost" if state == "lost" else "failed", str(error))

    def _again(self, task: Task, job: Job, error: Exception, wait: float) -> None:
        log.info("%s goes back to the queue: %s", task.row.cover, error)
        self._store.fail(job.key, str(error))
        self._batch.put_back(task, wait)

    def _give_up(self, task: Task, job: Job, error: str, state: str) -> None:
        kept = "poison" if state == "poison" else "failed"
        self._store.fail(job.key, error, kept)
        outcome = Outcome(
            row=task.row,
            state=state,
            error=error,
            entry=self._store.find(job.key),
            stem=task.stem,
            server=self._post.url,
            attempts=len(self._store.attempts(job.key)),
        )
        self._batch.finish(task, outcome)
