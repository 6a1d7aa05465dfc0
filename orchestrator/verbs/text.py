"""`coverloop text`: the lettering of covers and what is behind it, on this machine."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...core.errors import UsageError
from ...core.image import read_cover
from ...core.lettering.find import find_text
from ...core.lettering.mask import find_glyphs
from ...core.lettering.regions import Which, decide_lift, named
from ...core.plate.clean import clean_plate
from ..disk.names import stems
from ..job.run import output_folder

log = logging.getLogger(__name__)

ENDINGS = (".mask.png", ".plate.png", ".text.json")


def write_text(
    covers: Sequence[Path], out: Path, keep: str | None = None, lift: str | None = None, hold: str | None = None
) -> list[dict[str, Any]]:
    """For each cover `<stem>.mask.png` (0 or 255, the size of the cover), `<stem>.plate.png` (the cover without
    lettering) and `<stem>.text.json` (regions: polygon, confidence, string, what became of them) in `out`.
    keep, lift, hold: which regions stay, come off or are held against the default, see `core.lettering.regions.named`.

    Raises:
        CoverError: a cover cannot be read; nothing is written for any of them then. UsageError: see `stems`.
    """
    places = stems(covers, output_folder(out))
    decide = {"keep": named(keep), "lift": named(lift), "hold": named(hold)}
    for cover in covers:
        read_cover(cover)
    return [_write_text(cover, place, decide) for cover, place in zip(covers, places, strict=True)]


def _write_text(path: Path, stem: Path, decide: dict[str, Which]) -> dict[str, Any]:
    cover = read_cover(path)
    glyphs = find_glyphs(cover.image, decide_lift(cover.image, find_text(cover.image), **decide))
    regions, mask = glyphs.regions, glyphs.mask
    plate = clean_plate(cover.image, mask)
    height, width = cover.image.shape[:2]
    listing = {
        "cover": path.name,
        "width": width,
        "height": height,
        "regions": [region.to_dict() for region in regions],
        "filler": plate.filler,
        "notes": [*cover.notes, *plate.notes],
    }
    hard = np.where(mask > 127 / 255, 255, 0).astype(np.uint8)
    texts = json.dumps(listing, ensure_ascii=False, indent=1) + "\n"
    contents = (_png(hard), _png(cv2.cvtColor(plate.image, cv2.COLOR_RGB2BGR)), texts.encode())
    names = [stem.with_name(stem.name + ending) for ending in ENDINGS]
    try:
        with tempfile.TemporaryDirectory(dir=stem.parent, prefix=".", suffix=".part") as scratch:
            parts = [Path(scratch) / name.name for name in names]
            for part, content in zip(parts, contents, strict=True):
                part.write_bytes(content)
            for part, name in zip(parts, names, strict=True):
                part.replace(name)
    except OSError as error:
        raise UsageError(
            f"{stem.parent}: cannot be written to ({error.strerror}); free space or change --out"
        ) from error
    keys = ("mask", "plate", "text")
    row = {"cover": str(path), **{key: str(name) for key, name in zip(keys, names, strict=True)}}
    return {**row, "regions": len(regions), "filler": plate.filler, "notes": listing["notes"]}


def _png(picture: np.ndarray) -> bytes:
    done, encoded = cv2.imencode(".png", picture)
    if not done:
        raise UsageError(f"a {picture.shape[1]}x{picture.shape[0]} picture cannot be encoded as PNG")
    return encoded.tobytes()
