"""`coverloop lora`: what a LoRA is."""

from __future__ import annotations

from pathlib import Path

import click

from ...orchestrator.cli.options import PATH, debug_option, echo_json, json_option


@click.group()
@debug_option
def lora() -> None:
    """LoRAs: show."""


@lora.command("show")
@click.argument("file", type=PATH)
@json_option
@debug_option
def show_lora(file: Path, as_json: bool) -> None:
    """Kind, rank, base model, trigger and metadata of a LoRA's FILE, and how many of its layers Wan 2.2 TI2V 5B takes.
    Only its header is read."""
    from ..lora import show

    found = show(file)
    if as_json:
        return echo_json(found.to_dict())
    for line in found.told():
        click.echo(line)
