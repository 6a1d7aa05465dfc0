"""`coverloop jobs`: what the store knows."""

from __future__ import annotations

import click

from .options import debug_option, echo_json, json_option, report


@click.group()
@debug_option
def jobs() -> None:
    """What the store knows: list, show, retry, cancel, prune."""


@jobs.command("list")
@click.option("--state", type=click.Choice(["running", "done", "failed", "poison", "cancelled"]))
@json_option
@debug_option
def list_jobs(state: str | None, as_json: bool) -> None:
    """Every job, the latest first."""
    from ..store.store import Store

    with Store() as store:
        rows = [entry.to_dict() for entry in store.entries() if state in (None, entry.state)]
    report(
        rows,
        "jobs",
        as_json,
        lambda row: f"{row['key'][:12]}  {row['state']:9}  {row['cover']}  {row['error']}".rstrip(),
    )


@jobs.command("show")
@click.argument("key")
@json_option
@debug_option
def show_job(key: str, as_json: bool) -> None:
    """One job with its attempts. KEY may be shortened."""
    from ..store.store import Store

    with Store() as store:
        entry = store.match(key)
        facts = {**entry.to_dict(), "attempts": [vars(attempt) for attempt in store.attempts(entry.key)]}
    echo_json(facts) if as_json else click.echo("\n".join(f"{name:9} {value}" for name, value in facts.items()))


@jobs.command("retry")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@debug_option
def retry_jobs(keys: tuple[str, ...]) -> None:
    """Forget that jobs failed or were set aside: the next batch that asks for them tries again."""
    from ..store.store import Store

    with Store() as store:
        for key in [store.match(key).key for key in keys]:
            store.retry(key)
            click.echo(f"{key[:12]}  to be tried again")


@jobs.command("cancel")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@debug_option
def cancel_jobs(keys: tuple[str, ...]) -> None:
    """Stop jobs; a batch that renders them interrupts them on their server."""
    from ..store.store import Store

    with Store() as store:
        for key in [store.match(key).key for key in keys]:
            click.echo(f"{key[:12]}  {'cancelled' if store.cancel(key) else 'is done already'}")


@jobs.command("prune")
@click.option("--older-than", "days", type=click.FloatRange(0), default=90.0, show_default=True, metavar="DAYS")
@debug_option
def prune_jobs(days: float) -> None:
    """Forget old jobs and delete their files from the store; nothing in any --out folder is touched."""
    from ..store.store import Store

    with Store() as store:
        jobs, freed = store.prune(days)
    click.echo(f"{jobs} jobs forgotten, {freed / 1e6:.1f} MB freed")
