"""`coverloop enqueue`: covers onto the queue that many machines work on."""

from __future__ import annotations

import click

from .options import (
    debug_option,
    echo_json,
    json_option,
    queue_address,
    queue_option,
    read_settings,
    settings_option,
    shared_option,
    workflow_option,
)


@click.command()
@click.argument("source")
@queue_option
@shared_option
@workflow_option
@settings_option
@json_option
@debug_option
def enqueue(
    source: str, queue_url: str | None, out: str, workflow: str, settings: tuple[str, ...], as_json: bool
) -> None:
    """Queue every cover of SOURCE for the workers; what is finished or waiting already is left out."""
    from ..batch.sources import read_source
    from ..job.manifest import load_workflow
    from ..remote.queue import enqueue as put
    from ..remote.shared import Shared

    counts = put(
        read_source(source), load_workflow(workflow), read_settings(settings), queue_address(queue_url), Shared(out)
    )
    echo_json(counts) if as_json else click.echo(", ".join(f"{count} {name}" for name, count in counts.items()))
    if counts["refused"]:
        raise SystemExit(1)
