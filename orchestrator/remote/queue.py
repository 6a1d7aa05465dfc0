"""Many machines: requests on a queue on PostgreSQL (Procrastinate), for one worker per ComfyUI to pull (`worker.py`).

A request names a cover in the shared folder (see `shared.py`), a workflow and its values. A finished request is never
rendered again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.errors import CoverError, CoverLoopError, ServerError, UsageError
from ..batch.row import Row
from ..job.request import Job, open_cover
from ..job.workflow import Workflow
from .database import QUEUE, connect, drivers, prepare
from .shared import Shared

log = logging.getLogger(__name__)

_WORDS = {"todo": "waiting", "doing": "running", "succeeded": "done", "aborted": "cancelled"}
_LIVING = "SELECT COUNT(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'"


@dataclass(frozen=True)
class Standing:
    """A request on the queue. state: "waiting", "running", "done", "failed", "cancelled"; fraction: how far, in
    [0, 1]; stage: the class of the node that works, or a step of ours; error: what was wrong when it was last tried."""

    job: int
    state: str
    fraction: float
    stage: str
    error: str


def enqueue(
    rows: Sequence[Row], workflow: Workflow, given: Mapping[str, Any], url: str, shared: Shared
) -> dict[str, int]:
    """Put rows on the queue. Returns how many were queued, finished already, waiting already, and refused (each refusal
    is logged with its reason)."""
    counts = {"queued": 0, "finished": 0, "waiting": 0, "refused": 0}
    prepare(url)
    with _opened(url) as app:
        for row in rows:
            try:
                request = request_for(row, workflow, given, shared)
            except CoverLoopError as error:
                log.error("row %d: %s", row.number, error)
                counts["refused"] += 1
                continue
            if request is None:
                counts["finished"] += 1
            else:
                counts["queued" if _defer(app, request) else "waiting"] += 1
    return counts


def put(url: str, request: Mapping[str, Any]) -> str:
    """Put one request of `request_for` on the queue, unless it waits there; returns the name by which it is `stood`."""
    with _opened(url) as app:
        _defer(app, request)
    return name_of(request)


@contextlib.contextmanager
def _opened(url: str) -> Iterator[Any]:
    procrastinate, psycopg = drivers()
    app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=url))
    try:
        with app.open():
            yield app
    except (procrastinate.exceptions.ConnectorException, psycopg.Error) as error:
        raise ServerError(f"the queue's PostgreSQL: {' '.join(str(error).split())}; check --queue") from error


def _defer(app: Any, request: Mapping[str, Any]) -> bool:
    """Whether it was put there; False when it waits already."""
    procrastinate, _ = drivers()
    name = name_of(request)
    task = app.configure_task(f"{QUEUE}.render", queue=QUEUE, lock=name, queueing_lock=name)
    try:
        task.defer(request=dict(request))
    except procrastinate.exceptions.AlreadyEnqueued:
        return False
    return True


def name_of(request: Mapping[str, Any]) -> str:
    """The same for the same request."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def request_for(row: Row, workflow: Workflow, given: Mapping[str, Any], shared: Shared) -> dict[str, Any] | None:
    """What a worker is told of a row, its cover put where workers reach it; None when it is finished.

    Raises:
        CoverError, UsageError: it cannot be rendered as asked.
    """
    if row.error:
        raise CoverError(row.error)
    if row.preset:
        raise UsageError(f"preset={row.preset}: a queue renders loops alone; leave it out and use coverloop export")
    values = workflow.read_values({**given, **row.values})
    cover = open_cover(row.cover)
    out = row.out
    job = Job(cover.sha256, workflow.id, workflow.sha256, tuple(sorted(values.items())))
    if shared.finished(out, job):
        return None
    name = shared.put_cover(row.cover, cover.sha256)
    asked = {"cover": name, "name": row.cover.name, "sha256": cover.sha256, "out": out}
    return {**asked, "workflow": workflow.id, "workflow_sha256": workflow.sha256, "values": values}


def stood(url: str, names: Collection[str]) -> dict[str, Standing]:
    """How requests stand, by name; one that is not on the queue is left out."""
    query = (
        "SELECT DISTINCT ON (job.lock) job.lock, job.id, job.status::text, COALESCE(told.fraction, 0), "
        "COALESCE(told.stage, ''), COALESCE(told.error, '') FROM procrastinate_jobs AS job "
        "LEFT JOIN coverloop_standings AS told ON told.job = job.id "
        "WHERE job.task_name = %s AND job.lock = ANY(%s) ORDER BY job.lock, job.id DESC"
    )
    with connect(url) as database:
        rows = database.execute(query, (f"{QUEUE}.render", list(names))).fetchall()
    return {row[0]: Standing(row[1], _WORDS.get(row[2]) or row[2], *row[3:]) for row in rows}


def withdraw(url: str, job: int) -> None:
    """Take a job off the queue; one that runs is interrupted."""
    with _opened(url) as app:
        app.job_manager.cancel_job_by_id(job, abort=True)


def workers(url: str) -> int:
    """How many workers are alive."""
    with connect(url) as database:
        return database.execute(_LIVING).fetchone()[0]


def status(url: str) -> dict[str, Any]:
    """Jobs by state, workers with a fresh heartbeat, and the requests that failed for good."""
    prepare(url)
    with connect(url) as database:
        task = f"{QUEUE}.render"
        states = database.execute(
            "SELECT status::text, COUNT(*) FROM procrastinate_jobs WHERE task_name = %s GROUP BY 1", (task,)
        ).fetchall()
        failed = database.execute(
            "SELECT id, args->'request'->>'name', COALESCE(error, '') FROM procrastinate_jobs "
            "LEFT JOIN coverloop_standings ON job = id WHERE task_name = %s AND status = 'failed' "
            "ORDER BY id DESC LIMIT 100",
            (task,),
        ).fetchall()
        living = database.execute(_LIVING).fetchone()[0]
    jobs = {_WORDS.get(state, state): count for state, count in states}
    return {
        "jobs": jobs,
        "workers": living,
        "failed": [{"id": id, "cover": name, "error": error} for id, name, error in failed],
    }
