"""`coverloop close`: any clip closed into a loop, on this machine."""

from __future__ import annotations

import click

from .options import PATH, debug_option, echo_json, json_option


@click.command()
@click.argument("clip", type=PATH)
@click.option("--out", type=PATH, required=True, help="The loop to write (.mp4).")
@click.option("--fps", type=float, help="Frames per second of the loop.  [default: the clip's]")
@click.option("--cover", type=PATH, help="The cover the clip was made from: its tone is kept, its first frame stays.")
@click.option("--trim", type=(int, int), default=(0, 0), metavar="START END", help="Frames to leave out first.")
@click.option("--rife", type=PATH, help="RIFE 4.x weights for the frames in between.  [default: optical flow]")
@json_option
@debug_option
def close(clip, out, fps, cover, trim, rife, as_json) -> None:
    """Close CLIP, any video file, into a loop: tone, best cut, frames across the join. Audio is left out. No server."""
    from ..verbs.close import close_file

    made = close_file(clip, out, fps, cover, trim, rife)
    if as_json:
        echo_json(made)
    else:
        verdict = "passed" if made["judgement"]["passed"] else "; ".join(made["judgement"]["problems"])
        click.echo(f"{out}  {made['frames']} frames at {made['fps']:g} a second  {verdict}")
