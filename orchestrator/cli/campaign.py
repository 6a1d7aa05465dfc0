"""`coverloop campaign`: the set of pictures and loops of a release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import (
    PATH,
    debug_option,
    echo_json,
    force_option,
    json_option,
    read_settings,
    server_option,
    settings_option,
    stderr,
    way_option,
    workflow_option,
)


@click.command()
@click.argument("cover", type=PATH)
@click.option("--angles", default="left45,top,close", show_default=True, metavar="A,...", help="The other views.")
@click.option("--preset", "presets", default="square,canvas", show_default=True, metavar="P,...", help="Places.")
@click.option("--out", type=PATH, required=True, help="Folder for everything; made if need be.")
@workflow_option
@way_option
@click.option("--full", is_flag=True, help="Views in 20 steps without the LoRA for 8 of them.")
@click.option("--seed", type=int, help="Another seed, other views.  [default: the workflow's]")
@click.option("--clip", type=PATH, metavar="FILE", help="A CLIP image model (ONNX) that judges Identity.")
@settings_option
@force_option
@server_option
@json_option
@debug_option
def campaign(
    cover: Path,
    angles: str,
    presets: str,
    out: Path,
    workflow: str,
    way: str,
    full: bool,
    seed: int | None,
    clip: Path | None,
    settings: tuple[str, ...],
    force: bool,
    server: str | None,
    as_json: bool,
) -> None:
    """Make the set that a release shows: views of COVER (as `coverloop views`), of it and of each view a loop for every
    place (as `coverloop render --preset`; --workflow and --set are those of the loops), and campaign.html with all."""
    from ..verbs.campaign import Campaign, make_campaign
    from ..verbs.views import FULL, Asked

    given: dict[str, Any] = {**(FULL if full else {}), **({} if seed is None else {"seed": seed})}
    views = Asked(cover, angles, out, clip, given)
    made = make_campaign(Campaign(views, [presets], workflow, read_settings(settings), way), server, stderr, force)
    rows = made["pictures"]
    if as_json:
        echo_json(made)
    else:
        for row in rows:
            for file in row["files"]:
                click.echo(f"{out / file['video']}  {'; '.join(file['problems']) or 'passed'}")
            if row["error"]:
                click.echo(f"{row['angle']}  failed: {row['error']}")
        click.echo(f"{out / made['page']}")
    if any(row["error"] for row in rows):
        raise SystemExit(max(row["exit_code"] for row in rows))
