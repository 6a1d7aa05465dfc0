"""`coverloop restyle`: a picture in the style of a LoRA."""

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
@click.argument("picture", type=PATH, required=False)
@click.option("--lora", metavar="NAME", help="A file of ComfyUI's models/loras.  [default: none]")
@click.option("--trigger", metavar="WORDS", help="Trigger words of the LoRA; each goes in exactly once.")
@click.option("--words", metavar="TEXT", help="What is to be seen, English or Korean.")
@click.option("--strength", type=float, help="How far from the picture: 0 leaves it, 1 keeps its size.  [default: 0.6]")
@click.option("--seed", type=int, help="Another seed, another picture.  [default: 0]")
@click.option("--cut-out", is_flag=True, help="Take the ground away: a transparent PNG.")
@click.option("--upscale", metavar="MODEL", help="Enlarge by a file of ComfyUI's models/upscale_models.")
@click.option("--workflow", default="restyle", show_default=True, help="restyle (SD 1.5) or restyle_zimage.")
@settings_option
@click.option("--out", type=PATH, required=True, help="The picture to write (.png).")
@loop_option
@server_option
@json_option
@debug_option
def restyle(
    picture: Path | None,
    cut_out: bool,
    workflow: str,
    settings: tuple[str, ...],
    out: Path,
    loop: str | None,
    server: str | None,
    as_json: bool,
    **named: Any,
) -> None:
    """Redraw PICTURE in the style of a LoRA, at its own size; without PICTURE, draw what the words say."""
    from ..verbs.picture import make_picture

    given = {name: value for name, value in named.items() if value is not None}
    given = {"words": "", **read_settings(settings), **given}
    pictures = {} if picture is None else {"picture": picture}
    record = make_picture(workflow, pictures, out, server, {**given, "cut_out": cut_out}, stderr, loop)
    tell_picture(record, out, loop, server, as_json)
