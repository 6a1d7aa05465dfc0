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


class ToldOption(click.Option):
    """An option whose help is asked for when it is shown, so that nothing has to be imported before."""

    def __init__(self, *words: Any, told: Callable[[], str], **rest: Any):
        super().__init__(*words, **rest)
        self._told = told

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        self.help = self._told()
        return super().get_help_record(ctx)


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
keep_text_option = click.option(
    "--keep-text", metavar="WHICH", help="Lettering to leave in the picture: all, strings or numbers, comma-separated."
)
lift_text_option = click.option(
    "--lift-text", metavar="WHICH", help="Lettering to take off: all, strings or numbers, comma-separated."
)
hold_text_option = click.option(
    "--hold-text", metavar="WHICH", help="Lettering to leave in and hold still: all, strings or numbers."
)
queue_option = click.option(
    "--queue", "queue_url", envvar="COVERLOOP_QUEUE", metavar="URL", help="postgres://...  [default: COVERLOOP_QUEUE]"
)
shared_option = click.option(
    "--out", required=True, metavar="FOLDER", help="Folder or bucket (s3://...) that all machines reach."
)


def _preset_names() -> str:
    from ...core.formats.registry import names

    return ", ".join(names())


def presets_option(required: bool = False) -> Callable[..., Any]:
    """--preset, once or several times, each with one name or several between commas."""
    return click.option(
        "--preset",
        "presets",
        multiple=True,
        required=required,
        metavar="P,...",
        cls=ToldOption,
        told=lambda: f"Places it is for, comma-separated: {_preset_names()}.",
    )


def _ways() -> str:
    from ...core.formats.reframe.choose import WAYS

    return f"How another shape is made: {', '.join(WAYS)}."


way_option = click.option("--way", cls=ToldOption, told=_ways, default="auto", show_default=True, metavar="W")


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


def queue_address(queue_url: str | None) -> str:
    if not queue_url:
        raise UsageError("give --queue postgres://USER:PASSWORD@HOST/DATABASE or set COVERLOOP_QUEUE")
    if not queue_url.startswith(("postgres://", "postgresql://")):
        raise UsageError("--queue: must be postgres://USER:PASSWORD@HOST/DATABASE")
    return queue_url


loop_option = click.option(
    "--loop",
    is_flag=False,
    flag_value="ambient_loop",
    metavar="[ID]",
    help="Make a loop of the picture as well, by this workflow.  [ambient_loop where none is named]",
)


def tell_picture(record: dict[str, Any], out: Path, loop_by: str | None, server: str | None, as_json: bool) -> None:
    """Print what a verb made that makes one picture, go on into its loop where one is wished, and print that."""
    from ..verbs.picture import looped

    if not as_json:
        click.echo("{}  {}x{}, made in {:.0f} s".format(out, *record["size"], record["seconds"]))
        for note in record["notes"]:
            stderr.print(note, markup=False, highlight=False)
    loop = looped(out, loop_by, server, stderr) if loop_by else None
    if as_json:
        echo_json({**record, **({"loop": loop.to_dict()} if loop else {})})
    elif loop:
        click.echo(loop.line())
    if loop and loop.error:
        raise SystemExit(loop.exit_code)
