"""A picture between two others, drawn from where its pixels come from: as sharp and as grainy as the two are."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from .flow import Motion, warped
from .grain import Grain
from .planes import OnHost, Plane, Planes


class Pair:
    """Two pictures, ready for drawing what lies between them."""

    def __init__(
        self, a: np.ndarray, b: np.ndarray, grain: Grain | None, seed: int, planes: Planes | None = None
    ) -> None:
        self._planes = planes or OnHost()
        self._pictures = self._planes.put(a), self._planes.put(b)
        self._energies = tuple(self._energy(self._fine(picture)) for picture in self._pictures)
        self._grain, self._seed = (grain, seed) if grain is not None and grain.shows else (None, seed)
        # Plain rounding makes one step out of each slow change by a level or two, at the same moment everywhere; grain
        # of half a level hinders that by itself.
        hidden = self._grain is not None and min(self._grain.channels) > 0.5
        self._rounding = 0.5 if hidden else self._planes.put(_pattern(*a.shape[:2]))

    def drawn(self, motion: Motion, time: float) -> np.ndarray:
        """The picture, (H, W, 3) uint8, that takes from a at x + to_a(x) and, as much as the share says, from b at
        x + to_b(x).

        Two pictures that do not quite fit blur each other where they are blended. So the local energy of what a
        Gaussian (0.8 px) leaves over is brought back to that of the places the pixels come from, by a gain of at most
        two. Grain is averaged away and dragged along: its energy is taken out of that, and fresh grain laid on, so that
        an in-between has grain of its own as a frame has, and its steps are as large.
        """
        planes = self._planes
        whole = self._pictures[0].shape[:2]
        to_a, to_b, share = motion
        first, second = (warped(planes, p, to, whole) for p, to in zip(self._pictures, (to_a, to_b), strict=True))
        share = planes.fitted(share, *whole)
        picture = first + (second - first) * share[..., None]
        fine = self._fine(picture)
        have = self._energy(fine)
        small = have.shape
        from_a, from_b = (warped(planes, e, to, small) for e, to in zip(self._energies, (to_a, to_b), strict=True))
        wanted = from_a + (from_b - from_a) * planes.fitted(share, *small)
        fresh = None
        if self._grain is not None:
            wanted = (wanted - _FINE_OF_WHITE * float(np.square(self._grain.channels).mean())).clip(0)
            fresh = planes.put(self._grain.drawn(whole, round(time * 1e6) + self._seed * 1_000_003))
        gain = (wanted / have.clip(0.05)).clip(0.0 if self._grain else 1.0, 4.0) ** 0.5
        picture += fine * (planes.fitted(gain, *whole) - 1)[..., None]
        if fresh is not None:
            picture += fresh
        return planes.bytes(picture + self._rounding)

    def _fine(self, picture: Plane) -> Plane:
        return picture - self._planes.blurred(picture, _FINE)

    def _energy(self, fine: Plane) -> Plane:
        """Mean square over channels and about 12 px around, at a quarter of the size: (h, w)."""
        square = (fine[..., 0] ** 2 + fine[..., 1] ** 2 + fine[..., 2] ** 2) / 3
        height, width = max(1, fine.shape[0] // 4), max(1, fine.shape[1] // 4)
        return self._planes.blurred(self._planes.fitted(square, height, width), 3.0)


_FINE = 0.8
"""Pixels: what a Gaussian of this leaves over is fine."""


@functools.lru_cache(maxsize=4)
def _pattern(height: int, width: int) -> np.ndarray:
    """(H, W, 3) float32 0..1 that stands still (interleaved gradient noise, Jimenez 2014)."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    apart = [5.588238 * channel for channel in range(3)]  # or the grey picture would have all of it
    return np.stack(
        [np.modf(52.9829189 * np.modf(0.06711056 * (x + by) + 0.00583715 * (y + by))[0])[0] for by in apart], 2
    )


_DOT = np.pad(np.ones((1, 1), np.float32), 8)
_FINE_OF_WHITE = float(np.square(_DOT - cv2.GaussianBlur(_DOT, (0, 0), _FINE)).sum())
"""Energy that is fine of white noise of unit strength."""
