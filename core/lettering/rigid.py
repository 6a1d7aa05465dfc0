"""Things on a cover that move in one piece or not at all: badges, stickers, codes.

Print on a label is found by others as lines of type; here the label is found that they stand on, so that it is held or
lifted whole. Told from edges and tones alone, without a network.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np

from ..pixels import reduced

_SIDE, _LABEL_SIDE = 720, 480
"""Shorter side, px, of the picture that codes and panels are looked for in, and that is cut by tones."""


@dataclass(frozen=True)
class Label:
    """Bounds of what counts as a label with print on it. Areas: parts of the picture."""

    least_area: float = 0.001
    most_area: float = 0.15
    filled: float = 0.86
    """Least part of its own rectangle or ellipse that its outline encloses."""
    printed: float = 0.12
    """Least part of it that lines of type take."""
    within: float = 0.85
    """Least part of a line's box that lies in the box of the label it belongs to."""
    levels: tuple[int, int, int] = (9, 4, 4)
    """At how many tones each channel of Lab is cut."""
    edges: tuple[float, ...] = (8.0, 14.0)
    """Levels of Lab per px from which on there is an edge."""
    roundest: float = 1.35
    """Longest by shortest axis of a disc."""


@dataclass(frozen=True)
class Frame:
    """Bounds of a straight edge around a line of type. reach: how far from the line's box, in its heights. slope: least
    grey levels per px, of one sign, on `along` of its length. apart: px between panels that are one label."""

    reach: float = 0.8
    slope: float = 6.0
    along: float = 0.88
    apart: float = 4.0


@dataclass(frozen=True)
class Code:
    """Bounds of a barcode. bars: least changes between its two tones. alike: least correlation of a row with another,
    for bars run straight through. two_toned: least part of its variance that two tones explain."""

    bars: int = 24
    alike: float = 0.9
    two_toned: float = 0.8


LABEL, FRAME, CODE = Label(), Frame(), Code()


class Kind(enum.Enum):
    BADGE = "badge"
    """A rectangle with print on it: a parental advisory and its kin, a logo in a box."""
    STICKER = "sticker"
    """A disc or ellipse with print on it."""
    BARCODE = "barcode"
    QR = "qr"


@dataclass(frozen=True)
class RigidPiece:
    """polygon: outline of the whole thing, (x, y) cover px, clockwise; confidence 0..1."""

    kind: Kind
    polygon: tuple[tuple[float, float], ...]
    confidence: float


class Outlined(Protocol):
    """A line of type: outline in cover px. A `TextRegion` is one."""

    @property
    def polygon(self) -> Sequence[tuple[float, float]]: ...


def find_rigid(cover: np.ndarray, regions: Sequence[Outlined] = ()) -> list[RigidPiece]:
    """Labels under the lines of type `regions`, and codes, the largest first; none lies in another.

    cover: (H, W, 3) uint8 sRGB.
    """
    small, code_sized = reduced(cover, _LABEL_SIDE), reduced(cover, _SIDE)
    scale = small.shape[1] / cover.shape[1]
    lines = [np.asarray(region.polygon, np.float64) * scale for region in regions]
    found = [_scaled(piece, 1 / scale) for piece in _labels(small, lines)]
    finer = code_sized.shape[1] / cover.shape[1]
    lines = [np.asarray(region.polygon, np.float64) * finer for region in regions]
    found += [_scaled(piece, 1 / finer) for piece in (*_framed(code_sized, lines), *_codes(code_sized))]
    kept: list[RigidPiece] = []
    for piece in sorted(found, key=lambda piece: -_area(piece.polygon)):
        if not any(_inside(piece.polygon, other.polygon) for other in kept):
            kept.append(piece)
    return kept


def _scaled(piece: RigidPiece, by: float) -> RigidPiece:
    return replace(piece, polygon=tuple((x * by, y * by) for x, y in piece.polygon))


def rigid_mask(pieces: Iterable[RigidPiece], shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool: the pieces with the soft edge around them."""
    mask = np.zeros(shape[:2], np.uint8)
    for piece in pieces:
        cv2.fillPoly(mask, [np.round(piece.polygon).astype(np.int32)], 1)
    reach = 2 * max(1, round(min(shape[:2]) / 360)) + 1
    return cv2.dilate(mask, np.ones((reach, reach), np.uint8)) > 0


def _labels(picture: np.ndarray, lines: list[np.ndarray]) -> Iterator[RigidPiece]:
    if not lines:
        return
    boxes = np.array([[*line.min(0), *line.max(0)] for line in lines])
    for binary in _cuts(picture):
        _, labels, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=4)
        for index in _around_lines(stats, boxes, binary.size):
            x, y, w, h = (int(v) for v in stats[index, :4])
            part = (labels[y : y + h, x : x + w] == index).astype(np.uint8)
            outline = max(cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0], key=cv2.contourArea)
            piece = _shaped(outline[:, 0] + (x, y))
            if piece is not None and _printed(piece, lines, picture.shape) >= LABEL.printed:
                yield piece


def _cuts(picture: np.ndarray) -> Iterator[np.ndarray]:
    """Areas of the picture, (H, W) uint8 0/1: cut at several tones, either side, and what edges of several strengths
    enclose, which a tone does not where a slow change of colour lies behind."""
    lab = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32), (0, 0), 0.8)
    slope = np.hypot(cv2.Sobel(lab, -1, 1, 0, scale=0.25), cv2.Sobel(lab, -1, 0, 1, scale=0.25)).max(-1)
    for strength in LABEL.edges:
        yield (slope < strength).astype(np.uint8)
    for channel, levels in zip(cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)), LABEL.levels, strict=True):
        low, high = (float(v) for v in np.percentile(channel, (0.5, 99.5)))
        for level in np.linspace(low, high, levels + 2)[1:-1]:
            above = (channel > level).astype(np.uint8)
            yield above
            yield 1 - above


def _around_lines(stats: np.ndarray, boxes: np.ndarray, total: int) -> np.ndarray:
    """Indices of the components whose box has the size of a label and holds a line of type."""
    x0, y0 = stats[:, 0], stats[:, 1]
    x1, y1 = x0 + stats[:, 2], y0 + stats[:, 3]
    area = stats[:, 2] * stats[:, 3]
    some = np.flatnonzero((area >= LABEL.least_area * total) & (area <= 1.3 * LABEL.most_area * total))
    some = some[some > 0]
    if not len(some):
        return some
    wide = np.minimum(x1[some, None], boxes[:, 2]) - np.maximum(x0[some, None], boxes[:, 0])
    tall = np.minimum(y1[some, None], boxes[:, 3]) - np.maximum(y0[some, None], boxes[:, 1])
    own = np.maximum(1, (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    shared = np.maximum(0, wide) * np.maximum(0, tall) / own
    return some[(shared >= LABEL.within).any(1)]


def _shaped(outline: np.ndarray) -> RigidPiece | None:
    """A badge when the outline fills its rectangle, a sticker when it is an ellipse; None when it is neither."""
    hull = cv2.convexHull(outline.astype(np.float32))
    (_, _), sides, _ = rectangle = cv2.minAreaRect(hull)
    if min(sides) < 6 or len(hull) < 4:
        return None
    enclosed = cv2.contourArea(outline.astype(np.float32))
    fill = enclosed / (sides[0] * sides[1])
    corners = cv2.boxPoints(rectangle) if fill >= LABEL.filled else cv2.approxPolyDP(hull, 0.1 * min(sides), True)[:, 0]
    tilted = enclosed / max(1.0, cv2.contourArea(corners)) if len(corners) == 4 else 0.0
    if max(fill, min(tilted, 1 / max(tilted, 1e-3))) >= LABEL.filled:
        return RigidPiece(Kind.BADGE, _clockwise(corners), min(1.0, max(fill, tilted)))
    (cx, cy), axes, turn = cv2.minAreaRect(hull) if len(hull) < 5 else cv2.fitEllipse(hull)
    if min(axes) < 6 or max(axes) > LABEL.roundest * min(axes):
        return None
    half = round(axes[0] / 2), round(axes[1] / 2)
    drawn = np.asarray(cv2.ellipse2Poly((round(cx), round(cy)), half, round(turn), 0, 360, 10), np.float32)
    ellipse = np.pi / 4 * axes[0] * axes[1]
    alike = min(enclosed, ellipse) / max(enclosed, ellipse)
    both = cv2.intersectConvexConvex(drawn, hull)[0] / max(enclosed, ellipse)
    if min(alike, both) < 0.93:
        return None
    return RigidPiece(Kind.STICKER, _clockwise(drawn), float(min(alike, both)))


def _printed(piece: RigidPiece, lines: list[np.ndarray], shape: tuple[int, ...]) -> float:
    """Part of the piece that lines of type take; 0 where its area is none of a label, or a line runs over its edge:
    then it lies behind type, and is no ground of it."""
    area = _area(piece.polygon) / (shape[0] * shape[1])
    if not LABEL.least_area <= area <= LABEL.most_area:
        return 0.0
    inside, type_ = np.zeros(shape[:2], np.uint8), np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(piece.polygon).astype(np.int32)], 1)
    low, high = np.min(piece.polygon, axis=0), np.max(piece.polygon, axis=0)
    for line in lines:
        if (line.max(0) < low - 1).any() or (line.min(0) > high + 1).any():
            continue
        own = np.zeros_like(inside)
        cv2.fillPoly(own, [np.round(line).astype(np.int32)], 1)
        if 0.15 < cv2.countNonZero(own & inside) / max(1, cv2.countNonZero(own)) < LABEL.within - 0.15:
            return 0.0
        type_ |= own
    return cv2.countNonZero(inside & type_) / max(1, cv2.countNonZero(inside))


def _framed(picture: np.ndarray, lines: list[np.ndarray]) -> list[RigidPiece]:
    """Upright panels with a straight edge close over and under a line of type; stacked panels are one label."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 0.7)
    down = cv2.Sobel(grey, -1, 0, 1, scale=0.25)
    panels: list[np.ndarray] = []
    for line in lines:
        panel = _panel(down, np.array([*line.min(0), *line.max(0)]))
        if panel is not None:
            panels.append(panel)
    joined = _stacked(panels)
    corners = [np.array([(a, b), (c, b), (c, d), (a, d)]) for a, b, c, d in joined]
    pieces = [RigidPiece(Kind.BADGE, _clockwise(points), FRAME.along) for points in corners]
    return [piece for piece in pieces if _printed(piece, lines, picture.shape) >= LABEL.printed]


def _panel(down: np.ndarray, box: np.ndarray) -> np.ndarray | None:
    """x0, y0, x1, y1 of the straight edges over and under `box` that begin and end at the same places."""
    x0, y0, x1, y1 = (float(v) for v in box)
    reach = FRAME.reach * min(x1 - x0, y1 - y0)
    above, below = _edges(down, y0, -reach, x0, x1), _edges(down, y1, reach, x0, x1)
    for top, *begin in above:
        for bottom, *end in below:
            if bottom - top > 4 and max(abs(a - b) for a, b in zip(begin, end, strict=True)) <= FRAME.apart:
                return np.array([min(begin[0], end[0]), top, max(begin[1], end[1]), bottom], np.float64)
    return None


def _edges(slope: np.ndarray, at: float, reach: float, start: float, end: float) -> list[tuple[int, int, int]]:
    """Rows of `slope`, from a little inside `at` to `reach` beyond it, with a straight edge along `start` to `end`: the
    row and where the edge begins and ends. The outermost first."""
    inside, outside = sorted((at - 0.2 * reach, at + reach))
    rows = range(max(0, round(inside)), min(len(slope) - 1, round(outside)) + 1)
    found = []
    for row in rows if reach < 0 else reversed(rows):
        for sign in (1, -1):
            runs = _runs(sign * slope[row] >= FRAME.slope)
            best = max(runs, key=lambda run: min(run[1], end) - max(run[0], start), default=(0, 0))
            if min(best[1], end) - max(best[0], start) >= FRAME.along * (end - start) and best[1] - best[0] <= 2 * (
                end - start
            ):
                found.append((row, *best))
    return found


def _runs(there: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of every stretch of True with gaps of at most two."""
    places = np.flatnonzero(there)
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > 3)
    first, last = np.r_[0, breaks + 1], np.r_[breaks, len(places) - 1]
    return [(int(a), int(b)) for a, b in zip(places[first], places[last], strict=True)]


def _stacked(panels: list[np.ndarray]) -> list[np.ndarray]:
    joined: list[np.ndarray] = []
    for panel in sorted(panels, key=lambda box: (box[1], box[0])):
        for other in joined:
            sides = np.abs(panel[[0, 2]] - other[[0, 2]]).max() <= 2 * FRAME.apart
            if sides and panel[1] - other[3] <= FRAME.apart:
                other[:2], other[2:] = np.minimum(panel[:2], other[:2]), np.maximum(panel[2:], other[2:])
                break
        else:
            joined.append(panel)
    return joined


def _codes(picture: np.ndarray) -> Iterator[RigidPiece]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    found, corners = cv2.QRCodeDetector().detect(grey)
    if found:
        for square in np.asarray(corners, np.float32).reshape(-1, 4, 2):
            code = _upright(grey, square)
            if code is not None and _two_toned(code) >= CODE.two_toned:
                yield RigidPiece(Kind.QR, _clockwise(square), _two_toned(code))
    yield from _barcodes(grey)


def _barcodes(grey: np.ndarray) -> Iterator[RigidPiece]:
    """Rectangles full of straight bars, upright or lying."""
    smooth = grey.astype(np.float32)
    across, down = (np.abs(cv2.Sobel(smooth, -1, *way, scale=0.25)) for way in ((1, 0), (0, 1)))
    for lying, (much, little) in enumerate(((across, down), (down, across))):
        dense = cv2.blur(much - 2 * little, (15, 15)) > 12
        closed = cv2.morphologyEx(dense.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
        for outline in cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
            x, y, w, h = cv2.boundingRect(outline)
            if not LABEL.least_area * grey.size <= w * h <= LABEL.most_area * grey.size or min(w, h) < 16:
                continue
            part = grey[y : y + h, x : x + w]
            trust = _bars(part.T if lying else part)
            if trust >= CODE.alike:
                yield RigidPiece(Kind.BARCODE, ((x, y), (x + w, y), (x + w, y + h), (x, y + h)), trust)


def _bars(part: np.ndarray) -> float:
    """How straight the bars of (h, w) run through, 0..1; 0 where it is no barcode."""
    middle = part[round(0.2 * len(part)) : round(0.8 * len(part))].astype(np.float32)
    row = middle.mean(0)
    bright = row > (row.max() + row.min()) / 2
    edges = np.flatnonzero(np.diff(bright.astype(np.int8)))
    widths = np.diff(edges)
    # Blinds, fences and stripes repeat; bars of a code have several widths.
    if len(edges) < CODE.bars or np.percentile(widths, 95) < 2 * np.percentile(widths, 15):
        return 0.0
    if _two_toned(middle.astype(np.uint8)) < CODE.two_toned:
        return 0.0
    rows = middle - middle.mean(1, keepdims=True)
    usual = row - row.mean()
    power = np.sqrt((rows**2).sum(1) * (usual**2).sum()) + 1e-6
    return float(np.percentile((rows @ usual) / power, 20))


def _two_toned(part: np.ndarray) -> float:
    """Part of the variance of (h, w) uint8 that two tones explain (Otsu's criterion), 0..1."""
    level, _ = cv2.threshold(part, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    values = part.astype(np.float64)
    dark = values <= level
    if values.var() < 400 or dark.all():
        return 0.0
    within = dark.mean() * values[dark].var() + (~dark).mean() * values[~dark].var()
    return float(1 - within / values.var())


def _upright(grey: np.ndarray, square: np.ndarray) -> np.ndarray | None:
    """The code seen from the front, (96, 96); None where the corners are those of no square in the picture."""
    sides = np.linalg.norm(square - np.roll(square, 1, axis=0), axis=1)
    inside = (square >= -2).all() and (square <= np.array(grey.shape[::-1]) + 2).all()
    if not inside or not cv2.isContourConvex(square) or sides.min() < max(20.0, 0.6 * sides.max()):
        return None
    target = np.array([[0, 0], [96, 0], [96, 96], [0, 96]], np.float32)
    return cv2.warpPerspective(grey, cv2.getPerspectiveTransform(square, target), (96, 96))


def _area(polygon: Sequence[tuple[float, float]]) -> float:
    return abs(float(cv2.contourArea(np.asarray(polygon, np.float32))))


def _inside(one: Sequence[tuple[float, float]], larger: Sequence[tuple[float, float]]) -> bool:
    x, y = np.mean(one, axis=0)
    return cv2.pointPolygonTest(np.asarray(larger, np.float32), (float(x), float(y)), False) >= 0


def _clockwise(points: np.ndarray) -> tuple[tuple[float, float], ...]:
    """As the picture is seen."""
    if cv2.contourArea(points.astype(np.float32), oriented=True) < 0:
        points = points[::-1]
    return tuple((float(x), float(y)) for x, y in points)
