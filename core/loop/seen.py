"""Clips as closing sees them: checked, small, grey or blurred."""

from __future__ import annotations

import cv2
import numpy as np

from ..errors import ClipError
from ..parallel import in_order
from ..pixels import reduced
from .calibration import STILL

MIN_FRAMES = 6
STEP_SIDE = 256
_POINT_SIDE = 48


def check(frames: np.ndarray) -> None:
    """Raises ClipError for anything but a clip of (N, H, W, 3) uint8 with motion in it."""
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8:
        raise ClipError(f"frames are {frames.dtype} {frames.shape}; they must be (N, H, W, 3) uint8")
    if len(frames) < MIN_FRAMES:
        raise ClipError(f"the clip has {len(frames)} frames; closing it needs at least {MIN_FRAMES}")
    if min(frames.shape[1:3]) < 32:
        raise ClipError(f"frames are {frames.shape[2]}x{frames.shape[1]}; the shorter side must be at least 32 px")
    seen = blurred(frames)
    moved = np.abs(seen - np.median(seen, axis=0)).mean(0)
    if np.percentile(moved, STILL.percentile) < STILL.departs:
        raise ClipError(f"all {len(frames)} frames are alike, but for coding noise; there is no motion to close")


def grey(frame: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> (h, w) float32, shorter side 256 px: what steps are measured on."""
    return reduced(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), STEP_SIDE).astype(np.float32)


def greys(frames: np.ndarray) -> np.ndarray:
    """(N, h, w) float32."""
    return np.stack(list(in_order(grey, frames)))


def blurred(frames: np.ndarray) -> np.ndarray:
    """(N, h, w, 3) float: each frame at 48 px, blurred: differences grow with displacement, grain averages out."""

    def one(frame: np.ndarray) -> np.ndarray:
        small = reduced(reduced(frame, STEP_SIDE).astype(np.float32), _POINT_SIDE)
        return cv2.GaussianBlur(small, (0, 0), 1.5)

    return np.stack(list(in_order(one, frames)))


def points(frames: np.ndarray) -> np.ndarray:
    """(N, d) float: the frames as places; see `blurred`.

    Without their mean colour: a tone that has drifted is put right at the join and need not decide where to cut.
    """
    seen = blurred(frames)
    return (seen - seen.mean((1, 2), keepdims=True)).reshape(len(frames), -1)
