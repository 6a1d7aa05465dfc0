"""`coverloop prompt`: what moves in a cover, as prompts for Wan and as a recipe. No ComfyUI needed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import platformdirs

from ...core.image import read_cover
from ...core.prompt.ask.put import BACKENDS, Asking, open_backend
from ...core.prompt.ask.settings import Settings

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("cover", type=PATH, metavar="COVER")
@click.option("--plate", type=PATH, help="The cover without lettering.  [default: made from the cover]")
@click.option("--backend", default="auto", show_default=True, metavar="B", help=f"One of {', '.join(BACKENDS)}.")
@click.option("--intent", default="", metavar="TEXT", help="What you wish for, in any language: 'rain, slow'.")
@click.option("--title", default="", metavar="TEXT", help="Hints at mood and motion, as the next three.")
@click.option("--artist", default="", metavar="TEXT")
@click.option("--genre", default="", metavar="TEXT")
@click.option("--lyrics", default="", metavar="TEXT")
@click.option("--triggers", default="", metavar="WORDS", help="Trigger words of the LoRAs in use, comma-separated.")
@click.option("--strength", type=click.FloatRange(0, 2), default=1.0, show_default=True, help="How much moves.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: positive, negative, recipe, report.")
def prompt(cover, plate, backend, intent, triggers, strength, seed, as_json, **tags) -> None:
    """Say what moves in COVER: prompts for Wan and a recipe for ambient motion. No server.

    Keys and addresses of models come from the environment: GEMINI_API_KEY; OPENAI_BASE_URL with COVERLOOP_VLM_MODEL;
    COVERLOOP_QWEN.
    """
    made = make_prompt(cover, plate, backend, intent=intent, triggers=triggers, strength=strength, seed=seed, **tags)
    if as_json:
        click.echo(json.dumps(made, ensure_ascii=False, indent=1))
        return
    click.echo(f"{made['positive']}\n\nnot: {made['negative']}")
    report = made["report"]
    kinds = ", ".join(effect["kind"] for effect in made["recipe"]["effects"])
    click.echo(f"\nby {report['by']}; mood {report['mood']}; ambient: {kinds}")
    for line in (*report["removed"], *report["warnings"]):
        click.echo(line, err=True)


def make_prompt(
    cover: Path,
    plate: Path | None,
    backend: str,
    *,
    intent: str,
    triggers: str,
    strength: float,
    seed: int,
    **tags: str,
) -> dict[str, Any]:
    """{"positive", "negative", "recipe", "report"} for a cover file; recipe is an object. See `looks.motion_prompt`.

    Raises:
        CoverError: a picture cannot be read. UsageError: a backend that is unknown or not configured, triggers or
        words that cannot be used. VlmError: the library of the backend is not installed.
    """
    from ...core.prompt.looks import motion_prompt
    from ...core.prompt.words.guard import read_triggers
    from ...core.prompt.words.wish import read_wish

    wish, phrases = read_wish(intent, **tags), read_triggers(triggers)
    settings = Settings.read()
    folder = Path(platformdirs.user_cache_dir("coverloop", appauthor=False)) / "answers"
    asking = Asking(open_backend(backend, settings), settings, folder)
    picture, remarks = _plate_of(read_cover(cover).image, plate, asking)
    asking = replace(asking, remarks=tuple(remarks))
    made = motion_prompt(picture, asking, wish=wish, triggers=phrases, seed=seed, strength=strength)
    recipe = made.recipe.model_dump(mode="json")
    return {"positive": made.positive, "negative": made.negative, "recipe": recipe, "report": made.report}


def _plate_of(cover: np.ndarray, plate: Path | None, asking: Asking) -> tuple[np.ndarray, list[str]]:
    """The clean plate from its file, or made from the cover; and what was out of the ordinary in making it."""
    if plate is not None:
        return read_cover(plate).image, []
    from ...core.lettering.find import find_text
    from ...core.lettering.mask import glyph_mask
    from ...core.plate.clean import clean_plate
    from ...core.prompt.looks import judge_text

    judged = judge_text(cover, find_text(cover), asking)
    made = clean_plate(cover, glyph_mask(cover, judged.regions))
    return made.image, judged.report["warnings"]
