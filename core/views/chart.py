"""A picture of a comparison: each picture with its bars. Drawn with OpenCV, whose letters know no Hangul: so pictures
are shown and numbered in the order of the table, not named."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..pixels import resized
from .calibration import WEIGHTS
from .consistency import Consistency

WIDTH, ROW, MARGIN = 960, 104, 12
_INK, _PALE, _GROUND = (40, 40, 44), (225, 225, 228), (250, 250, 250)
_COLOURS = {"identity": (96, 140, 190), "style": (196, 122, 60), "semantic": (92, 150, 96), "cam_move": (150, 96, 170)}
_SIGNS = {"": "", "angle": "far angle", "light": "other light", "outlier": "outlier"}


def chart(
    reference: np.ndarray,
    pictures: Sequence[np.ndarray],
    results: Sequence[Consistency],
    kinds: Sequence[str] = (),
) -> np.ndarray:
    """reference and pictures: (H, W, 3) uint8 each; kinds: as of a Family, or none. Returns (h, 960, 3) uint8."""
    kinds = kinds or [""] * len(results)
    rows = [
        _row(picture, str(n), r, k) for n, (picture, r, k) in enumerate(zip(pictures, results, kinds, strict=True), 1)
    ]
    return np.concatenate([_head(reference), *rows])


def thumbnail(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) -> what the chart shows of it, small enough to be kept for hundreds."""
    side = ROW - 2 * MARGIN
    scale = side / max(picture.shape[:2])
    high, wide = (max(1, round(length * scale)) for length in picture.shape[:2])
    square = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - high) // 2, (side - wide) // 2
    square[top : top + high, left : left + wide] = resized(picture, wide, high, cv2.INTER_LINEAR)
    return square


def _head(reference: np.ndarray) -> np.ndarray:
    canvas = _ground(reference)
    _write(canvas, "reference", (ROW + 8, 34), 0.6)
    weights = ", ".join(f"{share:.0%} {name.replace('_', ' ')}" for name, share in WEIGHTS.items())
    _write(canvas, f"composite: {weights}", (ROW + 8, 62), 0.45)
    return canvas


def _row(picture: np.ndarray, number: str, result: Consistency, kind: str) -> np.ndarray:
    canvas = _ground(picture)
    _write(canvas, number, (ROW + 6, 30), 0.6)
    left, right, high = ROW + 150, WIDTH - 190, (ROW - 2 * MARGIN) // len(WEIGHTS)
    for place, name in enumerate(WEIGHTS):
        value, top = getattr(result, name), MARGIN + place * high
        _write(canvas, name.replace("_", " "), (ROW + 60, top + high - 6), 0.42)
        cv2.rectangle(canvas, (left, top + 2), (right, top + high - 3), _PALE, -1)
        if value is None:
            _write(canvas, "no model", (left + 6, top + high - 6), 0.4)
            continue
        end = round(left + (right - left) * float(np.clip(value, 0, 1)))
        cv2.rectangle(canvas, (left, top + 2), (end, top + high - 3), _COLOURS[name], -1)
        _write(canvas, f"{value:.2f}", (right + 8, top + high - 6), 0.42)
    _write(canvas, f"{result.composite:.0f}", (WIDTH - 130, 52), 1.0)
    _write(canvas, _SIGNS[kind], (WIDTH - 130, 84), 0.5)
    return canvas


def _ground(picture: np.ndarray) -> np.ndarray:
    canvas = np.full((ROW, WIDTH, 3), _GROUND, np.uint8)
    canvas[MARGIN : ROW - MARGIN, MARGIN : ROW - MARGIN] = thumbnail(picture)
    return canvas


def _write(canvas: np.ndarray, text: str, at: tuple[int, int], size: float) -> None:
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, _INK, 1, cv2.LINE_AA)
