"""`coverloop score`: a loop judged."""

from __future__ import annotations

from pathlib import Path

import click

from .options import PATH, debug_option, echo_json, json_option


@click.command()
@click.argument("video", type=PATH)
@click.option("--cover", type=PATH, help="The cover the loop must keep; its lettering is judged too.")
@click.option("--plot", type=PATH, help="Write a picture of the steps around the ring and the frames at the join.")
@json_option
@debug_option
def score(video: Path, cover: Path | None, plot: Path | None, as_json: bool) -> None:
    """Judge a loop: seam, jumps, stalls, flicker, motion; with --cover also what it kept. No server."""
    from ..verbs.score import judge_file, judgement_lines

    judgement = judge_file(video, cover, plot)
    if as_json:
        echo_json({"video": str(video), **judgement.to_dict()})
    else:
        click.echo("\n".join(judgement_lines(judgement)))
