"""`coverloop text`: the lettering of covers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import (
    covers_argument,
    debug_option,
    hold_text_option,
    json_option,
    keep_text_option,
    lift_text_option,
    out_option,
    report,
)


@click.command()
@covers_argument
@out_option
@keep_text_option
@lift_text_option
@hold_text_option
@json_option
@debug_option
def text(
    covers: tuple[Path, ...],
    out: Path,
    keep_text: str | None,
    lift_text: str | None,
    hold_text: str | None,
    as_json: bool,
) -> None:
    """Find the lettering of COVERs: <stem>.mask.png (0/255), <stem>.plate.png and <stem>.text.json in --out. No
    server."""
    from ..verbs.text import write_text

    report(write_text(covers, out, keep_text, lift_text, hold_text), "covers", as_json, _text_line)


def _text_line(row: dict[str, Any]) -> str:
    return f"{row['mask']}  {row['regions']} pieces of lettering, plate filled by {row['filler']}"
