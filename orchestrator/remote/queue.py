"""Many machines: one worker per ComfyUI pulls requests from a queue on PostgreSQL (Procrastinate).

A request names a cover in the shared folder (see `shared.py`), a workflow and its values. Every submission is written
down in the table `coverloop_attempts` before it is sent; when a worker dies, its job is found by its missing heartbeat
and given to another, which first looks whether the ComfyUI still has the prompt. A finished request is never rendered
again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...core.errors import CoverError, CoverLoopError, JobError, ServerError, UsageError
from ..batch.fleet import Post
from ..batch.sources import Row, out_problem
from ..job.request import Job, open_cover
from ..job.run import render_cover
from ..job.workflow import Workflow, load_workflow
from ..server.client import Comfy
from ..server.wire import JobLost, ServerAway
from .shared import Shared

log = logging.getLogger(__name__)

QUEUE = "coverloop"
TRIES = 3
SUBMISSIONS = 10
HEARTBEAT, STALLED = 5.0, 20.0

_ATTEMPTS = """
CREATE TABLE IF NOT EXISTS coverloop_attempts (
    request text NOT NULL, number integer NOT NULL, prompt_id text PRIMARY KEY, server text NOT NULL,
    state text NOT NULL DEFAULT 'sent', began timestamptz NOT NULL DEFAULT now(), UNIQUE (request, number)
)
"""


def _drivers() -> tuple[Any, Any]:
    try:
        import procrastinate
        import psycopg
    except ImportError as error:
        how = "pip install 'procrastinate>=3,<4' 'psycopg[binary]' fsspec"
        raise UsageError(f"the queue needs more packages ({error}); run: {how}") from error
    return procrastinate, psycopg


@contextlib.contextmanager
def _database(url: str) -> Iterator[Any]:
    """One connection. Raises ServerError when PostgreSQL cannot be reached; the address, a password in it, is not
    shown."""
    _, psycopg = _drivers()
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            yield connection
    except psycopg.Error as error:
        raise ServerError(f"the queue's PostgreSQL: {' '.join(str(error).split())}; check --queue") from error


def prepare(url: str) -> None:
    """Make the tables unless they are there; several machines may do so at once."""
    procrastinate, _ = _drivers()
    with _database(url) as database:
        database.execute("SELECT pg_advisory_lock(hashtext('coverloop'))")
        if database.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()[0] is None:
            database.execute(procrastinate.schema.SchemaManager.get_schema())
        database.execute(_ATTEMPTS)
        database.execute("SELECT pg_advisory_unlock(hashtext('coverloop'))")


class Attempts:
    """Submissions of one request, written down where all machines see them."""

    def __init__(self, url: str, job: Job):
        self._url, self._job = url, replace(job, versions=())

    def begin(self, server: str) -> str:
        with _database(self._url) as database:
            for _ in range(100):
                query = "SELECT COALESCE(MAX(number), 0) + 1 FROM coverloop_attempts WHERE request = %s"
                number = database.execute(query, (self._job.key,)).fetchone()[0]
                if number > SUBMISSIONS:
                    raise JobError(f"submitted {SUBMISSIONS} times without a result; set aside")
                row = (self._job.key, number, self._job.prompt_id(number), server)
                insert = "INSERT INTO coverloop_attempts (request, number, prompt_id, server) VALUES (%s, %s, %s, %s)"
                if database.execute(insert + " ON CONFLICT DO NOTHING", row).rowcount:
                    return row[2]
        raise JobError("no number could be had for a submission; is the queue's database overloaded?")

    def end(self, prompt_id: str, state: str) -> None:
        with _database(self._url) as database:
            database.execute("UPDATE coverloop_attempts SET state = %s WHERE prompt_id = %s", (state, prompt_id))

    def still_there(self, mine: Comfy) -> tuple[str, str] | None:
        """Prompt id and server of a submission that its server still has; others are marked lost."""
        with _database(self._url) as database:
            query = "SELECT prompt_id, server FROM coverloop_attempts WHERE request = %s AND state = 'sent'"
            rows = database.execute(query + " ORDER BY number DESC", (self._job.key,)).fetchall()
        for prompt_id, server in rows:
            with contextlib.suppress(ServerError):
                if server == mine.url:
                    if mine.knows(prompt_id):
                        return prompt_id, server
                else:
                    with Comfy(server, timeout=5) as other:
                        if other.knows(prompt_id):
                            return prompt_id, server
            self.end(prompt_id, "lost")
        return None


def enqueue(
    rows: Sequence[Row], workflow: Workflow, given: Mapping[str, Any], url: str, shared: Shared
) -> dict[str, int]:
    """Put rows on the queue. Returns how many were queued, finished already, waiting already, and refused (each refusal
    is logged with its reason)."""
    procrastinate, _ = _drivers()
    prepare(url)
    counts = {"queued": 0, "finished": 0, "waiting": 0, "refused": 0}
    app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=url))
    with app.open():
        for row in rows:
            try:
                request = _request(row, workflow, given, shared)
            except CoverLoopError as error:
                log.error("row %d: %s", row.number, error)
                counts["refused"] += 1
                continue
            if request is None:
                counts["finished"] += 1
                continue
            lock = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
            task = app.configure_task(f"{QUEUE}.render", queue=QUEUE, lock=lock, queueing_lock=lock)
            try:
                task.defer(request=request)
                counts["queued"] += 1
            except procrastinate.exceptions.AlreadyEnqueued:
                counts["waiting"] += 1
    return counts


def _request(row: Row, workflow: Workflow, given: Mapping[str, Any], shared: Shared) -> dict[str, Any] | None:
    if row.error:
        raise CoverError(row.error)
    values = workflow.read_values({**given, **row.values})
    cover = open_cover(row.cover)
    out = row.out.replace("\\", "/")
    job = Job(cover.sha256, workflow.id, workflow.sha256, tuple(sorted(values.items())))
    if shared.finished(out, job):
        return None
    name = shared.put_cover(row.cover, cover.sha256)
    asked = {"cover": name, "name": row.cover.name, "sha256": cover.sha256, "out": out}
    return {**asked, "workflow": workflow.id, "workflow_sha256": workflow.sha256, "values": values}


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
        procrastinate, _ = _drivers()
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
                if isinstance(exception, (ServerAway, JobLost)):  # the submissions of a request have a cap of their own
                    return procrastinate.RetryDecision(retry_in={"seconds": 2})
                final = not isinstance(exception, ServerError) or job.attempts + 1 >= TRIES
                return None if final else procrastinate.RetryDecision(retry_in={"seconds": 5 * 4**job.attempts})

        @app.task(name=f"{QUEUE}.render", queue=QUEUE, retry=Again())
        def render(request: dict[str, Any]) -> None:
            try:
                self.render(request)
            except CoverLoopError as error:
                self._say(f"{request['name']}: {error}")
                raise

        @app.periodic(cron="* * * * * */10")
        @app.task(name=f"{QUEUE}.sweep", queue=QUEUE, queueing_lock=f"{QUEUE}.sweep", priority=100)
        async def sweep(timestamp: int) -> None:
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
                log.warning("job %s: its worker is gone; it goes to another", job.id)
                await app.job_manager.retry_job(job)

        return app

    def render(self, request: Mapping[str, Any]) -> None:
        """Render one request, unless its deliverable is there; raises what the queue decides about."""
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
            time.sleep(2.0)  # let a worker whose ComfyUI is up take it
            raise ServerAway(post.error)
        with tempfile.TemporaryDirectory(prefix="coverloop-") as scratch:
            self._render(
                request, workflow, replace(job, versions=tuple(sorted(post.versions.items()))), post, Path(scratch)
            )

    def _render(self, request: Mapping[str, Any], workflow: Workflow, job: Job, post: Post, scratch: Path) -> None:
        path = scratch / Path(request["name"]).name
        self._shared.get_cover(request["cover"], path)
        cover = open_cover(path)
        if cover.sha256 != request["sha256"]:
            raise CoverError(f"{request['cover']}: is not the cover that was queued; queue it again")
        attempts = Attempts(self._url, job)
        there = attempts.still_there(self._comfy)
        assert post.facts is not None
        with contextlib.ExitStack() as stack:
            comfy = self._comfy
            if there and there[1] != comfy.url:
                comfy = stack.enter_context(Comfy(there[1]))
            try:
                made = render_cover(
                    comfy,
                    workflow,
                    job,
                    cover,
                    scratch / "made" / "loop",
                    post.facts,
                    begin=lambda: attempts.begin(comfy.url),
                    adopt=there[0] if there else None,
                )
            except ServerAway as error:
                post.down(str(error))
                raise
        self._shared.publish(made, request["out"])
        attempts.end(made.record["prompt_id"], "done")
        verdict = "passed" if made.passed else "does not pass: " + "; ".join(made.problems)
        self._say(f"{request['name']}: {verdict} ({made.record['timings']['total']:.1f} s)")


def status(url: str) -> dict[str, Any]:
    """Jobs by state, workers with a fresh heartbeat, and the requests that failed for good."""
    prepare(url)
    with _database(url) as database:
        task = f"{QUEUE}.render"
        states = database.execute(
            "SELECT status::text, COUNT(*) FROM procrastinate_jobs WHERE task_name = %s GROUP BY 1", (task,)
        ).fetchall()
        failed = database.execute(
            "SELECT id, args->'request'->>'name' FROM procrastinate_jobs WHERE task_name = %s AND status = 'failed' "
            "ORDER BY id DESC LIMIT 100",
            (task,),
        ).fetchall()
        workers = database.execute(
            "SELECT COUNT(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'"
        ).fetchone()[0]
    words = {"todo": "waiting", "doing": "running", "succeeded": "done"}
    jobs = {words.get(state, state): count for state, count in states}
    return {"jobs": jobs, "workers": workers, "failed": [{"id": id, "cover": name} for id, name in failed]}
