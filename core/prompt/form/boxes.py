"""Boxes as vision-language models write them -> pixels of the cover.

Every family has a habit of its own: Gemini writes [ymin, xmin, ymax, xmax] in 0..1000, Qwen2-VL and Qwen3-VL
[x0, y0, x1, y1] in 0..1000, Qwen2.5-VL [x0, y0, x1, y1] in pixels of the picture it was sent (after its own resizing).
Models slip out of their habit, so a list of boxes that cannot be what the habit says is read in the other ways; it is
repaired only when exactly one of them makes sense, or when the lettering the detector found settles the matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from ...errors import CoverLoopError

Point = tuple[float, float]
Outline = list[Point]  # two corners of a box, or the points of a polygon
Box = tuple[float, float, float, float]  # x0, y0, x1, y1

# A box whose every coordinate lies within this share of the scale would be a speck in the corner: a sign that the
# numbers are on a smaller scale (0..1 read as 0..1000).
_SPECK = 0.02
_SLACK = 0.02  # how far over the border a box may reach before it is called outside
_AGREES, _DISAGREES = 0.5, 0.2  # mean overlap with the detector's boxes that settles an axis order


class BadAnswer(CoverLoopError):
    """A model's answer does not follow its schema; the message is what is sent back to the model."""


@dataclass(frozen=True)
class BoxStyle:
    """How a model writes boxes. `order` is "xy" or "yx"; `scale` is "1000", "1" or "pixels" of the picture sent."""

    order: str
    scale: str

    def words(self, width: int, height: int) -> str:
        """The request for this format, for the question sent to the model. width, height: of the picture sent, px."""
        names = "[x0, y0, x1, y1]" if self.order == "xy" else "[ymin, xmin, ymax, xmax]"
        if self.scale == "pixels":
            return f"{names} in pixels of this {width}x{height} picture"
        return f"{names}, whole numbers from 0 to 1000 relative to the picture's size"


GEMINI = BoxStyle("yx", "1000")
RELATIVE = BoxStyle("xy", "1000")
PIXELS = BoxStyle("xy", "pixels")


def style_of(model: str) -> BoxStyle:
    """The habit of a model, by its name. Unknown models are asked for, and held to, 0..1000 x first."""
    name = model.lower().replace("_", ".").replace("-", "")
    if "gemini" in name or "gemma" in name:
        return GEMINI
    return PIXELS if "qwen2.5vl" in name else RELATIVE


def to_pixels(
    outlines: Sequence[Outline],
    style: BoxStyle,
    sent: tuple[int, int],
    cover: tuple[int, int],
    known: Sequence[Box] = (),
) -> tuple[list[Outline], str]:
    """Outlines as a model wrote them -> outlines in pixels of the cover, x first, and what had to be repaired ("").

    outlines: each two corners or at least three points, numbers as written. sent, cover: (width, height) in px.
    known: boxes in cover pixels that the text detector found, as evidence.

    Raises:
        BadAnswer: no reading, or more than one, makes sense of the numbers.
    """
    if not outlines:
        return [], ""
    readings: dict[tuple[str, str, bool], list[Outline]] = {}
    for order, scale, extent in product(("xy", "yx"), ("1000", "1", "pixels"), (False, True)):
        reading = _read(outlines, order, scale, extent, sent)
        if reading is not None:
            readings[order, scale, extent] = reading
    unit_known = [_unit(box, cover) for box in known]
    habit = (style.order, style.scale, False)
    chosen = _choose(readings, habit, unit_known)
    note = "" if chosen == habit else f"boxes read as {_describe(chosen)} instead of {_describe(habit)}"
    width, height = cover
    return [[(x * width, y * height) for x, y in outline] for outline in readings[chosen]], note


def _choose(readings: dict, habit: tuple[str, str, bool], known: Sequence[Box]) -> tuple[str, str, bool]:
    fits = {key: _overlap(reading, known) for key, reading in readings.items()} if known else {}
    rivals = _distinct({key: value for key, value in readings.items() if key != habit})
    if habit in readings:
        if fits and fits[habit] < _DISAGREES:
            better = [key for key in rivals if fits[key] >= _AGREES]
            if len(better) == 1:
                return better[0]
        return habit
    # One slip at a time: a wrong scale, a swapped order, or a width and height in place of a corner.
    near = [key for key in rivals if sum(one != other for one, other in zip(key, habit, strict=True)) == 1]
    if len(near) == 1:
        return near[0]
    if fits:
        better = [key for key in rivals if fits[key] >= _AGREES]
        if len(better) == 1:
            return better[0]
    raise BadAnswer(f"the boxes are not {_describe(habit)}; write them exactly so")


def _read(outlines: Sequence[Outline], order: str, scale: str, extent: bool, sent: tuple[int, int]):
    """The outlines in 0..1, x first, under one reading; None where it makes no sense. `extent`: x, y, width, height."""
    width, height = {"1000": (1000, 1000), "1": (1, 1), "pixels": sent}[scale]
    result, largest = [], 0.0
    for outline in outlines:
        points = [(a, b) if order == "xy" else (b, a) for a, b in outline]
        if extent:
            if len(points) != 2:
                return None
            points[1] = (points[0][0] + points[1][0], points[0][1] + points[1][1])
        points = [(x / width, y / height) for x, y in points]
        if any(not math.isfinite(v) or v < -_SLACK or v > 1 + _SLACK for point in points for v in point):
            return None
        if len(points) == 2 and not (points[0][0] < points[1][0] and points[0][1] < points[1][1]):
            return None
        largest = max(largest, *(v for point in points for v in point))
        result.append([(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)) for x, y in points])
    return None if largest < _SPECK else result


def _distinct(readings: dict) -> list:
    """One key for each set of readings that come to the same boxes (a square picture has fewer than six)."""
    kept: list = []
    for key, reading in readings.items():
        if not any(_same(reading, readings[other]) for other in kept):
            kept.append(key)
    return kept


def _same(a: list[Outline], b: list[Outline]) -> bool:
    pairs = zip(a, b, strict=True)
    return all(abs(p - q) < 0.01 for one, two in pairs for u, v in zip(one, two, strict=True) for p, q in zip(u, v))  # noqa: B905


def bounds(outline: Sequence[Point]) -> Box:
    """The smallest upright box around an outline."""
    xs, ys = [p[0] for p in outline], [p[1] for p in outline]
    return min(xs), min(ys), max(xs), max(ys)


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (area(a) + area(b) - shared)


def area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _overlap(outlines: list[Outline], known: Sequence[Box]) -> float:
    best = [max(iou(bounds(outline), box) for box in known) for outline in outlines]
    return sum(best) / len(best)


def _unit(box: Box, cover: tuple[int, int]) -> Box:
    width, height = cover
    return box[0] / width, box[1] / height, box[2] / width, box[3] / height


def _describe(reading: tuple[str, str, bool]) -> str:
    order, scale, extent = reading
    corners = {"xy": "[x0, y0, x1, y1]", "yx": "[ymin, xmin, ymax, xmax]"}[order]
    if extent:
        corners = {"xy": "[x, y, width, height]", "yx": "[y, x, height, width]"}[order]
    return corners + {"1000": " in 0-1000", "1": " in 0-1", "pixels": " in pixels of the picture"}[scale]
