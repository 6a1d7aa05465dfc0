"""`coverloop song`: a song from words and a style."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import PATH, debug_option, echo_json, json_option, read_settings, server_option, settings_option, stderr


@click.command()
@click.option("--words", type=PATH, required=True, metavar="FILE", help="Lyrics: text or LRC, Korean and English.")
@click.option("--style", required=True, metavar="TEXT", help="How it sounds: 'ballad, piano, soft female voice'.")
@click.option("--seconds", "length", type=float, help="Length of the song.  [default: 120]")
@click.option("--seed", type=int, help="Another seed, another song.  [default: the workflow's]")
@settings_option
@click.option("--out", type=PATH, required=True, help="The song to write (.mp3).")
@server_option
@json_option
@debug_option
def song(
    words: Path,
    style: str,
    settings: tuple[str, ...],
    out: Path,
    server: str | None,
    as_json: bool,
    **named: Any,
) -> None:
    """Write a song of the words in FILE, sung by ACE-Step on a ComfyUI that has it (`coverloop check --workflow song`).
    Hangul is romanised and marked as the model wants it; what was sung is in the sidecar."""
    from ..verbs.song import make_song

    given = {**read_settings(settings), **{name: value for name, value in named.items() if value is not None}}
    record = make_song(words, style, out, server, given, stderr)
    if as_json:
        echo_json(record)
    else:
        click.echo(f"{out}  {record['parameters']['length']:g} s, made in {record['seconds']:.0f} s")
