"""`coverloop dataset`: clips and captions for LoRA trainers."""

from __future__ import annotations

from pathlib import Path

import click

from ...orchestrator.cli.options import PATH, ToldOption, debug_option, echo_json, json_option


@click.group()
@debug_option
def dataset() -> None:
    """Clips and captions for LoRA trainers: export."""


def _trainers() -> str:
    from ..registry import names

    return f"Who trains: {', '.join(names())}."


@dataset.command("export")
@click.argument("folder", type=PATH)
@click.option("--trainer", required=True, metavar="NAME", cls=ToldOption, told=_trainers)
@click.option("--out", type=PATH, required=True, help="A new folder.")
@click.option("--name", default="coverloop", show_default=True, help="Name of the LoRA.")
@click.option("--token", default="", metavar="WORD", help="Its trigger, which every caption must have once.")
@click.option("--memory", type=int, default=24, show_default=True, help="GB of the graphics card: 24 or 80.")
@json_option
@debug_option
def export_dataset(folder: Path, trainer: str, out: Path, name: str, token: str, memory: int, as_json: bool) -> None:
    """Prepared and captioned clips of FOLDER as a trainer of Wan 2.2 5B reads them, with its settings and a README of
    two commands."""
    from ..export import export

    made = export(folder, out, trainer, name=name, token=token, memory=memory)
    if as_json:
        return echo_json(made.to_dict())
    for line in made.told():
        click.echo(line)
