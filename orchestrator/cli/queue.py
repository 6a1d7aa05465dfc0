"""`coverloop enqueue`, `worker` and `queue`: many machines on one queue."""

from __future__ import annotations

import click

from ...core.errors import UsageError
from .options import (
    debug_option,
    echo_json,
    json_option,
    read_settings,
    server_option,
    settings_option,
    workflow_option,
)

_queue = click.option(
    "--queue", "queue_url", envvar="COVERLOOP_QUEUE", metavar="URL", help="postgres://...  [default: COVERLOOP_QUEUE]"
)
_shared = click.option(
    "--out", required=True, metavar="FOLDER", help="Folder or bucket (s3://...) that all machines reach."
)


def _given(queue_url: str | None) -> str:
    if not queue_url:
        raise UsageError("give --queue postgres://USER:PASSWORD@HOST/DATABASE or set COVERLOOP_QUEUE")
    if not queue_url.startswith(("postgres://", "postgresql://")):
        raise UsageError("--queue: must be postgres://USER:PASSWORD@HOST/DATABASE")
    return queue_url


@click.command()
@click.argument("source")
@_queue
@_shared
@workflow_option
@settings_option
@json_option
@debug_option
def enqueue(source, queue_url, out, workflow, settings, as_json) -> None:
    """Queue every cover of SOURCE for the workers; what is finished or waiting already is left out."""
    from ..batch.sources import read_source
    from ..job.workflow import load_workflow
    from ..remote.queue import enqueue as put
    from ..remote.shared import Shared

    counts = put(read_source(source), load_workflow(workflow), read_settings(settings), _given(queue_url), Shared(out))
    echo_json(counts) if as_json else click.echo(", ".join(f"{count} {name}" for name, count in counts.items()))
    if counts["refused"]:
        raise SystemExit(1)


@click.command()
@_queue
@_shared
@server_option
@debug_option
def worker(queue_url, out, server) -> None:
    """Render what is queued on one ComfyUI, until stopped. Ctrl-C or SIGTERM finish the job in hand."""
    from ..remote.queue import Worker
    from ..remote.shared import Shared
    from ..server.choose import open_server

    url, shared = _given(queue_url), Shared(out)
    with open_server(server) as comfy:
        Worker(url, server or comfy.url, shared, click.echo).run()


@click.group()
@debug_option
def queue() -> None:
    """Look at the queue."""


@queue.command("status")
@_queue
@json_option
@debug_option
def queue_status(queue_url, as_json) -> None:
    """How many jobs wait, run, are done or failed, and how many workers are alive."""
    from ..remote.queue import status

    found = status(_given(queue_url))
    if as_json:
        return echo_json(found)
    jobs = ", ".join(f"{count} {state}" for state, count in found["jobs"].items()) or "no jobs"
    click.echo(f"{jobs}; {found['workers']} workers")
    for job in found["failed"]:
        click.echo(f"  failed: {job['cover']} (job {job['id']})")
