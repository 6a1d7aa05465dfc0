"""A picture of a judgement: step sizes around the ring and the frames around the join. Drawn with OpenCV only."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import cv2
import numpy as np

from .registry import rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .judgement import Judgement

WIDTH, CHART, MARGIN = 960, 260, 40
INK, PALE, BAR, JOIN, BAD = (40, 40, 44), (205, 205, 210), (96, 140, 190), (240, 150, 40), (205, 50, 50)
_AROUND = 3


def plot(judgement: Judgement, frames: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Steps around the ring (join centred; orange: the join, red: over the limit), six frames at the join, problems.

    frames: the judged ones, each (H, W, 3) uint8. Returns (h, 960, 3) uint8.
    """
    return np.concatenate([_chart(judgement), _filmstrip(frames), _words(judgement)])


def _chart(judgement: Judgement) -> np.ndarray:
    canvas = np.full((CHART, WIDTH, 3), 250, np.uint8)
    steps = np.roll(judgement.steps, len(judgement.steps) // 2)
    join = (len(steps) // 2 - 1) % len(steps)
    top = max(2.5, 1.1 * float(steps.max()))
    floor, room = CHART - MARGIN, CHART - 2 * MARGIN

    def level(value: float) -> int:
        return round(floor - room * min(value, top) / top)

    slot = (WIDTH - 2 * MARGIN) / len(steps)
    high, low = rules()["largest_step"].high, rules()["smallest_step"].low
    for i, step in enumerate(steps):
        left, right = round(MARGIN + i * slot), max(round(MARGIN + (i + 0.8) * slot), round(MARGIN + i * slot) + 1)
        colour = BAD if step > high or step < low else JOIN if i == join else BAR
        cv2.rectangle(canvas, (left, level(float(step))), (right, floor), colour, -1)
    seam = rules()["seam_ratio"]
    for value in (seam.low, 1.0, seam.high, high):
        cv2.line(canvas, (MARGIN, level(value)), (WIDTH - MARGIN, level(value)), PALE, 1)
        _write(canvas, f"{value:g}", (8, level(value) + 4), 0.4)
    _write(canvas, "step size around the ring / median (join in the middle)", (MARGIN, 24), 0.5)
    middle = round(MARGIN + (join + 0.4) * slot)
    _write(canvas, "join", (middle - 14, floor + 18), 0.45)
    return canvas


def _filmstrip(frames: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    count = len(frames)
    width = WIDTH // (2 * _AROUND)
    height = max(1, round(width * frames[0].shape[0] / frames[0].shape[1]))
    pictures = []
    for offset in range(-_AROUND, _AROUND):
        picture = cv2.resize(frames[offset % count], (width, height), interpolation=cv2.INTER_AREA)
        _write(picture, str(offset % count), (6, 18), 0.5, (255, 255, 255))
        pictures.append(picture)
    return np.concatenate(pictures, axis=1)


def _words(judgement: Judgement) -> np.ndarray:
    lines = [line for problem in judgement.problems for line in textwrap.wrap(problem, 118)] or ["no problem found"]
    canvas = np.full((20 * len(lines) + 20, WIDTH, 3), 250, np.uint8)
    for i, line in enumerate(lines):
        _write(canvas, line, (MARGIN, 24 + 20 * i), 0.45, BAD if judgement.problems else INK)
    return canvas


def _write(canvas: np.ndarray, text: str, at: tuple[int, int], size: float, colour: tuple[int, int, int] = INK) -> None:
    if colour == (255, 255, 255):  # over a picture: a dark edge keeps it readable on bright ones
        cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, INK, 3, cv2.LINE_AA)
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
