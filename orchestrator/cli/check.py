"""`coverloop check`: what a server lacks."""

from __future__ import annotations

import click

from .options import debug_option, echo_json, json_option, server_option, stderr


@click.command()
@server_option
@click.option("--workflow", "workflow_id", metavar="ID", help="Only this one.  [default: all]")
@json_option
@debug_option
def check(server: str | None, workflow_id: str | None, as_json: bool) -> None:
    """Tell whether a server can run the workflows: its version, missing nodes and models, each with where to get it."""
    from ..verbs.check import check_server

    found = check_server(server, workflow_id, stderr)
    echo_json(found.to_dict()) if as_json else click.echo("\n".join(found.lines()))
    if not found.complete:
        raise SystemExit(1)
