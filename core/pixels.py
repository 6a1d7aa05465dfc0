"""Areas grown by discs, which every step on lettering and its plate needs."""

from __future__ import annotations

import cv2
import numpy as np


def disc(radius: float) -> np.ndarray:
    r = max(1, round(radius))
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * r + 1, 2 * r + 1))


def grow(mask: np.ndarray, radius: float) -> np.ndarray:
    """Dilate a (h, w) bool mask by `radius` px, a whole number of them and at least 1."""
    if radius < 4:
        return cv2.dilate(mask.astype(np.uint8), disc(radius)) > 0
    if not mask.any():
        return mask.copy()
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) <= round(radius)


def morphed(picture: np.ndarray, how: int, shape: np.ndarray) -> np.ndarray:
    """A picture, (h, w, 3) float32 0..255, opened or closed (cv2.MORPH_OPEN, cv2.MORPH_CLOSE); in whole levels, which
    is four times as fast."""
    whole = np.clip(picture + 0.5, 0, 255).astype(np.uint8)
    return cv2.morphologyEx(whole, how, shape).astype(np.float32)
