"""Many covers on some servers: who does what, what is tried again, what is set aside. Prints nothing.

Two threads per server, each with one prompt there, so that a server always has the next one at hand; a faster server
comes for more. What a thread does with one cover is in `_Line._do`: found in the store, adopted from a server that
still has it, or rendered. What goes wrong with a server sends its covers to the others; what goes wrong with a cover
stays with it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import CoverError, CoverLoopError, JobError, ServerError, UsageError
from .answers import JobLost, JobStopped, OutputGone, ServerAway
from .comfy import Comfy
from .deliver import restore
from .files import sweep_parts
from .fleet import Post, wait_until_ready
from .follow import Event, Patience, Running
from .job import CoverFile, Job, open_cover
from .run import Stage, render_cover
from .sources import Row
from .store import Entry, Store
from .workflow import Workflow

log = logging.getLogger(__name__)

LINES_PER_SERVER = 2
TRIES = 3
KILLS = 2
BACK_OFF = 1.0
GIVE_UP = 300.0


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


class Batch:
    """Render `rows` with `workflow` on `servers`, keeping everything in `store`.

    given: parameters for all rows; a row's own come on top. force: render what is finished, too. resume: covers that an
    earlier run set aside stay aside; otherwise they get another chance.
    on_outcome: called once per row; on_event: with server, name of the cover and event; both from any thread.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        out: Path,
        workflow: Workflow,
        servers: Sequence[str],
        store: Store,
        given: Mapping[str, Any],
        *,
        force: bool = False,
        resume: bool = False,
        on_outcome: Callable[[Outcome], None] = lambda outcome: None,
        on_event: Callable[[str, str, Event | Stage], None] = lambda server, cover, event: None,
    ):
        self.workflow, self.store, self.force, self.resume = workflow, store, force, resume
        self.posts = [Post(url, workflow) for url in servers]
        self._on_outcome, self.on_event = on_outcome, on_event
        self._condition = threading.Condition()
        self._waiting: deque[Task] = deque()
        self._open = 0
        self._all_down_since: float | None = None
        self.stopping = self.aborting = False
        self.outcomes: list[Outcome] = []
        for folder in {(out / row.out.replace("\\", "/")).parent for row in rows if not row.error}:
            sweep_parts(folder)
        for row in rows:
            self._enter(row, out / row.out.replace("\\", "/"), {**given, **_words(row, workflow), **row.values})

    def _enter(self, row: Row, stem: Path, given: Mapping[str, Any]) -> None:
        error = row.error
        values: Mapping[str, Any] = {}
        if not error:
            try:
                values = self.workflow.read_values(given)
            except UsageError as problem:
                error = str(problem)
        self._open += 1
        task = Task(row, stem, values)
        self._finish(task, Outcome(row, "failed", error, stem=stem)) if error else self._waiting.append(task)

    def run(self) -> list[Outcome]:
        """Work until every row has its outcome, or the batch is stopped; returns the outcomes, in the rows' order."""
        threads = [
            threading.Thread(target=_Line(self, post).work, name=f"{post.url} {number}", daemon=True)
            for number in range(LINES_PER_SERVER)
            for post in self.posts
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            try:
                time.sleep(0.1)
                self._give_up_without_servers()
            except KeyboardInterrupt:
                self.interrupt()
        with self._condition:
            while self._waiting:
                task = self._waiting.popleft()
                self._finish(task, Outcome(task.row, "stopped", "stopped before its turn", stem=task.stem))
        return sorted(self.outcomes, key=lambda outcome: outcome.row.number)

    def interrupt(self) -> None:
        """First time: nothing new is begun. Second time: what runs is interrupted."""
        self.aborting = self.stopping
        self.stopping = True
        log.warning("interrupting what runs" if self.aborting else "finishing what runs; Ctrl-C again interrupts it")

    def _give_up_without_servers(self) -> None:
        if any(post.up for post in self.posts):
            self._all_down_since = None
        elif self._all_down_since is None:
            self._all_down_since = time.monotonic()
        elif time.monotonic() - self._all_down_since > GIVE_UP:
            reason = "; ".join(sorted({post.error for post in self.posts}))
            with self._condition:
                while self._waiting:
                    task = self._waiting.popleft()
                    self._finish(task, Outcome(task.row, "failed", f"no server: {reason}", stem=task.stem))

    # for the lines

    def over(self) -> bool:
        return self.stopping or self._open == 0

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

    def finish(self, task: Task, outcome: Outcome) -> None:
        with self._condition:
            self._finish(task, outcome)
            self._condition.notify_all()

    def _finish(self, task: Task, outcome: Outcome) -> None:
        self._open -= 1
        self.outcomes.append(outcome)
        self._on_outcome(outcome)


def _words(row: Row, workflow: Workflow) -> dict[str, str]:
    """Title and artist, for a workflow that binds them."""
    words = {"title": row.title, "artist": row.artist}
    return {name: word for name, word in words.items() if word and name in workflow.bindings}


class _Line:
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
        except (
            CoverLoopError
        ) as error:  # the copy cannot be written, or the store is damaged
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
