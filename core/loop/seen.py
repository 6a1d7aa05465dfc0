"""Clips as closing sees them: small, each picture made once."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from ..errors import ClipError
from ..parallel import in_order
from ..pixels import LUMA, reduced
from .calibration import STILL

MIN_FRAMES = 6
STEP_SIDE = 256
_POINT_SIDE = 48


class Seen:
    """The frames of a clip, or some of them, with a shorter side of at most 256 px: what all decisions are made on.

    Made once for a clip: to make frames small is most of what it costs to decide anything about them.
    """

    def __init__(self, small: np.ndarray) -> None:
        self.small = small
        """(N, h, w, 3) uint8"""

    @classmethod
    def of(cls, frames: np.ndarray) -> Seen:
        """frames: (N, H, W, 3) uint8."""
        return cls(np.stack(list(in_order(smaller, frames))))

    def __len__(self) -> int:
        return len(self.small)

    def __getitem__(self, which: slice | list[int]) -> Seen:
        return Seen(self.small[which])

    @functools.cached_property
    def grey(self) -> np.ndarray:
        """(N, h, w) float32: what steps are measured on."""
        return np.stack([grey(picture) for picture in self.small])

    @functools.cached_property
    def blurred(self) -> np.ndarray:
        """(N, h, w, 3) float: at 48 px, blurred: differences grow with displacement, grain averages out."""
        small = (reduced(picture.astype(np.float32), _POINT_SIDE) for picture in self.small)
        return np.stack([cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in small])

    @functools.cached_property
    def points(self) -> np.ndarray:
        """(N, d) float: the frames as places; see `blurred`.

        Without their mean colour: a tone that has drifted is put right at the join and need not decide where to cut.
        """
        means = self.blurred.mean((1, 2), keepdims=True)
        return (self.blurred - means).reshape(len(self), -1)


def check(frames: np.ndarray) -> Seen:
    """The clip as it is seen. Raises ClipError for anything but (N, H, W, 3) uint8 with motion in it."""
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8:
        raise ClipError(f"frames are {frames.dtype} {frames.shape}; they must be (N, H, W, 3) uint8")
    if len(frames) < MIN_FRAMES:
        raise ClipError(f"the clip has {len(frames)} frames; closing it needs at least {MIN_FRAMES}")
    if min(frames.shape[1:3]) < 32:
        raise ClipError(f"frames are {frames.shape[2]}x{frames.shape[1]}; the shorter side must be at least 32 px")
    seen = Seen.of(frames)
    moved = np.abs(seen.blurred - np.median(seen.blurred, axis=0)).mean(0)
    if np.percentile(moved, STILL.percentile) < STILL.departs:
        raise ClipError(f"all {len(frames)} frames are alike, but for coding noise; there is no motion to close")
    return seen


def smaller(frame: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 with a shorter side of at most 256 px."""
    return reduced(halved(frame, STEP_SIDE), STEP_SIDE)


def halved(frame: np.ndarray, shorter: int) -> np.ndarray:
    """(H, W[, C]) halved while its shorter side stays `shorter` px or more: the fast part of making it small."""
    while min(frame.shape[:2]) >= 2 * shorter and not (frame.shape[0] | frame.shape[1]) & 1:
        frame = cv2.resize(frame, (frame.shape[1] // 2, frame.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return frame


def grey(picture: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 -> (h, w) float32, not rounded: steps may be a tenth of a level."""
    return picture.astype(np.float32) @ LUMA
