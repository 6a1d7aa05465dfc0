"""Held lettering over frames: the cover's own pixels come back where lettering was not lifted.

A model that draws frames anew draws lettering anew as well. The patch that is laid over it has a soft rim and follows
the tone of the frame around it, so that nobody sees where it begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from ..errors import UsageError
from ..pixels import grow, ramp
from .calibration import HOLDING
from .styles import push_pull


class Hold:
    """Brings the held parts of a cover back over many frames.

    cover: (H, W, 3) uint8 sRGB; held: (H, W), bool or 0..1, held above 0.5.

    Raises:
        UsageError: the two differ in size.
    """

    def __init__(self, cover: np.ndarray, held: np.ndarray):
        if cover.shape[:2] != held.shape or cover.ndim != 3 or cover.shape[2] != 3:
            raise UsageError(f"cover {cover.shape} and what is held {held.shape} differ in size")
        self.size = held.shape
        solid = held > 0.5
        rim = max(2.0, HOLDING.rim * min(self.size))
        away = cv2.distanceTransform((~solid).astype(np.uint8), cv2.DIST_L2, 5)
        share = ramp(away, rim, 0.0).astype(np.float32) if solid.any() else np.zeros(self.size, np.float32)
        x, y, w, h = cv2.boundingRect((share > 0).astype(np.uint8))
        self._part = np.s_[y : y + h, x : x + w]
        self._share = share[self._part][..., None]
        self._cover = cover[self._part].astype(np.float32)
        step = max(1, round(min(self.size) / HOLDING.tone_side))
        self._small = (max(1, self.size[1] // step), max(1, self.size[0] // step))
        self._cover_small = self._shrunk(cover.astype(np.float32))
        within = self._shrunk(grow(solid, rim).astype(np.float32)) > 0.05 if solid.any() else np.zeros(1, bool)
        self._within = within if not within.all() else None  # a cover that is all held has no surroundings

    def _shrunk(self, picture: np.ndarray) -> np.ndarray:
        return cv2.resize(picture, self._small, interpolation=cv2.INTER_AREA)

    def over(self, frame: np.ndarray) -> np.ndarray:
        """frame: (H, W, 3) float32 0..255 or uint8 -> the same kind, a new picture where anything is held.

        Raises:
            UsageError: the frame is of another size.
        """
        if frame.shape != (*self.size, 3):
            raise UsageError(f"frame is {frame.shape}; the cover is {self.size[1]}x{self.size[0]}")
        if not self._share.size:
            return frame
        patch = self._cover + self._tone(frame)
        made = frame.copy()
        mixed = frame[self._part] * (1 - self._share) + patch * self._share
        made[self._part] = np.clip(mixed + 0.5, 0, 255) if frame.dtype == np.uint8 else np.clip(mixed, 0, 255)
        return made

    def _tone(self, frame: np.ndarray) -> np.ndarray:
        """How much brighter, in each channel, the frame is than the cover around what is held, continued into it."""
        if self._within is None:
            return np.zeros((1, 1, 3), np.float32)
        change = cv2.GaussianBlur(self._shrunk(frame.astype(np.float32)) - self._cover_small, (0, 0), 1.5)
        change = cv2.GaussianBlur(push_pull(change, self._within), (0, 0), 1.5)
        return cv2.resize(change, self.size[::-1], interpolation=cv2.INTER_LINEAR)[self._part]


def held_over(frames: Iterable[np.ndarray], cover: np.ndarray, held: np.ndarray) -> Iterator[np.ndarray]:
    """Frames (H, W, 3) uint8 with what is held of the cover back in each; the given frames are left as they are."""
    hold = Hold(cover, held)
    return (hold.over(frame) for frame in frames)
