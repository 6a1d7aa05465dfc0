"""`coverloop consistency`: whether pictures still show what a reference shows."""

from __future__ import annotations

from pathlib import Path

import click

from .options import PATH, debug_option, echo_json, json_option


@click.command()
@click.argument("reference", type=PATH)
@click.argument("pictures", nargs=-1, required=True, type=PATH, metavar="PICTURE...")
@click.option("--clip", type=PATH, metavar="FILE", help="A CLIP image model (ONNX) that judges Identity.")
@click.option("--plot", type=PATH, help="Write a picture of the figures, a row a picture (.png, .jpg).")
@json_option
@debug_option
def consistency(
    reference: Path, pictures: tuple[Path, ...], clip: Path | None, plot: Path | None, as_json: bool
) -> None:
    """Compare PICTUREs, files or folders of them, with REFERENCE: the same thing, in the same hand, from another place?
    Of several it says which are outliers and which are far on purpose, by angle or light. No server."""
    from ..verbs.consistency import compare_files, table_lines

    table = compare_files(reference, pictures, clip, plot)
    if as_json:
        echo_json(table)
    else:
        click.echo("\n".join(table_lines(table)))
