"""What Wan 2.2 TI2V 5B wants of a clip: its size and its number of frames.

Sizes: the VAE halves 16 times and the model's patches are 2x2, so both sides are multiples of 32. The model was
trained at 1280x704 (0.9 megapixels); other shapes of that area work, far larger ones lose the picture. Length: 4n + 1
frames at 24 a second, trained at 121.
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import UsageError
from ..pixels import middle, resized

MULTIPLE = 32
RATE = 24.0
TRAINED = 121
"""Frames of the clips that Wan was trained on: beyond, it repeats itself."""


def size_for(width: int, height: int, megapixels: float) -> tuple[int, int]:
    """(width, height) of the clip for a picture of that shape: both a multiple of 32, about `megapixels` in area, of
    all such sizes the one whose aspect is nearest."""
    scale = math.sqrt(megapixels * 1e6 / (width * height)) / MULTIPLE
    wide, high = width * scale, height * scale
    choices = [
        (max(1, columns), max(1, rows))
        for columns in (math.floor(wide), math.ceil(wide))
        for rows in (math.floor(high), math.ceil(high))
    ]

    def misfit(size: tuple[int, int]) -> tuple[float, float]:
        columns, rows = size
        return round(abs(math.log(columns / rows * height / width)), 6), abs(columns * rows - wide * high)

    columns, rows = min(choices, key=misfit)
    return columns * MULTIPLE, rows * MULTIPLE


def start_picture(plate: np.ndarray, megapixels: float) -> np.ndarray:
    """The plate, (H, W, 3) uint8, at the size of the clip. The aspect may change by the few pixels that multiples of
    32 ask for; `resized` back to the plate's size undoes it."""
    return resized(plate, *size_for(plate.shape[1], plate.shape[0], megapixels))


def length_for(seconds: float, spare: int) -> int:
    """Frames to generate for a loop of `seconds`: 4n + 1, with at least `spare` frames more than the loop, for the
    ends that are trimmed and for the search of the cut.

    Raises:
        UsageError: seconds is not a positive number.
    """
    if not (math.isfinite(seconds) and seconds > 0):
        raise UsageError(f"seconds={seconds}: must be a positive number")
    return 4 * math.ceil((seconds * RATE + spare - 1) / 4) + 1


def shot_length(frames: int) -> int:
    """Frames to generate for a shot of `frames`, which has a beginning and an end and no join: the next 4n + 1."""
    return 4 * math.ceil((frames - 1) / 4) + 1


def shot_start(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """The first frame of a shot: the largest middle part of a picture, (H, W, 3) uint8, in the shape of the shot."""
    return middle(picture, height, width)
