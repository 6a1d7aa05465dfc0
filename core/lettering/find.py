"""Finding lettering: cover -> regions, one per line of type: outline, confidence, angle, string where it can be read.

Finding and reading are separate: a line nobody can read is still found. Knows nothing of masks and plates.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import cv2
import numpy as np

from ..errors import CoverError, UsageError
from . import craft

Which = Literal["all"] | Collection[int | str] | None

# Thresholds on CRAFT's maps, settled by measuring on 54 made covers: a piece of lettering has a character above _SURE
# in it and reaches out to _FAINT. One above _LIKELY counts where it goes on a line of sure ones (hysteresis, as in
# Canny's edges): a figure on its own, the I of stacked type. It stays a region of its own, which must prove itself.
_SURE, _LIKELY, _FAINT = 0.5, 0.33, 0.3
# Trust (see craft.read_line) from which a reading is told. On 24 made covers and three decoded frames of their clips,
# Latin lines have 0.62 and more, what is made up of letters for Hangul 0.48 or less, of digits and signs 0.65 or less.
_READABLE, _READABLE_SIGNS = 0.6, 0.9
_ALIKE = str.maketrans("01|5$€68", "OIISSCGB")  # what single letters of spaced type are taken for


@dataclass(frozen=True)
class TextRegion:
    """One line of lettering. polygon: its outline in cover px, clockwise; angle: of its baseline, degrees, clockwise
    positive (as the picture is seen), in (-90, 90]; confidence 0..1; text: the string, or None where it was not read;
    lift: taken off the plate (True) or left in the picture (False), and the reason in words."""

    polygon: tuple[tuple[float, float], ...]
    confidence: float
    text: str | None = None
    angle: float = 0.0
    lift: bool = True
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "polygon": [[round(x, 1), round(y, 1)] for x, y in self.polygon],
            "confidence": round(self.confidence, 3),
            "text": self.text,
            "angle": round(self.angle, 1),
            "lift": self.lift,
            "reason": self.reason,
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
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(f"not a text region ({error}); it needs polygon: [[x, y], ...] in pixels") from error
        numbers = [region.confidence, region.angle, *(value for point in polygon for value in point)]
        if len(polygon) < 3 or not all(math.isfinite(value) for value in numbers):
            raise UsageError(f"not a text region: polygon of {len(polygon)} points; it needs 3 or more, all finite")
        return region


@dataclass
class _Piece:
    """A connected part of CRAFT's maps: a word, or one letter of spaced type. All in map pixels."""

    mask: np.ndarray  # (h, w) bool over the piece's own box
    origin: tuple[int, int]  # x, y of that box
    points: np.ndarray  # (N, 2) float32 outline
    centre: np.ndarray
    axis: np.ndarray  # unit vector along the piece; meaningless when `long` is False
    long: bool
    height: float  # thickness of the line of type
    score: float


def find_text(cover: np.ndarray, *, read: bool = True, device: str | None = None) -> list[TextRegion]:
    """Find the lettering of a cover, in reading order (top to bottom, then left to right).

    cover: (H, W, 3) uint8 sRGB. CRAFT's character and link maps (Baek et al. 2019) are cut into pieces at a low
    threshold; pieces of like height that follow each other in a row, a column or an arc are joined to a line. Outlines
    follow the pieces, so arcs and rotated type keep a tight outline. With `read`, horizontal and rotated lines in Latin
    letters are read; Hangul, arcs and stacked type are found, and their text stays None.

    Raises:
        CoverError: `cover` is not (H, W, 3) uint8. ModelError: the weights are missing.
    """
    if cover.ndim != 3 or cover.shape[2] != 3 or cover.dtype != np.uint8:
        raise CoverError(f"cover is {cover.shape} {cover.dtype}; find_text needs (H, W, 3) uint8")
    seen = craft.score_maps(cover, device)
    shape = seen.characters.shape
    pieces = _pieces(seen.characters, seen.links)
    lines = _join([piece for piece in pieces if piece.score >= _SURE])
    lines += [[grown] for piece in pieces if piece.score < _SURE and (grown := _grown(piece, lines, shape))]
    regions = [_region(line, shape, seen.scale, cover.shape[:2]) for line in lines]
    if read:
        regions = [_read(cover, region, device) if region.confidence >= _SURE else region for region in regions]
    return _in_reading_order(regions)


def _pieces(characters: np.ndarray, links: np.ndarray) -> list[_Piece]:
    joined = ((characters > _FAINT) | (links > _FAINT)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    pieces = []
    for index in range(1, count):
        x, y, w, h, _area = (int(v) for v in stats[index])
        mask = labels[y : y + h, x : x + w] == index
        score = float(characters[y : y + h, x : x + w][mask].max())
        if score < _LIKELY:
            continue
        outline = max(
            cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0], key=cv2.contourArea
        )
        points = (outline[:, 0] + (x, y)).astype(np.float32)
        height = 2.0 * float(cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 3).max())
        (cx, cy), (side_a, side_b), angle = cv2.minAreaRect(points)
        turn = math.radians(angle if side_a >= side_b else angle + 90)
        axis = np.array([math.cos(turn), math.sin(turn)])
        long = max(side_a, side_b) > 1.8 * min(side_a, side_b) + 1
        pieces.append(_Piece(mask, (x, y), points, np.array([cx, cy]), axis, long, height, score))
    return pieces


def _follows(a: _Piece, b: _Piece) -> float | None:
    """Gap between two pieces in heights when they can stand on one line, else None."""
    height = (a.height + b.height) / 2
    if max(a.height, b.height) > 1.7 * min(a.height, b.height):
        return None
    distances = np.linalg.norm(a.points[:, None] - b.points[None], axis=2)
    i, j = np.unravel_index(int(distances.argmin()), distances.shape)
    gap = float(distances[i, j]) / height
    if gap > 1.6:
        return None
    way = b.centre - a.centre
    way = way / (np.linalg.norm(way) + 1e-6)
    for piece in (a, b):
        if piece.long and abs(float(way @ piece.axis)) < 0.9:
            return None
    if a.long and b.long:
        if abs(float(a.axis @ b.axis)) < 0.85:
            return None
        x, y = _end(b, a.centre) - _end(a, b.centre)
        if min(abs(float(piece.axis[0] * y - piece.axis[1] * x)) for piece in (a, b)) > 0.8 * height:
            return None  # one above the other: two lines
    return gap


def _end(piece: _Piece, towards: np.ndarray) -> np.ndarray:
    """Where the middle line of a long piece ends, on the side of `towards`."""
    along = (piece.points - piece.centre) @ piece.axis
    return piece.centre + piece.axis * (along.max() if (towards - piece.centre) @ piece.axis > 0 else along.min())


def _grown(piece: _Piece, lines: list[list[_Piece]], shape: tuple[int, ...]) -> _Piece | None:
    """A likely piece, made as large as the line it goes on; None when it goes on none. Of it only the middle shows."""
    for line in lines:
        height = float(np.median([sure.height for sure in line]))
        if not 0.25 * height <= piece.height <= 1.2 * height:
            continue
        drawn = np.zeros(shape[:2], np.uint8)
        cv2.circle(drawn, (round(float(piece.centre[0])), round(float(piece.centre[1]))), round(0.6 * height), 1, -1)
        x, y, w, h = cv2.boundingRect(drawn)
        outline = cv2.findContours(drawn, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0][0][:, 0]
        grown = _Piece(
            drawn[y : y + h, x : x + w] > 0,
            (x, y),
            outline.astype(np.float32),
            piece.centre,
            piece.axis,
            False,
            height,
            piece.score,
        )
        if any(_follows(sure, grown) is not None for sure in line):
            return grown
    return None


def _join(pieces: list[_Piece]) -> list[list[_Piece]]:
    """Chain pieces into lines, nearest pairs first; a piece has at most two neighbours, on opposite sides."""
    pairs = []
    for i, a in enumerate(pieces):
        for j in range(i + 1, len(pieces)):
            gap = _follows(a, pieces[j])
            if gap is not None:
                pairs.append((gap, i, j))
    neighbours: dict[int, list[int]] = {i: [] for i in range(len(pieces))}
    line_of = list(range(len(pieces)))
    for _gap, i, j in sorted(pairs):
        if line_of[i] == line_of[j] or not (
            _has_room(i, j, pieces, neighbours) and _has_room(j, i, pieces, neighbours)
        ):
            continue
        neighbours[i].append(j)
        neighbours[j].append(i)
        old, new = line_of[j], line_of[i]
        line_of = [new if line == old else line for line in line_of]
    lines: dict[int, list[_Piece]] = {}
    for piece, line in zip(pieces, line_of, strict=True):
        lines.setdefault(line, []).append(piece)
    return list(lines.values())


def _has_room(i: int, j: int, pieces: list[_Piece], neighbours: dict[int, list[int]]) -> bool:
    """May piece i take j as a neighbour: it has none, or one on the other side (an arc may bend 50 degrees)."""
    if not neighbours[i]:
        return True
    if len(neighbours[i]) > 1:
        return False
    one = pieces[neighbours[i][0]].centre - pieces[i].centre
    other = pieces[j].centre - pieces[i].centre
    return float(one @ other) < -0.64 * float(np.linalg.norm(one) * np.linalg.norm(other))


def _region(line: list[_Piece], shape: tuple[int, int], scale: float, size: tuple[int, int]) -> TextRegion:
    height = float(np.median([piece.height for piece in line]))
    reach = max(1, round(0.2 * height))  # CRAFT's pieces stop short of ascenders and serifs
    drawn = np.zeros((shape[0] + 2 * reach, shape[1] + 2 * reach), np.uint8)
    for piece in line:
        x, y = piece.origin[0] + reach, piece.origin[1] + reach
        part = drawn[y : y + piece.mask.shape[0], x : x + piece.mask.shape[1]]
        part[piece.mask] = 1
    _bridge(drawn, line, reach, height)
    drawn = cv2.dilate(drawn, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
    outline = max(cv2.findContours(drawn, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=cv2.contourArea)
    outline = cv2.approxPolyDP(outline, 0.05 * height, True)[:, 0].astype(np.float64)
    points = (outline - reach + 0.5) / scale - 0.5
    points = np.clip(points, 0, (size[1] - 1, size[0] - 1))
    if len(points) < 3:
        (x0, y0), (x1, y1) = points.min(0), points.max(0)
        points = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    if cv2.contourArea(points.astype(np.float32), oriented=True) < 0:
        points = points[::-1]
    weight = np.array([len(piece.points) for piece in line], float)
    score = float(np.average([piece.score for piece in line], weights=weight))
    return TextRegion(
        polygon=tuple((float(x), float(y)) for x, y in points),
        confidence=min(1.0, score),
        angle=_angle(np.concatenate([piece.points for piece in line]), [piece.centre for piece in line]),
    )


def _bridge(drawn: np.ndarray, line: list[_Piece], reach: int, height: float) -> None:
    """Connect the pieces of a line, each with the nearest one already connected, so that one outline holds them."""
    done, rest = line[:1], line[1:]
    while rest:
        _, k, near = min(
            (float(np.linalg.norm(piece.centre - other.centre)), k, m)
            for k, piece in enumerate(rest)
            for m, other in enumerate(done)
        )
        ends = [tuple(int(v) + reach for v in piece.centre) for piece in (rest[k], done[near])]
        cv2.line(drawn, ends[0], ends[1], 1, max(1, round(0.5 * height)))
        done.append(rest.pop(k))


def _angle(points: np.ndarray, centres: list[np.ndarray]) -> float:
    """Direction of the line of type in degrees, -90..90, clockwise positive; 0 for a single letter."""
    (_, _), (side_a, side_b), angle = cv2.minAreaRect(points.astype(np.float32))
    if len(centres) == 1 and max(side_a, side_b) < 1.5 * min(side_a, side_b):
        return 0.0
    turn = angle if side_a >= side_b else angle + 90
    turn = (turn + 90) % 180 - 90
    return 90.0 if turn == -90 else float(turn)


def _read(cover: np.ndarray, region: TextRegion, device: str | None) -> TextRegion:
    line = straighten(cover, region)
    if line is None:
        return region
    text, trust = craft.read_line(line, device)
    text = _as_words(text)
    letters = sum(character.isalpha() for character in text)
    enough = _READABLE if letters > 0.6 * len(text.replace(" ", "")) else _READABLE_SIGNS
    return replace(region, text=text if text and trust >= enough else None)


def _as_words(text: str) -> str:
    """Spaced type as one word ("N I G H T" -> "NIGHT"), and a nought among letters as the letter it is."""
    words = text.split()
    if len(words) > 2 and sum(len(word) == 1 for word in words) >= 0.5 * len(words):
        joined = "".join(words)
        return _cased(joined, joined.translate(_ALIKE))
    return " ".join(_cased(word, word.replace("0", "O")) for word in words)


def _cased(word: str, meant: str) -> str:
    """`meant` in the case of the letters of `word`, or `word` where it has few letters or real digits."""
    letters = [character for character in word if character.isalpha()]
    if len(letters) < 2 or len(letters) < 0.4 * len(word) or any(character.isdecimal() for character in meant):
        return word
    small = sum(character.islower() for character in letters) > 0.5 * len(letters)
    return "".join(m.lower() if small and m != w else m for w, m in zip(word, meant, strict=True))


def straighten(cover: np.ndarray, region: TextRegion) -> np.ndarray | None:
    """The line of type cut out of the cover and turned level: (h, w) uint8 grey; None for stacked (vertical) type."""
    points = np.asarray(region.polygon, np.float32)
    turn = math.radians(region.angle)
    if abs(region.angle) > 60:
        return None
    along, down = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    u, v = points @ along, points @ down
    width, height = max(8, round(float(np.ptp(u)))), max(8, round(float(np.ptp(v))))
    corner = along * u.min() + down * v.min()
    to_cover = np.array([[along[0], down[0], corner[0]], [along[1], down[1], corner[1]]], np.float64)
    grey = cv2.cvtColor(cover, cv2.COLOR_RGB2GRAY)
    return cv2.warpAffine(
        grey, to_cover, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )


def _in_reading_order(regions: list[TextRegion]) -> list[TextRegion]:
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
    cover: np.ndarray, regions: Sequence[TextRegion], *, keep: Which = None, lift: Which = None
) -> list[TextRegion]:
    """Decide which regions come off the plate (lift) and which stay in the picture (keep).

    Offline default: overlaid type is lifted; what is tiny beside the rest of the lettering and read by nobody is kept,
    for it is a sign in the scene more often than a credit. `keep` and `lift` are a person's or a model's word and win
    over the default: "all", or a collection of indices into `regions` and of strings (matched without case, as part of
    the region's text). `lift` wins where both name a region.

    Raises:
        UsageError: an index is out of range or a string matches no region.
    """
    decided = [_default(cover, region, regions) for region in regions]
    for which, value, word in ((keep, False, "kept as asked"), (lift, True, "lifted as asked")):
        for index in _chosen(which, regions):
            decided[index] = replace(decided[index], lift=value, reason=word)
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
    tiny = area(region) < 0.01 * largest and area(region) < 0.0005 * cover.shape[0] * cover.shape[1]
    if tiny and region.text is None:
        return replace(region, lift=False, reason="tiny and unread: part of the scene")
    return replace(region, lift=True, reason="overlaid type")


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
