"""`coverloop lyrics`: lyrics from a pile of texts."""

from __future__ import annotations

from pathlib import Path

import click

from .options import PATH, debug_option, echo_json, json_option


@click.command()
@click.argument("texts", nargs=-1, required=True, type=PATH, metavar="TEXT...")
@click.option("--about", default="", metavar="WORDS", help="What the song is about, in your own words.")
@click.option(
    "--language",
    type=click.Choice(("auto", "ko", "en", "both")),
    default="auto",
    show_default=True,
    help="What it is sung in; auto: as the words are.",
)
@click.option(
    "--backend",
    default="auto",
    show_default=True,
    metavar="B",
    help="Who writes, see coverloop prompt; offline: the words alone.",
)
@click.option("--font", type=PATH, help="Font of the picture.  [default: COVERLOOP_FONT, else NanumGothic]")
@click.option("--out", type=PATH, required=True, help="The lyrics to write (.txt); their words go beside it.")
@json_option
@debug_option
def lyrics(
    texts: tuple[Path, ...], about: str, language: str, backend: str, font: Path | None, out: Path, as_json: bool
) -> None:
    """Write lyrics from a pile of texts: reviews, notes, messages; files or folders of .txt and .md.

    The words in most lines, Korean and English without noise, go into a list (.json) and a picture (.png); a model
    writes lyrics of them, in sections, for `coverloop song --words`. It is sent nothing but these words and --about.
    """
    from ..verbs.lyrics import Asked, make_lyrics

    made = make_lyrics(Asked(texts, out, language, about, backend, font))
    if as_json:
        echo_json(made)
        return
    click.echo("  ".join(f"{word['word']} {word['count']}" for word in made["words"][:20]))
    written = made["lyrics"]
    click.echo(
        f"{out}  {written['title']}, by {written['by']}" if written else f"{out.with_suffix('.json')}: no lyrics"
    )
