"""`coverloop prompt`: what moves in a cover, as prompts for Wan and as a recipe. No ComfyUI needed."""

from __future__ import annotations

from pathlib import Path

import click

from ...core.limits import SEED, STRENGTH
from .options import PATH, ToldOption, debug_option, echo_json, json_option


def _backends() -> str:
    from ...core.prompt.ask.registry import names

    return f"One of {', '.join(names())}."


@click.command()
@click.argument("cover", type=PATH, metavar="COVER")
@click.option("--plate", type=PATH, help="The cover without lettering.  [default: made from the cover]")
@click.option("--backend", cls=ToldOption, told=_backends, default="auto", show_default=True, metavar="B")
@click.option("--intent", default="", metavar="TEXT", help="What you wish for, in any language: 'rain, slow'.")
@click.option("--title", default="", metavar="TEXT", help="Hints at mood and motion, as the next three.")
@click.option("--artist", default="", metavar="TEXT")
@click.option("--genre", default="", metavar="TEXT")
@click.option("--lyrics", default="", metavar="TEXT")
@click.option("--triggers", default="", metavar="WORDS", help="Trigger words of the LoRAs in use, comma-separated.")
@click.option("--strength", type=click.FloatRange(*STRENGTH), default=1.0, show_default=True, help="How much moves.")
@click.option("--seed", type=click.IntRange(*SEED), default=0, show_default=True)
@json_option
@debug_option
def prompt(
    cover: Path,
    plate: Path | None,
    backend: str,
    intent: str,
    triggers: str,
    strength: float,
    seed: int,
    as_json: bool,
    **tags: str,
) -> None:
    """Say what moves in COVER: prompts for Wan and a recipe for ambient motion. No server.

    Keys and addresses of models come from the environment: GEMINI_API_KEY; OPENAI_BASE_URL with COVERLOOP_VLM_MODEL;
    COVERLOOP_QWEN.
    """
    from ..verbs.prompt import make_prompt

    made = make_prompt(cover, plate, backend, intent=intent, triggers=triggers, strength=strength, seed=seed, **tags)
    if as_json:
        return echo_json(made)
    click.echo(f"{made['positive']}\n\nnot: {made['negative']}")
    report = made["report"]
    kinds = ", ".join(effect["kind"] for effect in made["recipe"]["effects"])
    click.echo(f"\nby {report['by']}; mood {report['mood']}; ambient: {kinds}")
    for line in (*report["removed"], *report["warnings"]):
        click.echo(line, err=True)
