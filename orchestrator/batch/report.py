"""What a batch did: `report.jsonl` for scripts, `report.html` for people (one file beside the loops, opens from
disk)."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..disk.files import write_whole
from .tasks import Outcome, OutcomeState

STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1180px;padding:0 1rem;background:#111;color:#ddd}
h1{font-weight:600}a{color:#8ab8ff}.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:1.2rem}
figure{margin:0;background:#1c1c1c;border-radius:10px;overflow:hidden}video,img{width:100%;display:block}
figcaption{padding:.7rem .9rem}b{color:#fff}.bad{color:#ff9c7a}.good{color:#8fd694}small{color:#999}
ul{margin:.3rem 0;padding-left:1.1rem}
.gap{aspect-ratio:1;display:grid;place-items:center;background:#2a1a16;font-size:3rem}
"""
PLAY = """<script>
for (const [event, act] of [["mouseover", "play"], ["mouseout", "pause"], ["touchstart", "play"]])
  document.addEventListener(event, e => e.target.tagName == "VIDEO" && e.target[act](), {passive: true});
</script>"""


def row_of(outcome: Outcome, folder: Path) -> dict[str, Any]:
    """One line of the report; paths are relative to `folder`."""
    row, entry = outcome.row, outcome.entry
    facts: dict[str, Any] = {
        "row": row.number,
        "cover": str(row.cover),
        "title": row.title,
        "artist": row.artist,
        "state": outcome.state.value,
        "passed": outcome.good,
        "error": outcome.error,
        "problems": list(outcome.problems),
        "reused": outcome.reused,
        "server": outcome.server,
        "seconds": round(outcome.seconds, 3),
        "attempts": outcome.attempts,
        "job": entry.key if entry else None,
    }
    if outcome.state is OutcomeState.DONE and outcome.stem and entry and entry.video:
        stem = outcome.stem.relative_to(folder).as_posix()
        facts |= {"video": stem + entry.video.suffix, "poster": stem + ".jpg", "sidecar": stem + ".json"}
    return facts | ({"places": list(outcome.places)} if outcome.places else {})


def counts_of(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many covers ended how; `passed` are the done ones whose judgement passed."""
    counts = {"covers": len(outcomes), "passed": sum(outcome.good for outcome in outcomes)}
    for outcome in outcomes:
        counts[outcome.state.value] = counts.get(outcome.state.value, 0) + 1
    return counts


def write_report(outcomes: Sequence[Outcome], folder: Path, seconds: float, retries: int) -> Path:
    """Write both reports into `folder`; returns the HTML one. Raises UsageError when they cannot be written."""
    rows = [row_of(outcome, folder) for outcome in outcomes]
    write_whole(folder / "report.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    counts = counts_of(outcomes)
    summary = ", ".join(f"{count} {name}" for name, count in counts.items())
    summary += f"; {seconds / 60:.1f} minutes, {retries} attempts that had to be repeated"
    cards = "\n".join(map(_card, rows))
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>coverloop: {counts['covers']} covers</title><style>{STYLE}</style>{PLAY}"
        f'<h1>{counts["covers"]} covers</h1><p>{html.escape(summary)}</p><div class="grid">\n{cards}\n</div></html>\n'
    )
    path = folder / "report.html"
    write_whole(path, page)
    return path


def _card(row: Mapping[str, Any]) -> str:
    name = html.escape(" - ".join(filter(None, (row["artist"], row["title"]))) or Path(row["cover"]).name)
    if row["state"] == "done":
        video, poster, sidecar = (quote(row[kind]) for kind in ("video", "poster", "sidecar"))
        picture = f'<video src="{video}" poster="{poster}" loop muted playsinline preload="none"></video>'
        link = f' <a href="{sidecar}">details</a>'
    else:
        picture, link = '<div class="gap">&#x2715;</div>', ""
    verdict = "passed" if row["passed"] else "does not pass" if row["state"] == "done" else row["state"]
    colour = "good" if row["passed"] else "bad"
    remarks = [row["error"], *row["problems"]]
    items = "".join(f"<li>{html.escape(remark)}</li>" for remark in remarks if remark)
    origin = (
        "from the store"
        if row["reused"]
        else f"{row['seconds']:.1f} s, {row['attempts']} attempt{'s' if row['attempts'] != 1 else ''}"
    )
    return (
        f"<figure>{picture}<figcaption><b>{name}</b><br><span class={colour}>{html.escape(verdict)}</span>"
        f"{'<ul>' + items + '</ul>' if items else ''}<br><small>{html.escape(Path(row['cover']).name)}; {origin}"
        f"{link}</small></figcaption></figure>"
    )
