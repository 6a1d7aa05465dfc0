"""`coverloop compare`: LoRAs side by side."""

from __future__ import annotations

from pathlib import Path

import click

from ...orchestrator.cli.options import (
    covers_argument,
    debug_option,
    echo_json,
    force_option,
    json_option,
    out_option,
    read_settings,
    stderr,
)


@click.command()
@covers_argument
@click.option("--lora", "loras", required=True, metavar="A,...", help="Files of the server's models/loras.")
@click.option("--strengths", default="0,0.5,1", show_default=True, metavar="S,...", help="Of each; 0 is without.")
@click.option("--combinations", "together", is_flag=True, help="LoRAs also with each other, up to three.")
@out_option
@click.option(
    "--server", "servers", multiple=True, metavar="URL", help="A running ComfyUI; may be given several times."
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of wan22_loop, for all.")
@force_option
@json_option
@debug_option
def compare(
    covers: tuple[Path, ...],
    loras: str,
    strengths: str,
    together: bool,
    out: Path,
    servers: tuple[str, ...],
    settings: tuple[str, ...],
    force: bool,
    as_json: bool,
) -> None:
    """Loops of every COVER by wan22_loop with each LoRA at each strength, side by side in OUT/compare.html; says which
    combination is steadiest, and how sure that is. compare.jsonl has the figures, pairs.jsonl pairs to vote on.

    Finished loops are kept in the store and never rendered twice; a run that was stopped goes on where it was.
    """
    from ..compare import Asked
    from ..compare import compare as compared

    asked = Asked(covers, out, loras, strengths, together, read_settings(settings))
    made = compared(asked, servers, stderr, force=force)
    if as_json:
        echo_json(dict(made.told))
    else:
        for line in made.lines():
            click.echo(line)
    if made.exit_code:
        raise SystemExit(made.exit_code)
