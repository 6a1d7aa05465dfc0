"""`coverloop views`: a cover seen from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import PATH, debug_option, echo_json, json_option, read_settings, server_option, settings_option, stderr


@click.command()
@click.argument("cover", type=PATH)
@click.option(
    "--angles",
    required=True,
    metavar="A,...",
    help="left45, right90, top, low, close, wide, forward, ...; left45+top for both at once.",
)
@click.option("--out", type=PATH, required=True, help="Folder for the pictures; made if need be.")
@click.option("--full", is_flag=True, help="20 steps without the LoRA for 8 of them: slower, closer to the cover.")
@click.option("--seed", type=int, help="Another seed, other pictures.  [default: the workflow's]")
@click.option("--clip", type=PATH, metavar="FILE", help="A CLIP image model (ONNX) that judges Identity.")
@click.option("--loop", is_flag=True, help="Make a loop of every picture as well, by --workflow.")
@click.option(
    "--workflow",
    default="ambient_loop",
    show_default=True,
    metavar="ID",
    help="What makes the loops: NAME, or NAME_vN.",
)
@settings_option
@server_option
@json_option
@debug_option
def views(
    cover: Path,
    angles: str,
    out: Path,
    full: bool,
    seed: int | None,
    clip: Path | None,
    loop: bool,
    workflow: str,
    settings: tuple[str, ...],
    server: str | None,
    as_json: bool,
) -> None:
    """Show COVER from other angles: <stem>.<angle>.png for each, drawn by Qwen-Image-Edit 2509 on a ComfyUI that has it
    (`coverloop check --workflow views`). <stem>.views.png and .json say how well each still shows the cover."""
    from ..verbs.views import FULL, Asked, looped, make_views

    given: dict[str, Any] = {**(FULL if full else {}), **read_settings(settings)}
    given |= {} if seed is None else {"seed": seed}
    asked = Asked(cover, angles, out, clip, given)
    record = make_views(asked, server, stderr, workflow if loop else None)
    results = looped(asked, record, workflow, server, stderr) if loop else []
    if as_json:
        echo_json({**record, **({"loops": [result.to_dict() for result in results]} if loop else {})})
    else:
        for row in record["views"]:
            click.echo(f"{out / row['picture']}  agrees to {row['composite']:.0f} of 100  {row['stands_out']}".rstrip())
        for result in results:
            click.echo(result.line())
    if any(result.error for result in results):
        raise SystemExit(max(result.exit_code for result in results))
