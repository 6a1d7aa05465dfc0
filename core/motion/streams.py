"""Regions that stream on and on: sky, water, smoke.

A streaming texture cannot return to where it began, so every point changes over, once a turn, from the texture that has
streamed for t to the one that will have streamed for t - 1: two samples of the same picture, one distance apart. At the
ends of the turn there is only one of them and it has not moved: frame 0 is the picture itself, and speed is constant
through the join. Each point changes over at a moment of its own (smooth noise), so the region never blurs as a whole.
After flow maps (A. Vlachos, "Water Flow in Portal 2", SIGGRAPH 2010), whose phase noise starts frame 0 mid-way.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..pixels import smoothstep
from .waves import Grid

CHANGE = 0.45  # share of a turn that one point's change-over takes


class Streams:
    """All streaming regions of a picture together: one displacement per turn and one schedule of change-overs."""

    def __init__(self, grid: Grid, rng: np.random.Generator):
        self.turns, self._factor = grid.turns(1)
        self.distance = np.zeros((*grid.shape, 2), np.float32)
        noise = grid.noise(rng, 260)
        order = np.argsort(np.argsort(noise, axis=None)).reshape(noise.shape) / noise.size
        self._centre = (CHANGE / 2 + (1 - CHANGE) * cv2.GaussianBlur(order.astype(np.float32), (0, 0), 3)).astype("f4")

    def __bool__(self) -> bool:
        return bool(np.abs(self.distance).max() > 0.05)

    def add(self, heading: np.ndarray, mask: np.ndarray, distance: float) -> None:
        """Let mask (h, w) stream `distance` px a turn along heading, (h, w, 2) float32, about unit length."""
        self.distance += (mask * np.float32(distance * self._factor))[..., None] * heading

    def at(self, t: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Displacement of the two samples, (h, w, 2) each, and the share of the second, (h, w), at loop time t."""
        phase = np.float32((t * self.turns) % 1.0)
        share = np.clip((phase - self._centre) / np.float32(CHANGE) + np.float32(0.5), 0, 1)
        return -self.distance * phase, -self.distance * (phase - 1), smoothstep(share)
