"""Filling a hole with the smoothest picture that meets its rim."""

from __future__ import annotations

import cv2
import numpy as np

from ...lettering.styles import push_pull
from ...pixels import grow
from ..filler import Filler


def fill_smooth(picture: np.ndarray, hole: np.ndarray, rounds: int = 60) -> np.ndarray:
    """Fill a hole with the smoothest picture that meets its rim (Laplace's equation: push-pull start, Jacobi rounds).

    picture: (H, W, 3) uint8; hole: (H, W) bool. Returns uint8.
    """
    filled = push_pull(picture.astype(np.float32), hole)
    around = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
    count, labels, stats, _ = cv2.connectedComponentsWithStats(grow(hole, 2).astype(np.uint8))
    for i in range(1, count):
        x, y, w, h = (int(v) for v in stats[i][:4])
        window = np.s_[y : y + h, x : x + w]
        own = hole[window] & (labels[window] == i)
        part = np.ascontiguousarray(filled[window])
        for _ in range(rounds):
            part[own] = cv2.filter2D(part, -1, around)[own]
        filled[window] = part
    return np.clip(filled + 0.5, 0, 255).astype(np.uint8)


FILLER = Filler(
    fill=lambda picture, hole, *, seed, folders: fill_smooth(picture, hole),
    licence="part of coverloop",
    size_rule="any",
    rank=3,
    grainless=True,
    meets_rim=True,
)
