"""Discs that would spin: records, wheels seen from the front."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..pixels import ramp
from .calibration import DISCS

_ROUND = 180  # places round a circle


@dataclass(frozen=True)
class Disc:
    """center: shares of width and height; radius: share of the shorter side; confidence: 0..1."""

    center: tuple[float, float]
    radius: float
    confidence: float


def find_disc(light: np.ndarray) -> Disc | None:
    """The surest disc of a picture, or None. light: (h, w) float32 lightness, shorter side 256 px.

    A disc has one clear rim all round and looks the same from all sides, but for a label in its middle, by which its
    turning is seen. A photographed record has a sheen, which stands still: it is not turned.
    """
    height, width = light.shape
    grey = np.clip(light * 2.55, 0, 255).astype(np.uint8)
    least, most = round(DISCS.least * min(light.shape)), round(0.5 * min(light.shape))
    found = cv2.HoughCircles(
        cv2.GaussianBlur(grey, (0, 0), 1.5),
        cv2.HOUGH_GRADIENT_ALT,
        1.5,
        20,
        param1=120,
        param2=0.8,
        minRadius=least,
        maxRadius=most,
    )
    circles = [] if found is None else found.reshape(-1, found.shape[-1])[:12]
    discs = []
    for x, y, radius in (circle[:3] for circle in circles):
        if min(x, y, width - 1 - x, height - 1 - y) >= radius:
            sure = _confidence(light, float(x), float(y), float(radius))
            center = ((float(x) + 0.5) / width, (float(y) + 0.5) / height)
            discs.append(Disc(center, float(radius) / min(light.shape), sure))
    return max((one for one in discs if one.confidence > 0), key=lambda one: one.confidence * one.radius, default=None)


def _confidence(light: np.ndarray, x: float, y: float, radius: float) -> float:
    turn = np.linspace(0, 2 * np.pi, _ROUND, endpoint=False)

    def rings(shares: np.ndarray) -> np.ndarray:
        """(shares, places) lightness."""
        away = (shares * radius)[:, None]
        across, down = (x + away * np.cos(turn)).astype(np.float32), (y + away * np.sin(turn)).astype(np.float32)
        return cv2.remap(light, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    body = rings(np.linspace(DISCS.label, 0.94, 16))
    uneven = float(body.std(axis=1).mean())  # from one side to another
    rim = np.abs(rings(np.array([1.07])) - rings(np.array([0.93])))[0]
    clear = float((rim > DISCS.rim_step).mean())
    label = float(rings(np.linspace(0.08, DISCS.label, 10)).std(axis=1).max())
    chances = ((uneven, DISCS.uneven), (clear, DISCS.rim_clear), (label, DISCS.label_seen))
    return float(np.prod([ramp(value, *between) for value, between in chances]))
