"""A picture of words, each as large as it is frequent, packed from the middle outwards: the same for the same words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .pile import Word

WIDTH, HEIGHT = 1600, 1000
_LARGEST, _SMALLEST = 0.17, 0.026  # of the height
_GROUND = (18, 20, 30)
_INKS = ((250, 240, 220), (244, 176, 104), (126, 190, 214), (226, 132, 140), (168, 200, 140))
_AIR = 0.16  # of a word's height, round it
_CELL = 8  # px, of the map of what is taken


def picture_of(words: Sequence[Word], font: Path) -> np.ndarray:
    """(HEIGHT, WIDTH, 3) uint8. words: the most frequent first; one for which no place is left is left out."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _GROUND)
    draw = ImageDraw.Draw(image)
    taken = np.zeros((HEIGHT // _CELL, WIDTH // _CELL), np.uint8)
    most = max((word.count for word in words), default=1)
    for number, word in enumerate(words):
        size = HEIGHT * max(_SMALLEST, _LARGEST * math.sqrt(word.count / most) * (0.94**number) ** 0.5)
        drawn = ImageFont.truetype(str(font), round(size))
        left, top, right, bottom = drawn.getbbox(word.word)
        air = round(_AIR * (bottom - top))
        place = _place(taken, math.ceil(right - left) + 2 * air, math.ceil(bottom - top) + 2 * air)
        if place is not None:
            x, y = place
            ink = _INKS[number % len(_INKS)] if number else _INKS[0]
            draw.text((x + air - left, y + air - top), word.word, font=drawn, fill=ink)
    return np.asarray(image)


def _place(taken: np.ndarray, width: int, height: int) -> tuple[int, int] | None:
    """The upper left corner of the free place nearest to the middle, which is then taken."""
    wide, high = math.ceil(width / _CELL), math.ceil(height / _CELL)
    rows, columns = taken.shape
    if wide > columns or high > rows:
        return None
    sums = cv2.integral(taken)
    inside = sums[high:, wide:] - sums[:-high, wide:] - sums[high:, :-wide] + sums[:-high, :-wide]
    y, x = np.nonzero(inside == 0)
    if not len(y):
        return None
    across = (x + wide / 2) / columns - 0.5
    down = (y + high / 2) / rows - 0.5
    best = int(np.argmin(across**2 + down**2))
    taken[y[best] : y[best] + high, x[best] : x[best] + wide] = 1
    return int(x[best]) * _CELL, int(y[best]) * _CELL
