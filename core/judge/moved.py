"""What has moved from one picture to another, where light has changed as well."""

from __future__ import annotations

import cv2
import numpy as np

from ..pixels import ramp
from .calibration import MOVING


def moved(a: np.ndarray, b: np.ndarray, unexplained: tuple[float, float] | None = None) -> np.ndarray:
    """Optical flow (DIS, Kroeger 2016) from a to b, (h, w) uint8 grey -> (h, w, 2) float32 px; a is given the broad
    light of b first, which flow would take for motion. What is plain in a has moved only where something else is in b:
    flow is made up elsewhere.

    unexplained: levels by which b must differ from a before it is said to have moved there, and from which on it surely
    has; so stripes that look alike are not taken for each other. Without it the smallest motion counts.
    """
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)  # pyright: ignore[reportAttributeAccessIssue]
    lit = _lit_as(a, b)
    flow = dis.calc(lit, b, None)
    apart = cv2.blur(cv2.absdiff(lit, b).astype(np.float32), (5, 5))
    if unexplained is not None:
        return flow * ramp(apart, *unexplained)[..., None]
    slope = np.hypot(cv2.Sobel(a, cv2.CV_32F, 1, 0), cv2.Sobel(a, cv2.CV_32F, 0, 1)) / 8
    seen = np.maximum(ramp(cv2.blur(slope, (5, 5)), *MOVING.texture), ramp(apart, *MOVING.swept))
    return flow * seen[..., None]


def _lit_as(grey: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """A grey picture with the broad light of another one, uint8."""
    soft = [cv2.GaussianBlur(picture.astype(np.float32), (0, 0), MOVING.light) for picture in (grey, frame)]
    gain = np.clip((soft[1] + 4) / (soft[0] + 4), 0.5, 2)
    return np.clip(grey * gain + 0.5, 0, 255).astype(np.uint8)
