"""Whether what moves is what may move: straight lines, faces, borders, flat grounds, what the recipe holds still.

Where things are is taken from the cover (or frame 0); how they have moved from optical flow (DIS, Kroeger 2016) of a
frame against it, at a shorter side of 384 px, a dozen times a turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ...motion.scene import Scene
from ...parallel import in_order
from ...pixels import grow, reduced, resized
from ..moved import moved
from ..rules import Look, Measure, Rule, Setting

SIDE = 384
_LOOKS = 12  # frames of a turn that are compared with the cover
_LINE = 0.2  # shortest straight line that is watched, share of the shorter side
_POINTS = 24  # places along a line
_SEEN = 2.5  # levels of slow change that anybody sees
_UNEXPLAINED = (1.5, 4.0)  # levels by which a frame must differ before it is said to have moved
_REST = 0.02  # share of the picture beside plain grounds from which that alone has to live
_TEXTURE = 3.0  # lightness per px from which flow across an edge can be trusted

RULES = (
    Rule(
        "alive",
        "share of the picture, plain white and black grounds aside, that moves or changes its light visibly",
        low=0.2,
        too_low="hardly anything moves",
        to_raise="ask for more (--motion alive), or say what moves (--motion 'clouds, rain')",
        margin=0.02,
    ),
    Rule(
        "line_bend",
        "px in 100 px: the most that a straight line of the cover is bent, worst frame, median of the worst tenth",
        high=1.0,
        too_high="straight lines bend",
        to_lower="ask for less motion (--motion calm), or keep lines in the recipe",
        margin=0.1,
    ),
    Rule(
        "face_shear",
        "% of a face's size: how far its parts move apart, worst frame",
        high=2.0,
        too_high="a face is sheared",
        to_lower="ask for less motion (--motion calm), or hold the face still (still of Ambient Motion)",
        margin=0.3,
    ),
    Rule(
        "border_motion",
        "px at 1080: how far the frame round the picture moves, worst frame",
        high=0.7,
        too_high="the border moves",
        to_lower="ask for less motion (--motion calm), or keep borders in the recipe",
        margin=0.2,
    ),
    Rule(
        "ground_tone",
        "levels: how far the mean of a white or black ground changes, worst frame",
        high=2.0,
        too_high="a flat ground changes its tone",
        to_lower="ask for less motion (--motion calm), or keep tone in the recipe",
        margin=0.2,
    ),
    Rule(
        "still_motion",
        "px at 1080: how far what the recipe holds still moves, worst frame",
        high=0.7,
        too_high="what is to be still moves",
        to_lower="give it to Ambient Motion as still, or, over a model's frames, to Lettering Back as held",
        margin=0.2,
    ),
)


@dataclass(frozen=True)
class _Kept:
    """grey: (h, w) uint8; tone: how far the plain grounds are from the cover's, levels."""

    grey: np.ndarray
    tone: float | None


def begin(setting: Setting) -> Measure:
    return _Motion(setting)


class _Motion:
    def __init__(self, setting: Setting):
        self._reference = reduced(setting.reference, SIDE)
        self._grey = cv2.cvtColor(self._reference, cv2.COLOR_RGB2GRAY)
        height, width = self._grey.shape
        scene = Scene(self._reference)
        ink = np.zeros((height, width), np.float32)
        if setting.lettering is not None:
            ink = resized(setting.lettering.astype(np.float32), width, height)
        free = ~grow(ink > 0.1, 4)  # letters stand over what moves
        self._scale = 1080 / min(height, width)
        self._faces = (resized(scene.faces, width, height, cv2.INTER_LINEAR) > 0.6) & free
        self._border = _strip(resized(scene.border.astype(np.float32), width, height, cv2.INTER_NEAREST) > 0.5)
        self._plain = (resized(scene.plain, width, height, cv2.INTER_LINEAR) > 0.9) & free
        self._bare = self._plain.copy()
        self._plain &= ~grow(resized(scene.flat, width, height, cv2.INTER_LINEAR) < 0.5, 3)
        self._still = np.zeros((height, width), bool)
        if setting.still is not None:
            self._still = resized(setting.still.astype(np.float32), width, height) > 0.5
        self._slope = np.dstack([cv2.Sobel(self._grey, cv2.CV_32F, *way) / 8 for way in ((1, 0), (0, 1))])
        self._clear = np.hypot(*np.moveaxis(self._slope, 2, 0)) > _TEXTURE
        self._lines = [line for line in _lines(self._grey) if free[_whole(line, free.shape)].mean() > 0.9]

    def look(self, look: Look) -> _Kept:
        frame = resized(look.frame, self._grey.shape[1], self._grey.shape[0])
        return _Kept(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), self._tone(frame))

    def figures(self, kept: Sequence[_Kept]) -> dict[str, float | None]:
        tones = [one.tone for one in kept if one.tone is not None]
        figures: dict[str, float | None] = {"ground_tone": max(tones) if tones else None}
        chosen = [kept[i].grey for i in np.unique(np.linspace(0, len(kept), _LOOKS, endpoint=False).astype(int))]
        soft = np.stack([cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 2) for grey in chosen])
        seen = np.ptp(soft, axis=0) >= _SEEN
        rest = ~self._bare if (~self._bare).mean() > _REST else np.ones_like(self._bare)
        figures["alive"] = float(seen[rest].mean())
        flows = list(in_order(self._flow, chosen[1:]))
        for name, measure in (
            ("line_bend", self._bend),
            ("face_shear", lambda flow: _shear(flow, self._faces)),
            ("border_motion", lambda flow: self._moved(flow, self._border)),
            ("still_motion", lambda flow: self._moved(flow, self._still)),
        ):
            values = [value for flow in flows if (value := measure(flow)) is not None]
            figures[name] = max(values) if values else None
        return figures

    def _flow(self, grey: np.ndarray) -> np.ndarray:
        return moved(self._grey, grey, _UNEXPLAINED)

    def _bend(self, flow: np.ndarray) -> float | None:
        bends = sorted((_bend(flow, line) for line in self._lines), reverse=True)
        worst = bends[: max(1, len(bends) // 10)]
        return float(np.median(worst)) if worst else None

    def _moved(self, flow: np.ndarray, where: np.ndarray) -> float | None:
        """px at 1080: the one shift that explains best how the clear edges of a place have moved, each across itself;
        along an edge flow sees nothing."""
        seen = where & self._clear
        if seen.sum() < 64:
            return None
        normal = self._slope[seen] / np.linalg.norm(self._slope[seen], axis=1, keepdims=True)
        across = (normal * flow[seen]).sum(1)
        shift = np.linalg.lstsq(normal, across, rcond=0.05)[0]
        return float(np.hypot(*shift)) * self._scale

    def _tone(self, frame: np.ndarray) -> float | None:
        if self._plain.mean() < 0.01:
            return None
        apart = frame[self._plain].astype(np.float32).mean(0) - self._reference[self._plain].astype(np.float32).mean(0)
        return float(np.abs(apart).max())


def _strip(border: np.ndarray) -> np.ndarray:
    """A border with the edge that it ends at."""
    return grow(border, 2) if border.any() else border


def _lines(grey: np.ndarray) -> list[np.ndarray]:
    """The long straight lines of a picture, each (_POINTS, 2) px x, y (LSD, Grompone von Gioi 2010)."""
    found = cv2.createLineSegmentDetector().detect(cv2.GaussianBlur(grey, (0, 0), 1.0))[0]
    ends = np.zeros((0, 4)) if found is None else found.reshape(-1, 4)  # (N, 1, 4) with OpenCV 4
    long = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]) > _LINE * min(grey.shape)
    share = np.linspace(0.03, 0.97, _POINTS)[:, None]
    return [(1 - share) * line[:2] + share * line[2:] for line in ends[long]]


def _whole(line: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    places = np.rint(line).astype(int)
    return np.clip(places[:, 1], 0, shape[0] - 1), np.clip(places[:, 0], 0, shape[1] - 1)


def _bend(flow: np.ndarray, line: np.ndarray) -> float:
    """px in 100: how far the places of a line have moved off one straight line, across it."""
    along = line[-1] - line[0]
    length = float(np.hypot(*along))
    across = np.array([-along[1], along[0]]) / length
    places = line.astype(np.float32)[None]
    moved = cv2.remap(flow, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
    off = cv2.blur((moved @ across).astype(np.float32)[:, None], (1, 5))[:, 0]
    t = np.linspace(-1, 1, len(off))
    rest = off - np.polyval(np.polyfit(t, off, 1), t)
    return float(np.ptp(rest)) / length * 100


def _shear(flow: np.ndarray, face: np.ndarray) -> float | None:
    """% of the size of a face that its parts have moved beyond a shift and a turn of all of it."""
    if face.sum() < 200:
        return None
    y, x = np.nonzero(face)
    x, y = x - x.mean(), y - y.mean()
    moved = flow[face]
    moved = moved - moved.mean(0)
    turn = float((x * moved[:, 1] - y * moved[:, 0]).sum() / (x * x + y * y).sum())
    rest = moved - np.stack([-turn * y, turn * x], 1)
    return float(np.percentile(np.hypot(*rest.T), 90)) / float(np.sqrt(face.sum())) * 100
