"""Finding lettering: cover -> regions, one per line of type: outline, confidence, angle, string where it can be read.

Finding and reading are separate: a line nobody can read is still found. Knows nothing of masks and plates.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from ..errors import CoverError
from . import ppocr
from .calibration import FINDING, HANGUL
from .hangul import read_hangul
from .pieces import Piece, merged, pieces_of
from .ppocr import Reading, Seen
from .regions import TextRegion, in_reading_order
from .rows import rows_of


def find_text(cover: np.ndarray, *, read: bool = True, sides: tuple[int, ...] = FINDING.sides) -> list[TextRegion]:
    """Find the lettering of a cover, in reading order (top to bottom, then left to right).

    cover: (H, W, 3) uint8 sRGB. The detector looks at the cover small, for display type that fills a part of it, and
    large, for lines and credits; at very large covers also in tiles. Outlines follow what it sees, so arcs and rotated
    type keep a tight outline. With `read`, Latin, Japanese and Chinese are read, and Hangul where a reader of it is
    (see `hangul`): it changes strings, and nothing else. Other scripts are found, and their text stays None. sides: px,
    of its looks, without `read`; fewer take less time and find less.

    Raises:
        CoverError: `cover` is not (H, W, 3) uint8. ModelError: the weights are missing.
    """
    if cover.ndim != 3 or cover.shape[2] != 3 or cover.dtype != np.uint8:
        raise CoverError(f"cover is {cover.shape} {cover.dtype}; find_text needs (H, W, 3) uint8")
    pixels, (height, width) = cover.tobytes(), cover.shape[:2]
    if read:
        return list(_read(pixels, height, width))
    return [replace(region, text=None, read_by="") for region in _found(pixels, height, width, sides).sure]


def doubtful(cover: np.ndarray) -> list[TextRegion]:
    """What may be lettering, and is where a mask of it leaves nothing over. cover: (H, W, 3) uint8 sRGB."""
    return list(_found(cover.tobytes(), *cover.shape[:2]).doubtful)


class _Found(NamedTuple):
    """sure: what is lettering, as far as PP-OCRv6 reads it, and unread: what of it may read otherwise; doubtful: what
    may be lettering."""

    sure: tuple[TextRegion, ...]
    unread: frozenset[TextRegion]
    doubtful: tuple[TextRegion, ...]


class _Judged(NamedTuple):
    """A piece as a region, what it reads, and whether it is surely lettering."""

    piece: Piece
    region: TextRegion
    reading: Reading
    sure: bool


@lru_cache(maxsize=1)
def _found(pixels: bytes, height: int, width: int, sides: tuple[int, ...] = FINDING.sides) -> _Found:
    cover = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    pieces: list[Piece] = []
    before = 1.0
    seen_all = _looks(pixels, height, width, sides)
    for seen in seen_all:
        pieces = merged(pieces, pieces_of(seen.lettering, _grid(cover)), seen.scale_x / before)
        before = seen.scale_x
    lines = _judged(cover, [piece for piece in pieces if piece.score >= FINDING.least_score])
    lines = _with_rows(cover, lines, seen_all[-1].strokes)
    size = cover.shape[:2]
    sure = [line for line in lines if line.sure]
    unread = [line.region for line in sure if line.reading.trust < HANGUL.surely_other]
    unread = [region for region in unread if _share(region, size) >= FINDING.tiny]
    rest = [line.region for line in lines if not line.sure and _is_doubtful(line.region, size)]
    unread.sort(key=lambda region: -_share(region, size))
    rest.sort(key=lambda region: -_share(region, size))
    return _Found(
        tuple(in_reading_order([line.region for line in sure])),
        frozenset(unread[: HANGUL.most]),
        tuple(rest[: FINDING.doubtful_most]),
    )


def _judged(cover: np.ndarray, pieces: Sequence[Piece]) -> list[_Judged]:
    """Every piece as a region, read, and whether it is lettering."""
    size = cover.shape[:2]
    regions = [_region(piece, size) for piece in pieces]
    return [
        _Judged(piece, _as_read(region, reading), reading, _is_lettering(region, reading, size))
        for piece, region, reading in zip(pieces, regions, _readings(cover, regions), strict=True)
    ]


def _with_rows(cover: np.ndarray, lines: Sequence[_Judged], strokes: np.ndarray) -> list[_Judged]:
    """Shreds in a row as the line they are, in place of what each was taken for."""
    shreds = [line.piece for line in lines if not line.sure or line.reading.trust < FINDING.words_trust_unsure]
    rows = rows_of(shreds, cover, strokes)
    within = {id(piece) for row in rows for piece in row.members}
    joined = [line._replace(sure=True) for line in _judged(cover, [row.joined() for row in rows])]
    return [line for line in lines if id(line.piece) not in within] + joined


@lru_cache(maxsize=1)
def _read(pixels: bytes, height: int, width: int) -> tuple[TextRegion, ...]:
    """What is surely lettering, with Hangul read too."""
    cover = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    found = _found(pixels, height, width)
    return tuple(_in_hangul(cover, region) if region in found.unread else region for region in found.sure)


def _in_hangul(cover: np.ndarray, region: TextRegion) -> TextRegion:
    reading = _hangul_of(straighten(cover, region))
    return region if reading is None else replace(region, text=reading.text, read_by=reading.by)


def _hangul_of(line: np.ndarray) -> Reading | None:
    readings = [reading for way in _ways(line) if (reading := read_hangul(way))]
    return max(readings, key=lambda one: one.trust) if readings else None


def read_line(line: np.ndarray) -> Reading:
    """Read a line of lettering that `line_at` cut out, (h, w, 3) uint8 sRGB, as `find_text` reads lines.

    Raises:
        ModelError: the weights are missing.
    """
    reading = _best_reading(line)
    hangul = None if reading.trust >= HANGUL.surely_other else _hangul_of(line)
    return hangul or reading


def line_at(picture: np.ndarray, outline: Sequence[tuple[float, float]]) -> np.ndarray:
    """The line of type inside an outline, (x, y) px, turned level: (h, w, 3) uint8. picture: (H, W, 3) uint8."""
    return straighten(picture, TextRegion(tuple(outline), 1.0, angle=_angle(np.asarray(outline, np.float64))))


def looks(cover: np.ndarray) -> tuple[Seen, ...]:
    """What the detector sees of a cover: small, large, and, of a very large one, in tiles. Kept for the last cover."""
    return _looks(cover.tobytes(), *cover.shape[:2], FINDING.sides)


@lru_cache(maxsize=1)
def _looks(pixels: bytes, height: int, width: int, sides: tuple[int, ...]) -> tuple[Seen, ...]:
    cover = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    longer = max(height, width)
    sides = tuple(side for side in sides if side <= FINDING.enlarged * longer) or sides[:1]
    seen = [ppocr.see(cover, side) for side in sides]
    if longer > FINDING.tiled_from:
        seen.append(_in_tiles(cover))
    return tuple(seen)


def _in_tiles(cover: np.ndarray) -> Seen:
    """The detector's look at a very large cover, tile by tile, so that its small type is as large as elsewhere."""
    height, width = cover.shape[:2]
    scale = min(1.0, FINDING.tiled_most / max(height, width))
    small = cv2.resize(cover, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rows, columns = small.shape[:2]
    lettering, strokes = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    side = FINDING.sides[-1]
    for y, x in itertools.product(_starts(rows, side), _starts(columns, side)):
        part = np.s_[y : y + side, x : x + side]
        seen = ppocr.see(small[part], side)
        size = small[part].shape[1::-1]
        for whole, tile in ((lettering, seen.lettering), (strokes, seen.strokes)):
            np.maximum(whole[part], cv2.resize(tile, size, interpolation=cv2.INTER_LINEAR), out=whole[part])
    return Seen(lettering, strokes, columns / width, rows / height)


def _starts(length: int, side: int) -> list[int]:
    """Where tiles of `side` px begin along `length` px; neighbours overlap by a tenth at least."""
    count = max(1, math.ceil((length - 0.1 * side) / (0.9 * side)))
    return [round(i * max(0, length - side) / max(1, count - 1)) for i in range(count)]


def _grid(cover: np.ndarray) -> tuple[int, int]:
    longest = max(cover.shape[:2])
    scale = min(1.0, (FINDING.tiled_most if longest > FINDING.tiled_from else FINDING.grid) / longest)
    return round(cover.shape[0] * scale), round(cover.shape[1] * scale)


def _region(piece: Piece, size: tuple[int, int]) -> TextRegion:
    """A piece as a region in cover px."""
    outline = max(
        cv2.findContours(piece.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0],
        key=cv2.contourArea,
    )
    scale = np.array([size[1] / piece.mask.shape[1], size[0] / piece.mask.shape[0]])
    rough = cv2.approxPolyDP(outline, 0.03 * piece.height, True)[:, 0].astype(np.float64)
    points = np.clip((rough + 0.5) * scale - 0.5, 0, (size[1] - 1, size[0] - 1))
    if len(points) < 3 or cv2.contourArea(points.astype(np.float32)) < 1:
        (x0, y0), (x1, y1) = points.min(0), points.max(0) + 1
        points = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    if cv2.contourArea(points.astype(np.float32), oriented=True) < 0:
        points = points[::-1]
    return TextRegion(
        polygon=tuple((float(x), float(y)) for x, y in points), confidence=min(1.0, piece.score), angle=_angle(points)
    )


def _angle(points: np.ndarray) -> float:
    """Direction of a line of type in degrees, -90..90, clockwise positive; 0 where it is about as high as wide."""
    (_, _), (side_a, side_b), angle = cv2.minAreaRect(points.astype(np.float32))
    if max(side_a, side_b) < 1.5 * min(side_a, side_b):
        return 0.0
    turn = angle if side_a >= side_b else angle + 90
    turn = (turn + 90) % 180 - 90
    return 90.0 if turn == -90 else float(turn)


def _readings(cover: np.ndarray, regions: Sequence[TextRegion]) -> list[Reading]:
    """The best reading of each region."""
    return [_best_reading(straighten(cover, region)) for region in regions]


def _best_reading(line: np.ndarray) -> Reading:
    return max(ppocr.read_lines(list(_ways(line))), key=lambda one: one.trust * min(len(one.text), 2))


def _ways(line: np.ndarray) -> Iterator[np.ndarray]:
    """A line of type turned level, as it may be meant to be read."""
    if line.shape[0] > 1.5 * line.shape[1]:  # a column: signs one below the other, or a line that was turned
        yield _laid_out(line)
        yield np.ascontiguousarray(np.rot90(line))
    yield line


def _laid_out(column: np.ndarray) -> np.ndarray:
    """Signs that stand one below the other side by side."""
    height, width = column.shape[:2]
    count = max(1, round(height / width))
    edges = np.linspace(0, height, count + 1).astype(int)
    signs = [cv2.resize(column[a:b], (width, width)) for a, b in itertools.pairwise(edges)]
    return np.concatenate(signs, axis=1)


def straighten(cover: np.ndarray, region: TextRegion) -> np.ndarray:
    """The line of type cut out of the cover and turned level: (h, w, 3) uint8; a column (over 60 degrees) upright."""
    points = np.asarray(region.polygon, np.float32)
    turn = math.radians(region.angle if abs(region.angle) <= 60 else region.angle - math.copysign(90, region.angle))
    along, down = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    u, v = points @ along, points @ down
    width, height = max(8, round(float(np.ptp(u)))), max(8, round(float(np.ptp(v))))
    corner = along * u.min() + down * v.min()
    to_cover = np.array([[along[0], down[0], corner[0]], [along[1], down[1], corner[1]]], np.float64)
    return cv2.warpAffine(
        cover, to_cover, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )


def _as_read(region: TextRegion, reading: Reading) -> TextRegion:
    told = reading.text and reading.trust >= FINDING.readable
    return replace(region, text=reading.text, read_by=reading.by) if told else region


def _is_lettering(region: TextRegion, reading: Reading, size: tuple[int, int]) -> bool:
    """Single signs over a large area, or read without trust, are mostly things of the picture."""
    area, sure, trust, signs = _share(region, size), region.confidence, reading.trust, len(reading.text)
    if sure >= FINDING.unread_score and area < FINDING.unread_area:
        return True
    if signs > 1 and trust >= FINDING.words_trust and sure >= FINDING.words_least:
        return trust >= FINDING.words_trust_unsure or (sure >= FINDING.words_score and area < FINDING.words_area)
    return signs == 1 and min(sure, trust) >= FINDING.one_sign and area < FINDING.one_sign_area


def _is_doubtful(region: TextRegion, size: tuple[int, int]) -> bool:
    sides = cv2.minAreaRect(np.asarray(region.polygon, np.float32))[1]
    long = max(sides) >= FINDING.doubtful_long * min(sides)
    return long and region.confidence >= FINDING.doubtful_score and _share(region, size) < FINDING.unread_area


def _share(region: TextRegion, size: tuple[int, int]) -> float:
    """How much of the cover a region takes."""
    return cv2.contourArea(np.asarray(region.polygon, np.float32)) / (size[0] * size[1])
