"""`coverloop close`: any clip closed into a loop, on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from .options import PATH, debug_option, echo_json, json_option


@click.command()
@click.argument("clip", type=PATH)
@click.option("--out", type=PATH, required=True, help="The loop to write (.mp4).")
@click.option("--seconds", type=float, help="Length of the loop.  [default: what the clip closes to by itself]")
@click.option("--fps", type=float, help="Frames per second of the loop.  [default: the clip's]")
@click.option("--cover", type=PATH, help="The cover the clip was made from: its tone is kept, its first frame stays.")
@click.option("--trim", type=(int, int), default=(0, 0), metavar="START END", help="Frames to leave out first.")
@click.option("--rife", type=PATH, help="RIFE 4.x weights for the frames in between.  [default: optical flow]")
@json_option
@debug_option
def close(
    clip: Path,
    out: Path,
    seconds: float | None,
    fps: float | None,
    cover: Path | None,
    trim: tuple[int, int],
    rife: Path | None,
    as_json: bool,
) -> None:
    """Close CLIP, any video file, into a loop: tone, best cut, frames across the join. Audio is left out. No server."""
    from ..verbs.close import close_file

    made = close_file(clip, out, seconds=seconds, fps=fps, cover=cover, trim=trim, rife=rife)
    for note in made["notes"]:
        click.echo(f"{clip}: {note}", err=True)
    if as_json:
        echo_json(made)
    else:
        verdict = "passed" if made["judgement"]["passed"] else "; ".join(made["judgement"]["problems"])
        click.echo(f"{out}  {made['frames']} frames at {made['fps']:g} a second  {verdict}")
