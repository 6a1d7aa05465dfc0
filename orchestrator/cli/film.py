"""`coverloop film`: words, a song and covers become a film."""

from __future__ import annotations

from pathlib import Path

import click

from ...core.limits import SEED
from .options import PATH, debug_option, echo_json, force_option, json_option, stderr


@click.command()
@click.argument("song", type=PATH, required=False)
@click.option("--words", type=PATH, required=True, help="Lyrics, LRC (lyrics with times) or a told dream: a text file.")
@click.option(
    "--cover",
    "covers",
    type=PATH,
    multiple=True,
    help="A picture to show; several take turns.  [default: the one in the song]",
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
    force: bool,
    as_json: bool,
) -> None:
    """Make a film of words: cuts on the bars of SONG, the words as type in time with it. No server.

    Stopped, it goes on where it stopped. Without SONG cuts fall on bars of two seconds.
    """
    from rich.progress import Progress

    from ..verbs.film import Asked, make_film

    asked = Asked(words, out, song, covers, seconds, font, backend, seed, force)
    with Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as bar:
        task = bar.add_task(out.name, total=None)
        made = make_film(asked, lambda done, total: bar.update(task, completed=done, total=total))
    for remark in made["remarks"]:
        click.echo(f"{words.name}: {remark}", err=True)
    if as_json:
        echo_json(made)
    else:
        scenes = len(made["scenes"])
        click.echo(
            f"{out}  {made['seconds']:g} s, {scenes} scenes, {made['drawn']} drawn now; cuts on {made['cuts_on']}"
        )
