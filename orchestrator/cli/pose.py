"""`coverloop pose`: a figure in the pose of another picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import (
    PATH,
    debug_option,
    json_option,
    loop_option,
    read_settings,
    server_option,
    settings_option,
    stderr,
    tell_picture,
)


@click.command()
@click.argument("figure", type=PATH)
@click.option("--pose", "pose_picture", type=PATH, required=True, help="A picture of anybody in the pose.")
@click.option("--words", metavar="TEXT", help="What else is wished; with pose_sd15, who is seen.")
@click.option("--lora", metavar="NAME", help="A file of ComfyUI's models/loras.  [default: the workflow's]")
@click.option("--trigger", metavar="WORDS", help="Trigger words of the LoRA; each goes in exactly once.")
@click.option("--seed", type=int, help="Another seed, another picture.  [default: 0]")
@click.option("--workflow", default="pose", show_default=True, help="pose (Qwen-Image-Edit) or pose_sd15.")
@settings_option
@click.option("--out", type=PATH, required=True, help="The picture to write (.png).")
@loop_option
@server_option
@json_option
@debug_option
def pose(
    figure: Path,
    pose_picture: Path,
    words: str | None,
    workflow: str,
    settings: tuple[str, ...],
    out: Path,
    loop: str | None,
    server: str | None,
    as_json: bool,
    **named: Any,
) -> None:
    """Draw FIGURE in the pose of another picture, at FIGURE's own size. The skeleton is found by the node Pose; no
    figure, more than one, or half a one is said."""
    from ..verbs.picture import make_picture, posed_words

    given = {**read_settings(settings), **{name: value for name, value in named.items() if value is not None}}
    if words is not None:
        given["words"] = posed_words(workflow, words)
    record = make_picture(workflow, {"figure": figure, "pose": pose_picture}, out, server, given, stderr, loop)
    tell_picture(record, out, loop, server, as_json)
