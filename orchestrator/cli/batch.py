"""`coverloop batch`: many covers into loops, with a report."""

from __future__ import annotations

from pathlib import Path

import click

from .options import (
    debug_option,
    echo_json,
    force_option,
    json_option,
    out_option,
    read_settings,
    stderr,
    workflow_option,
)


@click.command()
@click.argument("source")
@out_option
@workflow_option
@click.option(
    "--server", "servers", multiple=True, metavar="URL", help="A running ComfyUI; may be given several times."
)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the workflow, for all covers."
)
@click.option("--resume", is_flag=True, help="Go on with an earlier run: covers it set aside stay aside.")
@force_option
@json_option
@debug_option
def batch(
    source: str,
    out: Path,
    workflow: str,
    servers: tuple[str, ...],
    settings: tuple[str, ...],
    resume: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Render every cover of SOURCE: a folder, a pattern, or a .txt, .csv or .jsonl list. Ends with a report in --out.

    Finished covers are kept in a store and never rendered twice; a run that was stopped or killed goes on where it was.
    Ctrl-C once finishes what runs, twice interrupts it. Exit code 0 means that every cover has a loop that passes.
    """
    from ..verbs.batch import run_batch

    summary = run_batch(source, out, workflow, servers, read_settings(settings), stderr, force=force, resume=resume)
    echo_json(summary.to_dict()) if as_json else click.echo(summary.line())
    if summary.exit_code:
        raise SystemExit(summary.exit_code)
