"""What a picture is made of, as far as motion needs it: sky, water, textured areas, subject, faces, straight lines.

Classic picture statistics only, no learned weights. Everything is worked out at 256 px on the shorter side, once,
when first asked for. All masks are (h, w) float32 in 0..1, soft-edged.

This module does not know what will move; `recipe.py` decides that from the traits.
"""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

SIDE = 256


class Scene:
    """The picture `image` (H, W, 3) uint8 sRGB, looked at closely. Deterministic: the same picture, the same masks."""

    def __init__(self, image: np.ndarray):
        height, width = image.shape[:2]
        scale = SIDE / min(height, width)
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
        kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        self.image = image
        self.small = cv2.resize(image, size, interpolation=kernel)
        lab = cv2.cvtColor(self.small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        self.light, self.a, self.b = cv2.split(lab)
        self.height, self.width = self.light.shape
        self.down = np.linspace(0, 1, self.height, dtype=np.float32)[:, None] * np.ones((1, self.width), np.float32)

    @cached_property
    def gradient(self) -> np.ndarray:
        """(h, w) float32, lightness steps per pixel at a scale of about 2 px."""
        light = cv2.GaussianBlur(self.light, (0, 0), 1.2)
        return cv2.magnitude(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)) / 8

    @cached_property
    def straight(self) -> np.ndarray:
        """Where long straight edges are (LSD, Grompone von Gioi 2010): architecture, graphic art."""
        grey = cv2.cvtColor(self.image, cv2.COLOR_RGB2GRAY)
        scale = 2 * self.width / grey.shape[1]
        grey = cv2.resize(grey, (2 * self.width, 2 * self.height), interpolation=_kernel(scale))
        found = cv2.createLineSegmentDetector().detect(cv2.createCLAHE(2.0, (4, 4)).apply(grey))[0]
        drawn = np.zeros((self.height, self.width), np.uint8)
        for x0, y0, x1, y1 in () if found is None else found[:, 0] / 2:
            if np.hypot(x1 - x0, y1 - y0) > SIDE / 14:
                cv2.line(drawn, (round(x0), round(y0)), (round(x1), round(y1)), 255, 3)
        return drawn.astype(np.float32) / 255

    @cached_property
    def graphic(self) -> float:
        """0 (a photograph, a painting) .. 1 (flat shapes with straight edges): the share of edges that are straight."""
        strong = self.gradient * (self.gradient > max(0.25, float(np.percentile(self.gradient, 80))))
        return float((strong * self.straight).sum() / max(strong.sum(), 1e-6))

    @cached_property
    def textured(self) -> np.ndarray:
        """Irregular fine structure in every direction: foliage, grass, gravel, fur, paint."""
        light = cv2.GaussianBlur(self.light, (0, 0), 0.7)
        gx, gy = cv2.Sobel(light, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(light, cv2.CV_32F, 0, 1) / 8
        jxx, jyy, jxy = (cv2.GaussianBlur(p, (0, 0), 5) for p in (gx * gx, gy * gy, gx * gy))
        energy = jxx + jyy
        coherence = np.sqrt((jxx - jyy) ** 2 + 4 * jxy**2) / (energy + 1e-6)
        mask = _ramp(np.sqrt(energy), 0.8, 2.2) * (1 - _ramp(coherence, 0.45, 0.85))
        lined = cv2.GaussianBlur(self.straight, (0, 0), 6)
        return cv2.GaussianBlur(mask * (1 - _ramp(lined, 0.12, 0.4)), (0, 0), 3)

    @cached_property
    def sky(self) -> np.ndarray:
        """What can be reached from the upper border without crossing a strong edge."""
        return self._smooth_from_top()

    def _smooth_from_top(self) -> np.ndarray:
        passable = ((self.gradient < 2.6) & (self.down < 0.72)).astype(np.uint8)
        passable = cv2.morphologyEx(passable, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        count, labels = cv2.connectedComponents(passable, connectivity=4)
        top = np.bincount(labels[:3].ravel(), minlength=count)
        top[0] = 0
        mask = np.isin(labels, np.flatnonzero(top > 0.04 * 3 * self.width)).astype(np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
        return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 3)

    @cached_property
    def faces(self):
        return np.zeros((self.height, self.width), np.float32)

    def mask(self, name):
        return np.ones((self.height, self.width), np.float32) if name == "all" else getattr(self, name)

    def depth(self, kind):
        return np.ones((self.height, self.width), np.float32)


def _ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _kernel(scale: float) -> int:
    return cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
