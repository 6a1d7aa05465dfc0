"""A worker of the queue: renders requests on one ComfyUI.

Every submission is written down in the table `coverloop_attempts` before it is sent; when a worker dies, its job is
found by its missing heartbeat and given to another, which first looks whether the ComfyUI still has the prompt.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...core.errors import CoverError, CoverLoopError, JobError, ServerError, UsageError
from ..batch.fleet import Post
from ..batch.row import out_problem
from ..job.deliver import Deliverable
from ..job.manifest import load_workflow
from ..job.meter import Meter, stage_of
from ..job.request import CoverFile, Job, open_cover
from ..job.retry import RetryPolicy, Step
from ..job.run import Fault, Renderer, Stage, attempt
from ..job.workflow import Workflow
from ..server.client import Comfy
from ..server.events import Event
from ..server.follow import Patience
from .database import QUEUE, SharedAttempts, drivers, prepare, tell
from .shared import Shared

log = logging.getLogger(__name__)

POLICY = RetryPolicy(back_off=5.0)
PAUSE = 2.0
TOLD = 0.8
HEARTBEAT, STALLED = 5.0, 20.0


class TryAgain(CoverLoopError):
    """The request goes back to the queue for `wait` seconds."""

    def __init__(self, message: str, wait: float):
        super().__init__(message)
        self.wait = wait


class _Told:
    """Writes down how far a job is, about once a second. That a database does not take it harms nothing."""

    def __init__(self, url: str, job: int, workflow: Workflow):
        self._url, self._job, self._workflow = url, job, workflow
        self._meter, self._stage, self._next = Meter(workflow.id), "", 0.0

    def __call__(self, event: Event | Stage) -> None:
        self._meter.see(event)
        self._stage = stage_of(event, self._workflow)
        if time.monotonic() < self._next:
            return
        try:
            tell(self._url, self._job, self._meter.fraction, self._stage)
            self._next = time.monotonic() + TOLD
        except ServerError as trouble:
            log.debug("%s", trouble)
            self._next = time.monotonic() + 30.0


class Worker:
    """Renders requests of the queue at `url` on one ComfyUI, until it is told to stop (SIGTERM, Ctrl-C: after the job
    in hand). `say` gets a line about each."""

    def __init__(self, url: str, server: str, shared: Shared, say: Callable[[str], None] = lambda line: None):
        self._url, self._shared, self._say = url, shared, say
        self._comfy = Comfy(server)
        self._posts: dict[str, Post] = {}
        self._server = server

    def run(self) -> None:
        """Work until SIGTERM or Ctrl-C; a PostgreSQL that is away for a while is waited for."""
        self._stopping = False
        self._say(f"rendering what is queued on {self._comfy.url}; Ctrl-C finishes the job in hand")
        while not self._stopping:
            try:
                prepare(self._url)
                asyncio.run(self._work())
            except asyncio.CancelledError:
                return
            except Exception as error:  # whatever the database or its driver says: the queue must not lose its worker
                log.debug("worker", exc_info=True)
                log.warning("the queue is away (%s); trying again", " ".join(str(error).split()))
            if not self._stopping:
                time.sleep(2.0)

    async def _work(self) -> None:
        """Ends when it is told to, and also when its connection breaks: Procrastinate then stops without an error."""
        procrastinate, _ = drivers()
        app = self._app(procrastinate)
        async with app.open_async():
            loop = asyncio.get_running_loop()
            work = asyncio.ensure_future(
                app.run_worker_async(
                    queues=[QUEUE],
                    name=f"{socket.gethostname()}-{os.getpid()}",
                    concurrency=1,
                    install_signal_handlers=False,
                    update_heartbeat_interval=HEARTBEAT,
                    stalled_worker_timeout=STALLED,
                )
            )

            def stop(*_: object) -> None:
                self._stopping = True
                loop.call_soon_threadsafe(work.cancel)  # it finishes the job in hand

            for name in (signal.SIGINT, signal.SIGTERM):
                signal.signal(name, stop)
            await work

    def _app(self, procrastinate: Any) -> Any:
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=self._url))

        class Again(procrastinate.BaseRetryStrategy):
            def get_retry_decision(self, *, exception: BaseException, job: Any) -> Any:
                """What is not decided yet, because the queue's own database was away, is tried again too."""
                if isinstance(exception, TryAgain):
                    return procrastinate.RetryDecision(retry_in={"seconds": exception.wait})
                undecided = isinstance(exception, ServerError) and not isinstance(exception, JobError)
                return procrastinate.RetryDecision(retry_in={"seconds": PAUSE}) if undecided else None

        @app.task(name=f"{QUEUE}.render", queue=QUEUE, retry=Again(), pass_context=True)
        def render(context: Any, request: dict[str, Any]) -> None:
            try:
                self.render(request, context)
            except CoverLoopError as error:
                self._say(f"{request['name']}: {error}")
                with contextlib.suppress(ServerError):
                    tell(self._url, context.job.id, error=str(error))
                raise

        @app.periodic(cron="* * * * * */10")
        @app.task(name=f"{QUEUE}.sweep", queue=QUEUE, queueing_lock=f"{QUEUE}.sweep", priority=100)
        async def sweep(timestamp: int) -> None:
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
                log.warning("job %s: its worker is gone; it goes to another", job.id)
                await app.job_manager.retry_job(job)

        return app

    def render(self, request: Mapping[str, Any], context: Any = None) -> None:
        """Render one request, unless its deliverable is there; raises what the queue decides about. context: of the
        queue's job, which hears how far it is and may say that it is to end."""
        workflow = load_workflow(request["workflow"])
        if workflow.sha256 != request["workflow_sha256"]:
            raise UsageError(
                f"{workflow.id}: this machine has another file of that version; install the same coverloop"
            )
        if problem := out_problem(request["out"], "the request"):
            raise UsageError(problem)
        values = workflow.read_values(request["values"])
        job = Job(request["sha256"], workflow.id, workflow.sha256, tuple(sorted(values.items())))
        if self._shared.finished(request["out"], job):
            return
        post = self._posts.setdefault(workflow.id, Post(self._server, workflow))
        if not post.ready(self._comfy) or post.facts is None:
            time.sleep(PAUSE)  # let a worker whose ComfyUI is up take it
            raise TryAgain(post.error, PAUSE)
        job = replace(job, versions=tuple(sorted(post.versions.items())))
        with tempfile.TemporaryDirectory(prefix="coverloop-") as scratch:
            cover = self._fetch(request, Path(scratch))
            renderer = Renderer(self._comfy, workflow, post.facts, left=self._left)
            watched = {}
            if context is not None:
                watched["on_event"] = _Told(self._url, context.job.id, workflow)
                watched["patience"] = Patience(stopped=context.should_abort)
            made = self._attempt(renderer, job, cover, request["out"], post, **watched)
        verdict = "passed" if made.passed else "does not pass: " + "; ".join(made.problems)
        self._say(f"{request['name']}: {verdict} ({made.record['timings']['total']:.1f} s)")

    def _fetch(self, request: Mapping[str, Any], scratch: Path) -> CoverFile:
        path = scratch / Path(request["name"]).name
        self._shared.get_cover(request["cover"], path)
        cover = open_cover(path)
        if cover.sha256 != request["sha256"]:
            raise CoverError(f"{request['cover']}: is not the cover that was queued; queue it again")
        return cover

    def _attempt(
        self, renderer: Renderer, job: Job, cover: CoverFile, out: str, post: Post, **watched: Any
    ) -> Deliverable:
        attempts = SharedAttempts(self._url, job)

        def keep(made: Deliverable) -> Deliverable:
            self._shared.publish(made, out)
            return made

        stem = cover.path.parent / "made" / "loop"
        made = attempt(renderer, job, cover, stem, attempts, keep, **watched)
        if not isinstance(made, Fault):
            return made
        if made.server == post.url:
            post.suffered(made)
        decision = POLICY.decide(made, attempts.tally())
        if decision.step is Step.AGAIN:
            raise TryAgain(decision.reason, max(PAUSE, decision.wait))
        attempts.close()
        raise JobError(decision.reason)

    def _left(self, url: str, prompt_id: str) -> None:
        for post in self._posts.values():
            if post.url == url:
                post.leave(prompt_id)
