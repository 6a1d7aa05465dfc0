"""Grain: what each frame has of its own, measured and drawn anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..pixels import LUMA
from .flow import find_flow, warped
from .planes import OnHost


@dataclass(frozen=True)
class Grain:
    """Grain that is another one in each frame: standard deviation of each channel (levels), and of the grey picture."""

    channels: tuple[float, float, float]
    grey: float

    @property
    def shows(self) -> bool:
        return max(self.channels) > 0.2  # less is lost in rounding to whole levels

    def drawn(self, shape: tuple[int, int], seed: int) -> np.ndarray:
        """(*shape, 3) float: such grain, white; how alike the channels are follows from that of the grey picture."""
        own = np.array(self.channels, np.float32)
        apart, together = float(((LUMA * own) ** 2).sum()), float((LUMA * own).sum() ** 2)
        alike = float(np.clip((self.grey**2 - apart) / max(together - apart, 1e-6), 0, 1))
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((*shape, 3), np.float32) * np.float32((1 - alike) ** 0.5)
        if alike > 0:
            noise += rng.standard_normal((*shape, 1), np.float32) * np.float32(alike**0.5)
        return noise * own


def grain_of(a: np.ndarray, b: np.ndarray) -> Grain:
    """The grain of two neighbouring frames, (H, W, 3) uint8: what their motion does not carry from one to the other.

    Texture that moves along is none. Strength as in Immerkaer, "Fast Noise Variance Estimation" (1996), with medians,
    of the difference that is left after warping; never more than the picture itself shows. Rounding is taken off.
    """
    flow = find_flow(b, a)
    carried = warped(OnHost(), a.astype(np.float32), flow, b.shape[:2])
    now = b.astype(np.float32)
    own = []
    for weights in (*np.eye(3, dtype=np.float32), LUMA):
        left, whole = _noise((now - carried) @ weights) ** 2 / 2, _noise(now @ weights) ** 2
        rounding = float((weights**2).sum()) / 12
        own.append(max(0.0, min(left, whole) - rounding) ** 0.5)
    return Grain((own[0], own[1], own[2]), own[3])


def usual_grain(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> Grain:
    """The median of `grain_of` over pairs of neighbours."""
    found = np.median([(*grain.channels, grain.grey) for grain in (grain_of(a, b) for a, b in pairs)], axis=0)
    return Grain((float(found[0]), float(found[1]), float(found[2])), float(found[3]))


def _noise(image: np.ndarray) -> float:
    """Standard deviation of the white noise of an (H, W) float picture."""
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    every = max(1, min(image.shape) // 256)
    return float(np.median(np.abs(cv2.filter2D(image, cv2.CV_32F, mask)[::every, ::every]))) / (0.6745 * 6)
