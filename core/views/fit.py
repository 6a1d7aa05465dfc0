"""What an image model is given of a picture: its size, and how much of it is kept. Knows no model."""

from __future__ import annotations

import math

import numpy as np

from ..errors import CoverError, UsageError
from ..limits import PICTURE_SIDE
from ..pixels import resized

TALL = 4  # to 1, the longest picture that is drawn in one piece


def working_size(width: int, height: int, megapixels: float, multiple: int) -> tuple[int, int]:
    """Width and height of about `megapixels` (of 2**20 px) in the same shape, both a multiple of `multiple`.

    Raises:
        CoverError: a side is out of bounds, or the picture is longer than four of its widths.
    """
    if not (PICTURE_SIDE.holds(width) and PICTURE_SIDE.holds(height)):
        raise CoverError(f"a picture of {width}x{height}: both sides must be in {PICTURE_SIDE} px")
    if max(width, height) > TALL * min(width, height):
        raise CoverError(f"a picture of {width}x{height} is longer than {TALL} to 1; crop it first")
    scale = math.sqrt(megapixels * 2**20 / (width * height))
    wide, high = (max(multiple, round(side * scale / multiple) * multiple) for side in (width, height))
    return wide, high


def working_picture(picture: np.ndarray, megapixels: float, multiple: int) -> np.ndarray:
    """picture: (H, W, 3) uint8 sRGB -> the same at its working size. Raises as `working_size`."""
    width, height = working_size(picture.shape[1], picture.shape[0], megapixels, multiple)
    return resized(picture, width, height)


def denoise(strength: float, has_picture: bool) -> float:
    """How much of the noise is put on: all of it where words alone decide.

    Raises:
        UsageError: a strength outside 0..1.
    """
    if not 0 <= strength <= 1:
        raise UsageError(f"strength {strength:g}: must be in 0..1; 0 leaves the picture, 1 keeps nothing of it")
    return strength if has_picture else 1.0
