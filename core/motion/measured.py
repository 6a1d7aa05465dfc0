"""What is measured everywhere in a picture: gradients, straight edges, texture, flatness, what stands out.

Classic picture statistics, no learned weights, worked out at 256 px on the shorter side, once, when first asked for.
Fields are (h, w) float32 in 0..1 unless said otherwise; lightness is CIELAB L (0..100), so nothing depends on the size
of the file. Knows nothing of things; `scene.py` finds those in what is measured here.
"""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from ..lettering.border import border_mask, border_of
from ..pixels import grow, ramp, resized
from . import parts
from .calibration import KEEPING, MEASURING

SIDE = 256


class Measured:
    """The picture `image`, (H, W, 3) uint8 sRGB, measured. Deterministic."""

    def __init__(self, image: np.ndarray):
        height, width = image.shape[:2]
        scale = SIDE / min(height, width)
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
        self.image = image
        self.small = resized(image, *size, cv2.INTER_LINEAR)
        self.lab = cv2.cvtColor(self.small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        self.light = np.ascontiguousarray(self.lab[..., 0])
        self.height, self.width = self.light.shape

    @cached_property
    def gradient(self) -> np.ndarray:
        """Lightness steps per pixel at a scale of about 2 px."""
        light = cv2.GaussianBlur(self.light, (0, 0), 1.2)
        return cv2.magnitude(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)) / 8

    @cached_property
    def flatness(self) -> float:
        """0 (busy) .. 1 (hardly anything but smooth gradients)."""
        return float(1 - ramp(self.gradient.mean(), *MEASURING.busy))

    @cached_property
    def _double(self) -> np.ndarray:
        """(2h, 2w) uint8 grey."""
        grey = cv2.cvtColor(self.image, cv2.COLOR_RGB2GRAY)
        return resized(grey, 2 * self.width, 2 * self.height, cv2.INTER_LINEAR)

    @cached_property
    def _lines(self) -> np.ndarray:
        """(n, 4) x0, y0, x1, y1 of straight edges (LSD, Grompone von Gioi 2010), contrast evened out first."""
        return _segments(cv2.createCLAHE(2.0, (4, 4)).apply(self._double), MEASURING.line_least)

    def _draw(self, lines: np.ndarray) -> np.ndarray:
        drawn = np.zeros((self.height, self.width), np.uint8)
        for x0, y0, x1, y1 in lines:
            cv2.line(drawn, (round(x0), round(y0)), (round(x1), round(y1)), 255, 3)
        return drawn.astype(np.float32) / 255

    @cached_property
    def straight(self) -> np.ndarray:
        """Where long straight edges are: architecture, graphic art."""
        return self._draw(self._lines)

    @cached_property
    def outlines(self) -> np.ndarray:
        """Clear edges that run on for a while, straight or gently curved: what stiff things are bounded by."""
        low, high = np.percentile(self._double, (1, 99))
        grey = np.clip((self._double - low) * (255 / max(high - low, 24)), 0, 255).astype(np.uint8)
        lines = _segments(cv2.GaussianBlur(grey, (0, 0), 1.5), MEASURING.outline_least)
        return np.maximum(self._draw(lines), self.straight)

    @cached_property
    def _slopes(self) -> np.ndarray:
        """Degrees from level, 0..90, of each of `_lines`."""
        slopes = np.degrees(np.arctan2(self._lines[:, 3] - self._lines[:, 1], self._lines[:, 2] - self._lines[:, 0]))
        return np.abs((slopes + 90) % 180 - 90)

    @cached_property
    def horizon(self) -> int | None:
        """Row of a straight level line across much of the width, not near the upper or lower border."""
        covered = self._draw(self._lines[self._slopes < MEASURING.level]) > 0
        near = cv2.dilate(covered.astype(np.uint8), np.ones((5, 1), np.uint8))
        share = near.mean(1)
        first, last = (int(part * self.height) for part in MEASURING.horizon_rows)
        share[:first] = share[last:] = 0
        return int(np.argmax(share)) if share.max() >= MEASURING.horizon else None

    @cached_property
    def border(self) -> np.ndarray:
        """(h, w) bool: a frame round the picture."""
        found = border_of(self.image)
        mask = np.zeros(self.image.shape[:2], np.float32)
        if found is not None:
            mask[border_mask(found, mask.shape)] = 1
        return cv2.resize(mask, (self.width, self.height), interpolation=cv2.INTER_AREA) > 0.5

    @cached_property
    def graphic(self) -> float:
        """0 (photograph, painting) .. 1 (flat shapes): the share of clear edges that is straight. With a horizon, level
        lines count 0.4: they may be the horizon itself, streaks on water, a bank of cloud."""
        drawn = self.straight
        if self.horizon is not None:
            drawn = np.maximum(self._draw(self._lines[self._slopes > 5]), 0.4 * drawn)
        inner = 1 - grow(self.border, 4)  # a frame round a photograph says nothing of it
        clear = (
            self.gradient * inner * (self.gradient > max(MEASURING.clear_edge, float(np.percentile(self.gradient, 80))))
        )
        return float((clear * drawn).sum() / max(float(clear.sum()), 1e-6))

    @cached_property
    def structure(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Local gradient energy, its coherence (1: one direction) and how level its lines are (1: all level)."""
        light = cv2.GaussianBlur(self.light, (0, 0), 0.7)
        gx, gy = cv2.Sobel(light, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(light, cv2.CV_32F, 0, 1) / 8
        jxx, jyy, jxy = (cv2.GaussianBlur(p, (0, 0), 5) for p in (gx * gx, gy * gy, gx * gy))
        energy = jxx + jyy
        coherence = np.sqrt((jxx - jyy) ** 2 + 4 * jxy**2) / (energy + 1e-6)
        return energy, coherence, jyy / (energy + 1e-6)

    @cached_property
    def textured(self) -> np.ndarray:
        """Dense irregular fine structure in every direction: foliage, grass, gravel, fur, brush strokes. Not things
        with clear outlines: those are stiff."""
        energy, coherence, _ = self.structure
        dense = cv2.GaussianBlur(self.gradient, (0, 0), 5) ** 2
        dense = dense / (cv2.GaussianBlur(self.gradient**2, (0, 0), 5) + 1e-6)
        mask = ramp(np.sqrt(energy), *MEASURING.energy) * (1 - ramp(coherence, *MEASURING.coherence))
        mask = mask * ramp(dense, *MEASURING.dense)
        outlined = cv2.GaussianBlur(self.outlines, (0, 0), 7)
        return cv2.GaussianBlur(mask * (1 - ramp(outlined, *MEASURING.outlined)), (0, 0), 5)

    @cached_property
    def sharp(self) -> np.ndarray:
        """Where a colour changes abruptly, as on the rim of a thing; the edge of a cloud is wider. (h, w) bool."""
        double = cv2.resize(self.image, (2 * self.width, 2 * self.height), interpolation=cv2.INTER_AREA)
        lab = cv2.cvtColor(double.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        fine, wide = colour_steps(lab, 0.8), colour_steps(lab, 3.0)
        sharp = ((fine > MEASURING.abrupt) & (fine > MEASURING.abrupt_ratio * wide)).astype(np.uint8)
        return cv2.resize(sharp, (self.width, self.height), interpolation=cv2.INTER_AREA) > 0

    @cached_property
    def saliency(self) -> np.ndarray:
        """0..1, how unlike the colours of the picture's border, weighted to the middle (border prior, Wei 2012)."""
        rim = max(3, self.width // 32)
        edge = np.ones((self.height, self.width), bool)
        edge[rim:-rim, rim:-rim] = False
        samples = np.ascontiguousarray(self.lab[edge][::3])
        cv2.setRNGSeed(1)
        stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
        centres = cv2.kmeans(samples, min(5, len(samples)), None, stop, 2, cv2.KMEANS_PP_CENTERS)[2]  # type: ignore[call-overload]
        unlike = np.min([np.linalg.norm(self.lab - centre, axis=2) for centre in centres], axis=0)
        y, x = np.mgrid[-1 : 1 : self.height * 1j, -1 : 1 : self.width * 1j]
        weighted = cv2.GaussianBlur(unlike.astype(np.float32), (0, 0), 2) * (
            0.35 + 0.65 * np.exp(-1.6 * (x * x + y * y))
        )
        return (weighted / max(float(np.percentile(weighted, 99)), 6.0)).clip(0, 1).astype(np.float32)

    @cached_property
    def flat(self) -> np.ndarray:
        """Plain paper, print or black."""
        return parts.flat(self.lab)

    @cached_property
    def plain(self) -> np.ndarray:
        """Flat ground that is nearly white or nearly black."""
        return parts.plain(self.lab, self.flat)

    @cached_property
    def ground(self) -> np.ndarray:
        """(h, w) bool: the one flat colour that a graphic stands on."""
        return parts.ground(self.lab, self.flat)

    @cached_property
    def stiff(self) -> np.ndarray:
        """1 along straight lines and long clear outlines: what must not bend."""
        lines = (self.outlines > 0.5).astype(np.uint8)
        away = cv2.distanceTransform(1 - lines, cv2.DIST_L2, 5)
        return ramp(away, KEEPING.stiff_reach, 0.3 * KEEPING.stiff_reach).astype(np.float32)


def colour_steps(lab: np.ndarray, scale: float) -> np.ndarray:
    """CIELAB distance per pixel at a scale of `scale` px."""
    lab = cv2.GaussianBlur(lab, (0, 0), scale)
    return np.sqrt((cv2.Sobel(lab, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(lab, cv2.CV_32F, 0, 1) ** 2).sum(2)) / 8


def _segments(double: np.ndarray, shortest: float) -> np.ndarray:
    found = cv2.createLineSegmentDetector().detect(double)[0]
    lines = (
        np.zeros((0, 4)) if found is None else found.reshape(-1, 4) / 2
    )  # (N, 1, 4) with OpenCV 4, (N, 4) with OpenCV 5
    return lines[np.hypot(lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1]) > shortest]
