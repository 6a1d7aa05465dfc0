"""`coverloop film`: words, a song and covers become a film."""

from __future__ import annotations

from pathlib import Path

import click

from ...core.limits import SEED
from .options import (
    PATH,
    debug_option,
    echo_json,
    force_option,
    json_option,
    read_settings,
    server_option,
    settings_option,
    stderr,
)


@click.command()
@click.argument("song", type=PATH, required=False)
@click.option("--words", type=PATH, required=True, help="Lyrics, LRC (lyrics with times) or a told dream: a text file.")
@click.option(
    "--cover",
    "covers",
    type=PATH,
    multiple=True,
    help="A picture to show; several take turns. With wan, what the first shots begin with.  "
    "[default: the one in the song]",
)
@click.option(
    "--seconds", type=float, help="Length of the film.  [default: the song's, else what the words' times tell]"
)
@click.option("--out", type=PATH, required=True, help="The film to write (.mp4), with .srt, .jpg and .json beside it.")
@click.option("--font", type=PATH, help="Font to set the words in.  [default: COVERLOOP_FONT, else NanumGothic]")
@click.option(
    "--backend", default="auto", show_default=True, metavar="B", help="Who reads the words, see coverloop prompt."
)
@click.option("--seed", type=click.IntRange(*SEED), default=0, show_default=True)
@click.option(
    "--generator",
    type=click.Choice(["ambient", "wan"]),
    default="ambient",
    show_default=True,
    help="Who makes the pictures: the covers alone, without a server, or Wan 2.2 on a ComfyUI.",
)
@click.option("--style", metavar="TEXT", help="How all shots of wan look: the end of every prompt.  [default: ours]")
@settings_option
@server_option
@force_option
@json_option
@debug_option
def film(
    song: Path | None,
    words: Path,
    covers: tuple[Path, ...],
    seconds: float | None,
    out: Path,
    font: Path | None,
    backend: str,
    seed: int,
    generator: str,
    style: str | None,
    settings: tuple[str, ...],
    server: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Make a film of words: cuts on the bars of SONG, the words as type in time with it.

    Stopped, it goes on where it stopped. Without SONG cuts fall on bars of two seconds. With --generator wan each shot
    is a clip of its own words, by the workflow film_shot (`coverloop check --workflow film_shot`); --set are its
    parameters, as lora_1=NAME.safetensors.
    """
    from ...core.film.shots import STYLE
    from ..verbs.film import Asked, make_film

    given = read_settings(settings)
    asked = Asked(
        words, out, song, covers, seconds, font, backend, seed, force, generator, style or STYLE, server, given
    )
    made = make_film(asked, stderr)
    for remark in made["remarks"]:
        click.echo(f"{words.name}: {remark}", err=True)
    if as_json:
        echo_json(made)
    else:
        scenes = len(made["scenes"])
        clips = f", {made['wan']['made']} of {len(made['wan']['clips'])} clips made now" if made["wan"] else ""
        told = f"{made['seconds']:g} s, {scenes} scenes, {made['drawn']} drawn now{clips}"
        click.echo(f"{out}  {told}; cuts on {made['cuts_on']}")
