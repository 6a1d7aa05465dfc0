"""A picture between two others, drawn from where its pixels come from: as sharp and as grainy as the two are."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from .flow import Motion, grid, warped
from .grain import Grain


class Pair:
    """Two pictures, ready for drawing what lies between them."""

    def __init__(self, a: np.ndarray, b: np.ndarray, grain: Grain | None, seed: int) -> None:
        self._pictures = a.astype(np.float32), b.astype(np.float32)
        self._energies = _energy(_fine(self._pictures[0])), _energy(_fine(self._pictures[1]))
        self._grain, self._seed = (grain, seed) if grain is not None and grain.shows else (None, seed)

    def drawn(self, motion: Motion, time: float) -> np.ndarray:
        """The picture that takes from a at x + to_a(x) and, as much as the share says, from b at x + to_b(x).

        Two pictures that do not quite fit blur each other where they are blended. So the local energy of what a
        Gaussian (0.8 px) leaves over is brought back to that of the places the pixels come from, by a gain of at most
        two. Grain is averaged away and dragged along: its energy is taken out of that, and fresh grain laid on, so that
        an in-between has grain of its own as a frame has, and its steps are as large.
        """
        height, width = self._pictures[0].shape[:2]
        to_a, to_b, share = motion
        first, second = (warped(p, to, (height, width)) for p, to in zip(self._pictures, (to_a, to_b), strict=True))
        share = cv2.resize(share, (width, height), interpolation=cv2.INTER_LINEAR)
        picture = first + (second - first) * share[..., None]
        fine = _fine(picture)
        have = _energy(fine)
        small = have.shape
        from_a, from_b = (warped(e, to, small) for e, to in zip(self._energies, (to_a, to_b), strict=True))
        wanted = from_a + (from_b - from_a) * cv2.resize(share, small[::-1], interpolation=cv2.INTER_AREA)
        whole, fresh = (width, height), None
        if self._grain is not None:
            white = _FINE_OF_WHITE * float(np.square(self._grain.channels).mean())
            kept = cv2.resize((1 - share) ** 2 + share**2, small[::-1], interpolation=cv2.INTER_AREA)
            kept *= np.clip(1 - white / np.maximum(wanted, 0.05), 0, 1)  # hardly any where there is nothing but grain
            lacking = 1 - _PREDICTED * kept
            wanted = np.maximum(wanted - lacking * white, 0)
            fresh = self._grain.drawn((height, width), round(time * 1e6) + self._seed * 1_000_003)
            fresh *= np.sqrt(cv2.resize(lacking, whole, interpolation=cv2.INTER_LINEAR))[..., None]
        gain = np.sqrt(np.clip(wanted / np.maximum(have, 0.05), 0.0 if self._grain else 1.0, 4.0))
        picture += fine * (cv2.resize(gain, whole, interpolation=cv2.INTER_LINEAR) - 1)[..., None]
        if fresh is not None:
            picture += fresh
        return _bytes(picture)


@functools.lru_cache(maxsize=4)
def _pattern(height: int, width: int) -> np.ndarray:
    x, y = grid(height, width)
    apart = [5.588238 * channel for channel in range(3)]  # or the grey picture would have all of it
    return np.stack(
        [np.modf(52.9829189 * np.modf(0.06711056 * (x + by) + 0.00583715 * (y + by))[0])[0] for by in apart], 2
    )


def _bytes(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) float to uint8 through a pattern that stands still (interleaved gradient noise, Jimenez 2014).

    Plain rounding makes one step out of each slow change by a level or two, at the same moment in the whole picture.
    """
    return np.clip(picture + _pattern(*picture.shape[:2]), 0, 255).astype(np.uint8)


def _fine(image: np.ndarray) -> np.ndarray:
    return image - cv2.GaussianBlur(image, (0, 0), 0.8)


_PREDICTED = 0.5
"""How much of the grain that is dragged along counts as grain. 1 is right before encoding; an encoder predicts what
moves along, and codes it coarser: in the decoded file 0 is nearest to the frames around. Half is near in both."""
_FINE_OF_WHITE = float(np.square(_fine(np.pad(np.ones((1, 1), np.float32), 8))).sum())
"""Energy that `_fine` leaves of white noise of unit strength."""


def _energy(fine: np.ndarray) -> np.ndarray:
    """Mean square over channels and about 12 px around, at a quarter of the size: (h, w) float."""
    square = np.einsum("hwc,hwc->hw", fine, fine) / 3
    size = max(1, fine.shape[1] // 4), max(1, fine.shape[0] // 4)
    return cv2.GaussianBlur(cv2.resize(square, size, interpolation=cv2.INTER_AREA), (0, 0), 3.0)
