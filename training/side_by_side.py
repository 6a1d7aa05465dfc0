"""`compare.html`: loops side by side, a row a cover and a column a combination; opens from disk beside the loops."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from .steadiness import PARTS

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:1600px;padding:0 1rem;background:#111;color:#ddd}
h1,h2{font-weight:600}.wide{overflow-x:auto}table{border-collapse:separate;border-spacing:.5rem}
th{font-weight:600;text-align:left;vertical-align:bottom;overflow-wrap:anywhere}
.loops td{vertical-align:top;min-width:150px;width:260px;background:#1c1c1c;border-radius:8px;overflow:hidden}
.loops tbody th{position:sticky;left:0;background:#111;vertical-align:top;min-width:5.5rem;max-width:9rem;z-index:1}
video{width:100%;display:block}p{overflow-wrap:anywhere}.note{padding:.4rem .6rem;overflow-wrap:anywhere}
.figures td{text-align:right;font-variant-numeric:tabular-nums;padding:0 .6rem}
.figures th{padding-right:1rem;min-width:4rem;overflow-wrap:normal}
summary{cursor:pointer}
@media(max-width:600px){.loops tbody th{position:static;min-width:4rem;max-width:5rem}}
.bad{color:#ff9c7a}.good{color:#8fd694}small{color:#999;display:block}
"""


def page(cells: Sequence[Mapping[str, Any]], labels: Sequence[str], told: Mapping[str, Any]) -> str:
    """cells: rows of compare.jsonl; told: what compare.json says."""
    covers = list(dict.fromkeys(cell["cover"] for cell in cells))
    found = {(cell["cover"], cell["combination"]): cell for cell in cells}
    head = "".join(f"<th scope=col>{html.escape(label)}</th>" for label in labels)
    body = "".join(
        f"<tr><th scope=row>{html.escape(cover)}</th>"
        f"{''.join(_loop(found.get((cover, label))) for label in labels)}</tr>"
        for cover in covers
    )
    still = told["still"]
    notes = [told["says"]] + ([f"Hardly moves, so not compared: {', '.join(still)}."] if still else [])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>LoRAs compared</title><style>{_STYLE}</style><h1>LoRAs compared</h1>"
        f"{''.join(f'<p>{html.escape(note)}</p>' for note in notes)}"
        f'<div class=wide tabindex=0><table class=loops><thead><tr><td style="all:unset"></td>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{_figures(cells, labels, told)}</html>\n"
    )


def _loop(cell: Mapping[str, Any] | None) -> str:
    if cell is None or "video" not in cell:
        why = "is not there" if cell is None else cell["error"] or cell["state"]
        return f'<td><div class="note bad">&#x2715; {html.escape(why)}</div></td>'
    video, poster = (html.escape(quote(cell[kind])) for kind in ("video", "poster"))
    amount = "" if cell["unrest"] is None else f"unrest {cell['unrest']:.3f}, "
    verdict = f"{amount}<span class=good>passed</span>"
    if not cell["passed"]:
        reasons = "".join(f"<small>{html.escape(problem)}</small>" for problem in cell["problems"])
        verdict = f"<details><summary>{amount}<span class=bad>does not pass</span></summary>{reasons}</details>"
    return (
        f'<td><video src="{video}" poster="{poster}" autoplay muted loop playsinline></video>'
        f"<div class=note>{verdict}</div></td>"
    )


def _figures(cells: Sequence[Mapping[str, Any]], labels: Sequence[str], told: Mapping[str, Any]) -> str:
    head = "".join(f"<th scope=col>{name}</th>" for name in ("loops", "unrest", *PARTS, "motion, px/s"))
    rows = []
    for label in labels:
        done = [cell for cell in cells if cell["combination"] == label and "video" in cell]
        values = [[cell["unrest"] for cell in done], *([cell["parts"][name] for cell in done] for name in PARTS)]
        values.append([cell["motion_mean"] for cell in done])
        shown = "".join(f"<td>{_mean(column)}</td>" for column in values)
        rows.append(f"<tr><th scope=row>{html.escape(label)}</th><td>{len(done)}</td>{shown}</tr>")
    against = "".join(
        f"<li>{html.escape(row['than'])}: {row['by']:+.3f}, {row['from_to'][0]:+.3f} to {row['from_to'][1]:+.3f}</li>"
        for row in told["against"]
    )
    more = (
        f"<h2>More unrest than {html.escape(told['steadiest'])}</h2><p>Mean over {told['covers']} covers, and an "
        f"interval by a paired bootstrap; where it holds 0 it may be chance.</p><ul>{against}</ul>"
        if against
        else ""
    )
    return (
        f"<h2>Figures</h2><p>Means. 0 is perfectly steady, 1 the limit of the judge; unrest is the mean of the four."
        f"</p><div class=wide tabindex=0><table class=figures><thead><tr><td></td>{head}</tr></thead><tbody>"
        f"{''.join(rows)}</tbody></table></div>{more}"
    )


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known) / len(known):.3f}" if known else "&ndash;"
