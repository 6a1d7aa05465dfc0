"""The course of tone and picture over the whole turn: forth and back, flicker, brightness that jumps or drifts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from ..rules import Look, Rule, Setting
from .steps import STILL

RULES = (
    Rule(
        "palindrome",
        "distance to the clip played backwards, best centre / mean distance of two frames; 0 is a ping-pong",
        0.1,
        too_low="the clip plays forth and back",
        to_raise="take a part that goes on (Find Cut) in place of a clip and its reverse",
        margin=0.01,
    ),
    Rule(
        "flicker",
        "RMS of a frame against the mean of its neighbours where the slow course of the pixel is still, grey levels",
        high=1.5,
        too_high="still parts flicker",
        to_lower="Match Tone takes flicker out; where the encoder made it, lower crf",
        margin=0.05,
    ),
    Rule(
        "luma_jump",
        "change of mean grey at the join beyond what is usual (p95) elsewhere, grey levels",
        high=1.0,
        too_high="brightness jumps at the join",
        to_lower="Match Tone evens it out",
        margin=0.05,
    ),
    Rule(
        "drift",
        "worst of 3x4 cells: change from the last three frames to the first three, beyond what is usual (p95) between "
        "other threes of the ring, grey levels",
        high=4.0,
        too_high="brightness drifts from the start to the end",
        to_lower="Match Tone takes drift out",
        margin=0.1,
    ),
)


class _Course:
    def look(self, look: Look) -> np.ndarray:
        return look.small

    def figures(self, kept: Sequence[np.ndarray]) -> dict[str, float | None]:
        grey = np.stack(kept)
        luma = np.abs(np.diff(grey.mean((1, 2)), append=grey[0].mean()))
        return {
            "palindrome": _palindrome(grey),
            "flicker": _flicker(grey),
            "luma_jump": float(max(0.0, luma[-1] - np.percentile(luma[:-1], 95))),
            "drift": _drift(grey),
        }


def begin(setting: Setting) -> _Course:
    return _Course()


def _palindrome(grey: np.ndarray) -> float:
    every = math.ceil(len(grey) / 480)
    points = np.stack([cv2.resize(f, (32, 32), interpolation=cv2.INTER_AREA).ravel() for f in grey[::every]])
    points = points - points.mean(0)
    power = (points**2).sum(1)
    distance = np.sqrt(np.maximum(power[:, None] + power[None] - 2 * points @ points.T, 0))
    typical = float(distance.mean())
    if typical < 32 * STILL:
        return 1.0  # a still picture plays neither way; smallest_step and motion tell
    n = len(points)
    times = np.arange(n)
    return float(min(distance[times, (centre - times) % n].mean() for centre in range(n)) / typical)


def _flicker(grey: np.ndarray) -> float:
    n = len(grey)
    slow = np.stack([np.mean([grey[(t + k) % n] for k in range(-2, 3)], axis=0) for t in range(0, n, 2)])
    still = np.ptp(slow, axis=0) < 2.0
    if not still.any():
        return 0.0
    total = 0.0
    for t in range(n):
        quick = grey[t] - (grey[t - 1] + grey[(t + 1) % n]) / 2
        total += float((quick[still] ** 2).mean())
    return math.sqrt(total / n)


def _drift(grey: np.ndarray) -> float:
    """Light that swings all the time changes as much anywhere; a clip that has drifted changes back at the join."""
    count = min(3, len(grey) // 2)
    cells = np.stack([cv2.resize(frame, (4, 3), interpolation=cv2.INTER_AREA) for frame in grey])
    ring = np.concatenate([cells, cells[: 2 * count]])
    n = len(cells)
    means = np.stack([ring[t : t + count].mean(0) for t in range(n + count)])
    change = np.abs(means[count:] - means[:n])  # from the frames t to those after them
    usual = np.percentile(change[: n - 2 * count + 1], 95, axis=0)  # of those that do not reach over the join
    return float(np.maximum(change[n - count] - usual, 0).max())
