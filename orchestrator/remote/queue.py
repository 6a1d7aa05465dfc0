"""Many machines: requests on a queue on PostgreSQL (Procrastinate), for one worker per ComfyUI to pull (`worker.py`).

A request names a cover in the shared folder (see `shared.py`), a workflow and its values. A finished request is never
rendered again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import CoverError, CoverLoopError, UsageError
from ..batch.row import Row
from ..job.request import Job, open_cover
from ..job.workflow import Workflow
from .database import QUEUE, connect, drivers, prepare
from .shared import Shared

log = logging.getLogger(__name__)


def enqueue(
    rows: Sequence[Row], workflow: Workflow, given: Mapping[str, Any], url: str, shared: Shared
) -> dict[str, int]:
    """Put rows on the queue. Returns how many were queued, finished already, waiting already, and refused (each refusal
    is logged with its reason)."""
    procrastinate, _ = drivers()
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


def status(url: str) -> dict[str, Any]:
    """Jobs by state, workers with a fresh heartbeat, and the requests that failed for good."""
    prepare(url)
    with connect(url) as database:
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
