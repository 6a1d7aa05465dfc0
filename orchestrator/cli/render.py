"""`coverloop render`: some covers into loops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...core.errors import UsageError
from .options import (
    PATH,
    debug_option,
    echo_json,
    force_option,
    hold_text_option,
    json_option,
    keep_text_option,
    lift_text_option,
    presets_option,
    read_settings,
    server_option,
    settings_option,
    stderr,
    way_option,
    workflow_option,
)


@click.command()
@click.argument("covers", nargs=-1, type=PATH, metavar="COVER...")
@click.option("--out", type=PATH, help="Folder for the files; made if need be.  [required for COVERs]")
@workflow_option
@server_option
@click.option("--size", type=int, help="Shorter side in pixels; the aspect is kept.  [default: the workflow's, 1080]")
@click.option("--seconds", type=float, help="Length of one turn.  [default: the workflow's, 4]")
@click.option("--fps", type=float, help="Frames per second.  [default: the workflow's, 24]")
@click.option("--motion", metavar="M", help="calm, alive, or what you wish for: 'rain, slow'.  [default: as it suits]")
@click.option("--seed", type=int, help="Another seed, another motion.  [default: the workflow's]")
@click.option("--song", type=PATH, metavar="FILE", help="A song to follow: whole bars, light on its beats, its mood.")
@click.option(
    "--section",
    default="",
    metavar="WHICH",
    help="A part of it: its number, or 62-80.  [default: loudest]",
)
@keep_text_option
@lift_text_option
@hold_text_option
@presets_option()
@way_option
@click.option(
    "--beside",
    "albums",
    multiple=True,
    type=PATH,
    metavar="FOLDER",
    help="An album folder, in place of COVERs: its cover as cover.mp4 and cover.webm beside its audio files.",
)
@settings_option
@force_option
@json_option
@debug_option
def render(
    covers: tuple[Path, ...],
    out: Path | None,
    workflow: str,
    server: str | None,
    settings: tuple[str, ...],
    presets: tuple[str, ...],
    way: str,
    albums: tuple[Path, ...],
    force: bool,
    as_json: bool,
    song: Path | None,
    section: str,
    **named: Any,
) -> None:
    """Render COVERs: <stem>.mp4, <stem>.jpg (poster) and <stem>.json (sidecar with the judgement) in --out.

    With --preset there is <stem>.<preset>.mp4 (or what it asks for) and a poster for each place instead.

    What was rendered before, from the same cover with the same parameters, is copied from the store at once.
    """
    from ..verbs.render import render_all

    given = {**read_settings(settings), **{name: value for name, value in named.items() if value is not None}}
    if albums and (covers or presets):
        raise UsageError("--beside takes its cover from the album folder; leave out COVERs and --preset")
    if section and song is None:
        raise UsageError("--section is of a song; give --song as well")
    if song is not None:
        from ..verbs.follow import song_values

        given = song_values(song, section, workflow, given)
    if albums:
        return _beside(albums, workflow, server, given, force, as_json)
    if not covers or out is None:
        raise UsageError("give COVERs and --out, the folder for their loops, or an album folder with --beside")
    if presets:
        return _for_places(covers, out, workflow, server, given, presets, way, force, as_json)
    results = render_all(covers, out, workflow, server, given, stderr, force)
    if as_json:
        echo_json({"loops": [result.to_dict() for result in results]})
    else:
        for result in results:
            click.echo(result.line())
    if any(result.error for result in results):
        raise SystemExit(max(result.exit_code for result in results))


def _beside(albums, workflow, server, given, force, as_json) -> None:
    from ..verbs.beside import render_beside

    made = render_beside(albums, workflow, server, given, stderr, force)
    if as_json:
        echo_json({"albums": [one.to_dict() for one in made]})
    else:
        for line in (line for one in made for line in one.told()):
            click.echo(line)
    if any(one.error for one in made):
        raise SystemExit(max(one.exit_code for one in made))


def _for_places(covers, out, workflow, server, given, presets, way, force, as_json) -> None:
    from ..verbs.places import render_for_places

    placed = render_for_places(covers, out, workflow, server, given, presets, stderr, way=way, force=force)
    if as_json:
        echo_json({"covers": [one.to_dict() for one in placed]})
    else:
        for line in (line for one in placed for line in one.told()):
            click.echo(line)
    if any(one.error for one in placed):
        raise SystemExit(max(one.exit_code for one in placed))
