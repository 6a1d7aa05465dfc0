"""The figures in a picture and their joints, by BlazePose (Bazarevsky et al. 2020): one net for each.

`pose_detection.tflite` (3.0 MB) and `pose_landmark_full.tflite` (6.4 MB), Apache-2.0, are the files that the package
mediapipe carries (0.10.21; later ones have no weights inside) and its publisher serves. They are looked for in
`weights` of the Python environment and in coverloop's own model folder; COVERLOOP_POSE_FINDER and COVERLOOP_POSE_JOINTS
name them. They run on the processor, in single precision, by LiteRT (`pip install "coverloop[pose]"`), which unlike
mediapipe leaves numpy and OpenCV as they are.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from .. import weights
from ..errors import CoverError, ModelError
from ..limits import POSE_SIDE
from ..pixels import resized
from .calibration import FIGURES
from .skeleton import Skeleton, in_order, on_canvas

FINDER = weights.Download(
    name="pose_detection.tflite",
    url="https://storage.googleapis.com/mediapipe-assets/pose_detection.tflite",
    digest="9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    max_bytes=4_000_000,
    variable="COVERLOOP_POSE_FINDER",
)
JOINTS = weights.Download(
    name="pose_landmark_full.tflite",
    url="https://storage.googleapis.com/mediapipe-assets/pose_landmark_full.tflite",
    digest="e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    max_bytes=8_000_000,
    variable="COVERLOOP_POSE_JOINTS",
)
FILES = (FINDER, JOINTS)
_FINDER_SIDE, _JOINTS_SIDE = 224, 256  # px
_STRIDES = ((8, 2), (16, 2), (32, 6))  # px of the finder's cells, and anchors in each
_LARGEST = 1280  # px: the nets look at far less, and a cut out of more would leave pixels out
_MARGIN = 1.25  # of the box round a figure, as the net was trained
# BlazePose's joints in COCO's order; the neck, which it has not, is between the shoulders.
_COCO = (0, 11, 12, 14, 16, 11, 13, 15, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7)
_SHOULDERS = [11, 12]
_HIPS, _REACH = 33, 34  # not joints: the middle of the hips, and a point on the circle round the whole body


class _Box(NamedTuple):
    """A square round a figure: its middle and side in pixels, turned clockwise by `turn` (radians)."""

    x: float
    y: float
    side: float
    turn: float


def lacking() -> str:
    """What is missing to find figures, and how to get it; "" where nothing is.

    Raises:
        ModelError: a variable names a file that does not exist.
    """
    missing = [file.name for file in FILES if _located(file) is None]
    if missing:
        return f"{' and '.join(missing)}: not found; `coverloop models fetch pose` fetches them"
    if importlib.util.find_spec("ai_edge_litert") is None:
        return "ai-edge-litert: not found; install it with: pip install ai-edge-litert"
    return ""


def _located(download: weights.Download) -> Path | None:
    return weights.locate(download, Path(sys.prefix) / "weights")


def find_figures(picture: np.ndarray) -> list[Skeleton]:
    """picture: (H, W, 3) uint8 sRGB -> the figures in it, largest first, in its pixels.

    Raises:
        CoverError: there is none, or the picture is too small or too large to look for one.
        ModelError: weights or LiteRT are missing, or a file is not the published one.
    """
    height, width = picture.shape[:2]
    if not (POSE_SIDE.holds(width) and POSE_SIDE.holds(height)):
        raise CoverError(f"a picture of {width}x{height}: figures are looked for between {POSE_SIDE} px")
    share = min(1.0, _LARGEST / max(height, width))
    size = max(1, round(width * share)), max(1, round(height * share))
    picture = resized(picture, *size)
    found: list[Skeleton] = []
    rest = picture
    for _ in range(FIGURES.rounds):
        fresh = [figure for box in _boxes(rest) if (figure := _joints(rest, box))]
        distinct = _distinct([*found, *fresh])
        if len(distinct) == len(found):
            break
        found = distinct
        rest = _without(picture, found)
    return on_canvas(in_order(found), size, (width, height))


def _without(picture: np.ndarray, figures: list[Skeleton]) -> np.ndarray:
    """The picture with these painted over: the finder names the figure in front and passes over others beside it."""
    rest = picture.copy()
    grey = tuple(float(value) for value in picture.mean(axis=(0, 1)))
    for figure in figures:
        hull = cv2.convexHull(figure.points).round().astype(np.int32)
        cv2.fillConvexPoly(rest, hull, grey)
        cv2.polylines(rest, [hull], True, grey, max(1, round(0.15 * figure.height)))
    return rest


def _boxes(picture: np.ndarray) -> list[_Box]:
    height, width = picture.shape[:2]
    scale = _FINDER_SIDE / max(height, width)
    small = cv2.resize(
        picture, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    left, top = (_FINDER_SIDE - small.shape[1]) // 2, (_FINDER_SIDE - small.shape[0]) // 2
    given = np.zeros((_FINDER_SIDE, _FINDER_SIDE, 3), np.float32)
    given[top : top + small.shape[0], left : left + small.shape[1]] = small / np.float32(127.5) - 1
    raw, scores = _run(FINDER, given, (12, 1))
    score = 1 / (1 + np.exp(-np.clip(scores[0, :, 0], -80, 80)))
    sure = np.flatnonzero(score >= FIGURES.least)
    sure = sure[np.argsort(-score[sure], kind="stable")]
    corners = raw[0, sure].reshape(-1, 6, 2) + np.repeat(_anchors()[sure, None] * _FINDER_SIDE, 6, axis=1)
    corners[:, 1] -= _anchors()[sure] * _FINDER_SIDE  # the second pair is a size
    kept: list[int] = []
    for number in range(len(sure)):
        if all(_overlap(corners[number], corners[other]) < FIGURES.same for other in kept):
            kept.append(number)
    points = (corners[kept, 2:4] - (left, top)) / scale
    return [_box(hips, reach) for hips, reach in points]


def _box(hips: np.ndarray, reach: np.ndarray) -> _Box:
    across, up = (float(value) for value in reach - hips)
    side = 2 * _MARGIN * math.hypot(across, up)
    return _Box(float(hips[0]), float(hips[1]), side, math.atan2(across, -up))


@lru_cache(maxsize=1)
def _anchors() -> np.ndarray:
    """(2254, 2) float32: middles of the finder's cells, 0..1."""
    layers = []
    for stride, each in _STRIDES:
        count = _FINDER_SIDE // stride
        middles = (np.arange(count, dtype=np.float32) + 0.5) / count
        grid = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)
        layers.append(np.repeat(grid, each, axis=0))
    return np.concatenate(layers)


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boxes, each its middle and its size."""
    low = np.maximum(one[0] - one[1] / 2, other[0] - other[1] / 2)
    high = np.minimum(one[0] + one[1] / 2, other[0] + other[1] / 2)
    shared = float(np.prod(np.maximum(high - low, 0)))
    return shared / max(float(np.prod(one[1]) + np.prod(other[1])) - shared, 1e-6)


def _joints(picture: np.ndarray, box: _Box) -> Skeleton | None:
    """The joints in a box; the box is laid anew round what was found, for the finder guesses the body from the face."""
    height, width = picture.shape[:2]
    points = sure = np.zeros(0)
    for _ in range(FIGURES.passes):
        if not 1 <= box.side <= 8 * max(height, width):
            return None
        away = _to_square(box)
        cut = cv2.warpAffine(picture, away, (_JOINTS_SIDE, _JOINTS_SIDE), flags=cv2.INTER_LINEAR)
        values, body = _run(JOINTS, cut / np.float32(255), (195, 1))[:2]
        if float(body[0, 0]) < FIGURES.certain:
            return None
        rows = values[0].reshape(39, 5)
        sure = 1 / (1 + np.exp(-np.clip(rows[:, 3:5], -80, 80)))
        points = cv2.transform(rows[None, :, :2], cv2.invertAffineTransform(away))[0]
        box = _box(points[_HIPS], points[_REACH])
    joints = points[list(_COCO)].astype(np.float32)
    joints[1] = points[_SHOULDERS].mean(axis=0)
    seen = (sure[:, 0] > FIGURES.visible) & (sure[:, 1] > FIGURES.there)
    known = seen[list(_COCO)]
    known[1] = seen[_SHOULDERS].all()
    inside = ((joints >= 0) & (joints < (width, height))).all(axis=1)
    return Skeleton(joints, known & inside)


def _to_square(box: _Box) -> np.ndarray:
    """(2, 3) float64: from the picture to the net's square."""
    scale = _JOINTS_SIDE / box.side
    cos, sin = scale * math.cos(box.turn), scale * math.sin(box.turn)
    half = _JOINTS_SIDE / 2
    return np.array(
        [[cos, sin, half - cos * box.x - sin * box.y], [-sin, cos, half + sin * box.x - cos * box.y]], np.float64
    )


def _distinct(found: list[Skeleton]) -> list[Skeleton]:
    """Two boxes may end on one figure: of those whose necks are close, the one found first stays."""
    kept: list[Skeleton] = []
    for figure in found:
        apart = ((float(np.linalg.norm(figure.points[1] - other.points[1])), other) for other in kept)
        if all(distance > FIGURES.apart * max(figure.height, other.height) for distance, other in apart):
            kept.append(figure)
    return kept


def _run(download: weights.Download, given: np.ndarray, sizes: tuple[int, ...]) -> list[np.ndarray]:
    """The outputs whose last side is in `sizes`, in that order. given: (S, S, 3) float32."""
    net = _net(download)
    net.set_tensor(net.get_input_details()[0]["index"], np.ascontiguousarray(given[None], np.float32))
    net.invoke()
    outputs = {}
    for details in net.get_output_details():
        if len(details["shape"]) < 4:  # the others are maps
            outputs[int(details["shape"][-1])] = net.get_tensor(details["index"])
    return [outputs[size] for size in sizes]


@lru_cache(maxsize=2)
def _net(download: weights.Download) -> Any:
    if problem := lacking():
        raise ModelError(problem)
    path = _located(download)
    assert path is not None
    weights.check(path, download)
    from ai_edge_litert.interpreter import Interpreter

    net = Interpreter(str(path), num_threads=2)
    net.allocate_tensors()
    return net
