"""What became of every clip: `report.jsonl` for scripts, `report.html` for people."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..core.files import write_text
from .calibration import LETTERING
from .make import Part
from .sort import Clip

WHY = {
    "unreadable": "cannot be read",
    "short": "is shorter than a clip",
    "small": "is too small",
    "cut": "a hard cut lies in it",
    "dark": "is too dark",
    "still": "nothing moves",
    "flicker": "its light flickers",
    "camera": "the camera moves",
    "lettering": "is mostly lettering",
    "open": "its end does not meet its beginning",
    "duplicate": "is the same as",
}
_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1180px;padding:0 1rem;background:#111;color:#ddd}
h1,h2{font-weight:600}.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:1.2rem}
figure{margin:0;background:#1c1c1c;border-radius:10px;overflow:hidden}video,img{width:100%;display:block}
figcaption{padding:.7rem .9rem;overflow-wrap:anywhere}b{color:#fff}.bad{color:#ff9c7a}small{color:#999;display:block}
"""
_PLAY = """<script>
for (const [event, act] of [["mouseover", "play"], ["mouseout", "pause"], ["touchstart", "play"]])
  document.addEventListener(event, e => e.target.tagName == "VIDEO" && e.target[act](), {passive: true});
</script>"""


def row_of(clip: Clip, parts: Mapping[str, Part], out: Path) -> dict[str, Any]:
    """One line of the report; paths are relative to `out`."""
    measured = clip.measured
    row: dict[str, Any] = {
        "clip": clip.name,
        "source": clip.source.shown,
        "title": clip.source.title,
        "kept": clip.kept,
        "reasons": list(clip.reasons),
        "problem": clip.problem,
        "like": clip.like,
        "told": clip.told,
        "poster": f"posters/{clip.source.name}.jpg" if measured else None,
    }
    if measured is not None:
        told = measured.to_dict()
        row["measures"] = {name: told[name] for name in ("still", "flicker", "camera", "bright", "closes", "lettering")}
        row |= {"notes": list(measured.notes), "seconds": measured.seconds, "fps": round(float(measured.rate), 3)}
    if clip.kept:
        row["repeats"] = clip.repeats
        row["files"] = {
            name: {
                "path": part.path.relative_to(out).as_posix(),
                "frames": len(part.frames),
                "width": part.size.width,
                "height": part.size.height,
            }
            for name, part in parts.items()
        }
    return row


def write_report(out: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Raises UsageError when it cannot be written."""
    write_text(out / "report.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    write_text(out / "report.html", page(rows))


def page(rows: Sequence[Mapping[str, Any]]) -> str:
    """Every clip, kept and dropped, and why; opens from disk beside the clips."""
    groups = [("Kept", [row for row in rows if row["kept"]]), ("Dropped", [row for row in rows if not row["kept"]])]
    parts = [
        f"<h2>{name}: {len(group)}</h2><div class=grid>{''.join(map(_figure, group))}</div>" for name, group in groups
    ]
    told = (
        "<p>A clip is overruled by its name on a line of <code>keep.txt</code> or <code>drop.txt</code> in this "
        "folder, and another run.</p>"
    )
    return (
        f'<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Clips for training</title><style>{_STYLE}</style>"
        f"<h1>Clips for training</h1>{told}{''.join(parts)}{_PLAY}\n"
    )


def _figure(row: Mapping[str, Any]) -> str:
    poster = html.escape(quote(row["poster"] or ""))
    seen = f'<img loading=lazy src="{poster}" alt="">' if poster else ""
    if row["kept"]:
        video = html.escape(quote(row["files"]["time"]["path"]))
        seen = f'<video muted loop playsinline preload=none poster="{poster}" src="{video}"></video>'
    lines = [f"<b>{html.escape(row['clip'])}</b>", f"<small>{html.escape(row['source'])}</small>"]
    lines += [f"<small>{html.escape(row['title'])}</small>"] if row["title"] else []
    lines += [f"<div class=bad>{html.escape(why)}</div>" for why in told(row)]
    lines += [f"<small>{html.escape(note)}</small>" for note in notes(row)]
    return f"<figure>{seen}<figcaption>{''.join(lines)}</figcaption></figure>"


def told(row: Mapping[str, Any]) -> list[str]:
    """Why, in words."""
    lines = [
        " ".join(filter(None, (WHY[reason], row["like"] if reason == "duplicate" else ""))) for reason in row["reasons"]
    ]
    return [*lines, *filter(None, (row["problem"], row["told"] and f"{row['told']} says so"))]


def notes(row: Mapping[str, Any]) -> list[str]:
    measures = row.get("measures")
    if measures is None:
        return []
    figures = f"moves {measures['still']:.2f}, flicker {measures['flicker']:.2f}, camera {measures['camera']:.3f}"
    lines = ["closes" if measures["closes"] else "does not close", figures, *row["notes"]]
    if (measures["lettering"] or 0) > LETTERING.told:
        lines.append(f"lettering or a watermark on {measures['lettering']:.1%} of it")
    return lines
