"""Options and printing that all verbs of the command line share."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ...core.errors import UsageError

stderr = Console(stderr=True, highlight=False, soft_wrap=True)
PATH = click.Path(path_type=Path)


def _set_debug(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        context.find_root().ensure_object(dict)["debug"] = True
        logging.getLogger().setLevel(logging.DEBUG)


debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, callback=_set_debug, help="Show log lines and tracebacks."
)
server_option = click.option(
    "--server", metavar="URL", help="A running ComfyUI. Default: COMFYUI_URL, else one of our own."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on standard output, nothing else."
)
out_option = click.option("--out", type=PATH, required=True, help="Folder for the results; made if need be.")
workflow_option = click.option(
    "--workflow", default="ambient_loop", show_default=True, metavar="ID", help="NAME, or NAME_vN."
)
force_option = click.option("--force", is_flag=True, help="Render also what is finished already.")
settings_option = click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the workflow."
)
servers_option = click.option(
    "--server", "servers", multiple=True, metavar="URL", help="A running ComfyUI; may be given several times."
)
keep_text_option = click.option(
    "--keep-text", metavar="WHICH", help="Lettering to leave in the picture: all, strings or numbers, comma-separated."
)
lift_text_option = click.option(
    "--lift-text", metavar="WHICH", help="Lettering to take off: all, strings or numbers, comma-separated."
)
covers_argument = click.argument("covers", nargs=-1, required=True, type=PATH, metavar="COVER...")


def read_settings(settings: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` strings as a dict; raises UsageError for anything else."""
    pairs = {}
    for setting in settings:
        name, sign, value = setting.partition("=")
        if not sign or not name:
            raise UsageError(f"--set {setting}: must be NAME=VALUE")
        pairs[name.strip()] = value.strip()
    return pairs


def echo_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def report(rows: list[dict[str, Any]], name: str, as_json: bool, line: Callable[[dict[str, Any]], str]) -> None:
    if as_json:
        echo_json({name: rows})
    else:
        for row in rows:
            click.echo(line(row))
