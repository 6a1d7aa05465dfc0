"""`coverloop queue`: what waits, runs, is done or failed."""

from __future__ import annotations

import click

from .options import debug_option, echo_json, json_option, queue_address, queue_option


@click.group()
@debug_option
def queue() -> None:
    """Look at the queue."""


@queue.command("status")
@queue_option
@json_option
@debug_option
def queue_status(queue_url: str | None, as_json: bool) -> None:
    """How many jobs wait, run, are done or failed, and how many workers are alive."""
    from ..remote.queue import status

    found = status(queue_address(queue_url))
    if as_json:
        return echo_json(found)
    jobs = ", ".join(f"{count} {state}" for state, count in found["jobs"].items()) or "no jobs"
    click.echo(f"{jobs}; {found['workers']} workers")
    for job in found["failed"]:
        click.echo(f"  failed: {job['cover']} (job {job['id']}){': ' + job['error'] if job['error'] else ''}")
