"""Small arithmetic on pictures and areas that every stage needs: sizes, soft steps, discs, rings."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Shares of R, G, B in grey (ITU-R BT.601, as in cv2.COLOR_RGB2GRAY)."""


def resized(picture: np.ndarray, width: int, height: int, grow: int = cv2.INTER_LANCZOS4) -> np.ndarray:
    """(H, W[, C]) of any dtype OpenCV takes -> (height, width[, C]); the picture itself where it has that size.

    Area averaging when it shrinks; `grow`, an interpolation of OpenCV, when it grows.
    """
    if picture.shape[:2] == (height, width):
        return picture
    kernel = cv2.INTER_AREA if width * height < picture.shape[0] * picture.shape[1] else grow
    return cv2.resize(picture, (width, height), interpolation=kernel)


def reduced(picture: np.ndarray, shorter: int) -> np.ndarray:
    """The picture with a shorter side of at most `shorter` px, aspect kept; itself where it is no larger."""
    scale = min(1.0, shorter / min(picture.shape[:2]))
    return resized(picture, max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))


def smoothstep(t: Any) -> Any:
    """0..1 -> 0..1 with level ends: 3t^2 - 2t^3 (Hermite)."""
    return t * t * (3 - 2 * t)


def ramp(values: Any, low: float, high: float) -> Any:
    """Smoothstep from 0 at `low` to 1 at `high`; `low` may be the larger one."""
    return smoothstep(np.clip((values - low) / (high - low), 0, 1))


def disc(radius: float) -> np.ndarray:
    r = max(1, round(radius))
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * r + 1, 2 * r + 1))


def grow(mask: np.ndarray, radius: float) -> np.ndarray:
    """Dilate a (h, w) bool mask by `radius` px, a whole number of them and at least 1."""
    if radius < 4:
        return cv2.dilate(mask.astype(np.uint8), disc(radius)) > 0
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    if not width:
        return mask.copy()
    reach = round(radius)
    near = np.s_[max(0, y - reach) : y + height + reach, max(0, x - reach) : x + width + reach]
    grown = np.zeros_like(mask)
    grown[near] = cv2.distanceTransform((~mask[near]).astype(np.uint8), cv2.DIST_L2, 5) <= reach
    return grown


def morphed(picture: np.ndarray, how: int, shape: np.ndarray) -> np.ndarray:
    """A picture, (h, w, 3) float32 0..255, opened or closed (cv2.MORPH_OPEN, cv2.MORPH_CLOSE); in whole levels, which
    is four times as fast."""
    whole = np.clip(picture + 0.5, 0, 255).astype(np.uint8)
    return cv2.morphologyEx(whole, how, shape).astype(np.float32)


def middle(picture: np.ndarray, height: int, width: int, grow: int = cv2.INTER_LANCZOS4) -> np.ndarray:
    """(H, W[, C]) as (height, width[, C]): its largest middle part of that shape, resized as by `resized`.

    A picture that `image.fit` would bring to this size, whose sides are rounded to whole pairs of px, is taken whole:
    so a cover has the very pixels here that its loop was made of.
    """
    scale = max(height / picture.shape[0], width / picture.shape[1])
    if max(picture.shape[0] * scale - height, picture.shape[1] * scale - width) < _ROUNDED:
        return resized(picture, width, height, grow)
    rows, columns = min(picture.shape[0], round(height / scale)), min(picture.shape[1], round(width / scale))
    top, left = (picture.shape[0] - rows) // 2, (picture.shape[1] - columns) // 2
    return resized(picture[top : top + rows, left : left + columns], width, height, grow)


_ROUNDED = 1.01  # px: a side that is rounded to a pair is off by one at most


def fine_detail(grey: np.ndarray) -> np.ndarray:
    """(h, w) grey -> (h, w) float32: Laplacian of a Gaussian (0.7 px).

    Without the Gaussian an edge at 45 degrees has twice the energy of one along the pixels: what merely turns would
    seem to lose and gain sharpness.
    """
    return cv2.Laplacian(cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 0.7), cv2.CV_32F)


def ring_steps(grey: np.ndarray) -> tuple[np.ndarray, float]:
    """(N, h, w) float -> ((N,) mean absolute step from each frame to the next on the ring, their median)."""
    steps = np.array([np.abs(grey[(i + 1) % len(grey)] - frame).mean() for i, frame in enumerate(grey)])
    return steps, float(np.median(steps))
