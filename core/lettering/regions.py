"""A region of lettering, and who decides whether it comes off the plate."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import cv2
import numpy as np

from ..errors import UsageError
from .calibration import FINDING

Which = Literal["all"] | Collection[int | str] | None


@dataclass(frozen=True)
class TextRegion:
    """One line of lettering. polygon: its outline in cover px, clockwise; angle: of its baseline, degrees, clockwise
    positive (as the picture is seen), in (-90, 90]; confidence 0..1; text: the string, or None where it was not read;
    read_by: who read it ("" nobody, or a person); lift: taken off the plate (True) or left in the picture (False), and
    the reason in words; moves: what is left moves with the picture (True) or is held still (False)."""

    polygon: tuple[tuple[float, float], ...]
    confidence: float
    text: str | None = None
    angle: float = 0.0
    lift: bool = True
    reason: str = ""
    moves: bool = False
    read_by: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "polygon": [[round(x, 1), round(y, 1)] for x, y in self.polygon],
            "confidence": round(self.confidence, 3),
            "text": self.text,
            "read_by": self.read_by,
            "angle": round(self.angle, 1),
            "lift": self.lift,
            "reason": self.reason,
            "moves": self.moves,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TextRegion:
        """Raises UsageError when `data` is not what `to_dict` writes."""
        try:
            polygon = tuple((float(x), float(y)) for x, y in data["polygon"])
            text = data.get("text")
            region = cls(
                polygon=polygon,
                confidence=float(data.get("confidence", 1.0)),
                text=None if text is None else str(text),
                angle=float(data.get("angle", 0.0)),
                lift=bool(data.get("lift", True)),
                reason=str(data.get("reason", "")),
                moves=bool(data.get("moves", False)),
                read_by=str(data.get("read_by", "")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(f"not a text region ({error}); it needs polygon: [[x, y], ...] in pixels") from error
        numbers = [region.confidence, region.angle, *(value for point in polygon for value in point)]
        if len(polygon) < 3 or not all(math.isfinite(value) for value in numbers):
            raise UsageError(f"not a text region: polygon of {len(polygon)} points; it needs 3 or more, all finite")
        return region


def in_reading_order(regions: list[TextRegion]) -> list[TextRegion]:
    """Rows from top to bottom, each from left to right; a region joins a row when its middle lies inside the row."""
    rows: list[tuple[float, float, list[tuple[float, TextRegion]]]] = []
    boxes = [(np.asarray(region.polygon), region) for region in regions]
    for points, region in sorted(boxes, key=lambda pair: float(pair[0][:, 1].mean())):
        (x0, y0), (_, y1) = points.min(0), points.max(0)
        middle = float(y0 + y1) / 2
        if rows and rows[-1][0] <= middle <= rows[-1][1]:
            rows[-1][2].append((float(x0), region))
        else:
            rows.append((float(y0), float(y1), [(float(x0), region)]))
    return [region for _, _, row in rows for _, region in sorted(row, key=lambda pair: pair[0])]


def decide_lift(
    cover: np.ndarray, regions: Sequence[TextRegion], *, keep: Which = None, lift: Which = None, hold: Which = None
) -> list[TextRegion]:
    """Decide which regions come off the plate (lift) and which stay in the picture (hold: still; keep: moving with it).

    Offline default: overlaid type is lifted; what is tiny beside the rest of the lettering and read by nobody is held,
    for it is a sign in the scene more often than a credit; so is the small type of a page. `keep`, `hold` and `lift`
    are a person's word and win over the default: "all", or a collection of indices into `regions` and of strings
    (matched without case, as part of the region's text). `lift` wins over `hold`, and `hold` over `keep`, where they
    name one region.

    Raises:
        UsageError: an index is out of range or a string matches no region.
    """
    decided = _without_page([_default(cover, region, regions) for region in regions])
    asked = (
        (keep, {"lift": False, "moves": True, "reason": "kept as asked"}),
        (hold, {"lift": False, "moves": False, "reason": "held as asked"}),
        (lift, {"lift": True, "moves": False, "reason": "lifted as asked"}),
    )
    for which, how in asked:
        for index in _chosen(which, regions):
            decided[index] = replace(decided[index], **how)
    return decided


def named(words: str | None) -> Which:
    """What a person writes in a box or on a command line: "all", or "0, NIGHT DRIVE" -> [0, "NIGHT DRIVE"].

    None when nothing is named.
    """
    parts = [part.strip() for part in (words or "").split(",") if part.strip()]
    if [part.lower() for part in parts] == ["all"]:
        return "all"
    return [int(part) if part.isdecimal() else part for part in parts] or None


def _default(cover: np.ndarray, region: TextRegion, regions: Sequence[TextRegion]) -> TextRegion:
    def area(one: TextRegion) -> float:
        return float(cv2.contourArea(np.asarray(one.polygon, np.float32)))

    largest = max(area(one) for one in regions)
    tiny = area(region) < 0.01 * largest and area(region) < FINDING.tiny * cover.shape[0] * cover.shape[1]
    if tiny and region.text is None:
        return replace(region, lift=False, reason="tiny and unread: part of the scene")
    return replace(region, lift=True, reason="overlaid type")


def _without_page(regions: list[TextRegion]) -> list[TextRegion]:
    """So many lines are a page in the scene, a newspaper or a sheet: its headlines may be lifted, the rest is held."""
    if len(regions) <= FINDING.page_lines:
        return regions
    heights = [min(cv2.minAreaRect(np.asarray(region.polygon, np.float32))[1]) for region in regions]
    headline = FINDING.headline * float(np.median(heights))
    return [
        region if high >= headline else replace(region, lift=False, reason="one of the many lines of a page")
        for region, high in zip(regions, heights, strict=True)
    ]


def _chosen(which: Which, regions: Sequence[TextRegion]) -> list[int]:
    if which is None:
        return []
    if which == "all":
        return list(range(len(regions)))
    chosen = []
    for item in which:
        if isinstance(item, str):
            matches = [i for i, region in enumerate(regions) if item.casefold() in (region.text or "").casefold()]
            if not matches:
                raise UsageError(
                    f"{item!r}: no lettering reads like this; name it by its number, 0 to {len(regions) - 1}"
                )
            chosen += matches
        elif 0 <= item < len(regions):
            chosen.append(int(item))
        else:
            raise UsageError(f"{item}: no such text region; the cover has {len(regions)}")
    return chosen
