"""`coverloop sing`: the figure of a picture sings a song."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import (
    PATH,
    debug_option,
    echo_json,
    hold_text_option,
    json_option,
    keep_text_option,
    lift_text_option,
    read_settings,
    server_option,
    settings_option,
    stderr,
)


@click.command()
@click.argument("picture", type=PATH)
@click.argument("song", type=PATH)
@click.option(
    "--section",
    default="",
    metavar="WHICH",
    help="Which part, two minutes at most: its number from 1, or from-to as 62-80 or 1:02-1:20.  [default: all of it]",
)
@click.option("--prompt", metavar="TEXT", help="Who sings, and how, in English.  [default: the workflow's]")
@click.option("--size", type=int, help="Shorter side in pixels.  [default: 720]")
@click.option("--seed", type=int, help="Another seed, another performance.  [default: 0]")
@click.option("--anyway", is_flag=True, help="Also where no figure was found in PICTURE.")
@keep_text_option
@lift_text_option
@hold_text_option
@settings_option
@click.option("--out", type=PATH, required=True, help="The film to write (.mp4), with .jpg and .json beside it.")
@server_option
@json_option
@debug_option
def sing(
    picture: Path,
    song: Path,
    section: str,
    anyway: bool,
    settings: tuple[str, ...],
    out: Path,
    server: str | None,
    as_json: bool,
    **named: Any,
) -> None:
    """The figure in PICTURE sings SONG, by Wan 2.2 S2V on a ComfyUI that has it (`coverloop check --workflow sing`).

    SONG is a voice alone: in a whole mix the lips follow the drums as well. Lettering stays where it is.
    """
    from ..verbs.sing import Asked, make_sung

    given = {**read_settings(settings), **{name: value for name, value in named.items() if value is not None}}
    asked = Asked(picture, song, out, section, anyway, given)
    made = make_sung(asked, server, stderr, lambda text: click.echo(text, err=True))
    if as_json:
        echo_json(made)
    else:
        click.echo(f"{out}  {made['frames'] / made['fps']:.1f} s, made in {made['seconds']:.0f} s")
