"""`coverloop campaign`: the set that a release shows: the cover and its views, loops of each for its places, a page."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.console import Console

from ...core.formats.registry import wanted
from ..batch.report import PLAY, STYLE
from ..disk.files import write_whole
from ..job.manifest import load_workflow
from .places import Placed, render_for_places
from .views import Asked, make_views

PAGE = "campaign.html"


@dataclass(frozen=True)
class Campaign:
    """views: what is asked of the views, and the folder for everything. presets: places the loops are for; workflow,
    given: what makes them, and its parameters; way: how another shape is made."""

    views: Asked
    presets: Sequence[str]
    workflow: str
    given: Mapping[str, Any] = field(default_factory=dict)
    way: str = "auto"


def make_campaign(asked: Campaign, server: str | None, console: Console, force: bool = False) -> dict[str, Any]:
    """Write the views, a loop of the cover and of each view for every place, and a page that shows them all; returns
    what was made, a row a picture.

    Raises:
        UsageError, CoverError, ModelError: the call must be mended; before a server is asked for anything.
        ServerError, JobError: no usable server, or the views failed. What fails later for one picture is in its row.
    """
    wanted(asked.presets)
    load_workflow(asked.workflow).read_values(asked.given)
    record = make_views(asked.views, server, console)
    out, cover = asked.views.out, asked.views.cover
    pictures = [cover, *(out / row["picture"] for row in record["views"])]
    placed = render_for_places(
        pictures, out, asked.workflow, server, asked.given, asked.presets, console, way=asked.way, force=force
    )
    figures: list[Mapping[str, Any]] = [{"angle": "cover"}, *record["views"]]
    rows = [_row(one, figure, out) for one, figure in zip(placed, figures, strict=True)]
    made = {"cover": cover.name, "workflow": asked.workflow, "pictures": rows, "mean": record["mean"], "page": PAGE}
    write_whole(out / PAGE, _page(made))
    return made


def _row(placed: Placed, figure: Mapping[str, Any], out: Path) -> dict[str, Any]:
    row = {"angle": figure["angle"], "composite": figure.get("composite"), "stands_out": figure.get("stands_out", "")}
    row |= {"error": placed.error, "exit_code": placed.exit_code}
    files = [
        {
            "preset": made.wanted.id,
            "video": made.video.relative_to(out).as_posix(),
            "poster": made.poster.relative_to(out).as_posix(),
            "problems": made.problems,
        }
        for made in placed.files
    ]
    return {**row, "files": files}


def _page(made: Mapping[str, Any]) -> str:
    name = html.escape(made["cover"])
    cards = "\n".join(_card(row, file) for row in made["pictures"] for file in row["files"] or [None])
    mean = made["mean"]["composite"]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>coverloop: {name}</title><style>{STYLE}</style>{PLAY}<h1>{name}</h1>"
        f"<p>{len(made['pictures'])} pictures; the views agree with the cover to {mean:.0f} of 100; "
        f'loops by {html.escape(made["workflow"])}</p><div class="grid">\n{cards}\n</div></html>\n'
    )


def _card(row: Mapping[str, Any], file: Mapping[str, Any] | None) -> str:
    agrees = "" if row["composite"] is None else f"agrees to {row['composite']:.0f} of 100 {row['stands_out']}"
    if file is None:
        shown, remarks, title = '<div class="gap">&#x2715;</div>', [row["error"]], row["angle"]
    else:
        video, poster = quote(file["video"]), quote(file["poster"])
        playable = Path(file["video"]).suffix in (".mp4", ".webm", ".mov")
        shown = (
            f'<video src="{video}" poster="{poster}" loop muted playsinline preload="none"></video>'
            if playable
            else f'<a href="{video}"><img src="{poster}" alt=""></a>'
        )
        remarks, title = file["problems"], f"{row['angle']}: {file['preset']}"
    items = "".join(f"<li>{html.escape(remark)}</li>" for remark in remarks)
    verdict = f"<span class=bad>does not pass</span><ul>{items}</ul>" if items else "<span class=good>passed</span>"
    return (
        f"<figure>{shown}<figcaption><b>{html.escape(title)}</b><br>{verdict}"
        f"<br><small>{html.escape(agrees)}</small></figcaption></figure>"
    )
