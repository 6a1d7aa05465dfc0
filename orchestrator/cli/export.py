"""`coverloop export`: finished loops for the places that show them."""

from __future__ import annotations

from pathlib import Path

import click

from .options import PATH, debug_option, echo_json, json_option, presets_option, way_option


@click.command()
@click.argument("loops", nargs=-1, required=True, type=PATH, metavar="LOOP...")
@presets_option(required=True)
@click.option("--out", type=PATH, help="Folder for the files; made if need be.  [default: beside the loop]")
@way_option
@click.option("--title", default="", help="Title in the files.  [default: as the loop's sidecar says]")
@click.option("--artist", default="", help="Artist in the files.  [default: as the loop's sidecar says]")
@json_option
@debug_option
def export(
    loops: tuple[Path, ...],
    presets: tuple[str, ...],
    out: Path | None,
    way: str,
    title: str,
    artist: str,
    as_json: bool,
) -> None:
    """Write finished LOOPs for the places that show them: <stem>.<preset>.mp4 and so on, each with a poster. No server.

    Exit code 1 when a place would refuse a file or the judge does not pass it.
    """
    from ..verbs.export import Words, export_loops

    made = export_loops(loops, presets, out, way=way, words=Words(title, artist))
    if as_json:
        echo_json({"files": [one.to_dict() for one in made]})
    else:
        for one in made:
            click.echo(f"{one.video}  {'; '.join(one.problems) or 'passed'}")
            for note in one.notes:
                click.echo(f"    {note}")
    if any(one.problems for one in made):
        raise SystemExit(1)
