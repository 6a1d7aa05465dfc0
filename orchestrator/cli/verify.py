"""`coverloop verify`: whether a file is what a place asks for."""

from __future__ import annotations

from pathlib import Path

import click

from .options import PATH, debug_option, echo_json, json_option, presets_option


@click.command()
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@presets_option(required=True)
@json_option
@debug_option
def verify(files: tuple[Path, ...], presets: tuple[str, ...], as_json: bool) -> None:
    """Say in a line for each rule whether FILEs, ours or anybody's, are what a place asks for. No server.

    Exit code 1 when one is not.
    """
    from ..verbs.verify import verify_files

    verified = verify_files(files, presets)
    if as_json:
        echo_json({"files": [one.to_dict() for one in verified]})
    else:
        click.echo("\n".join(line for one in verified for line in one.told()))
    if not all(one.met for one in verified):
        raise SystemExit(1)
