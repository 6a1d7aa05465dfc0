"""Rain: fine streaks that fall."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Colour, Degrees, Unit, rgb

_SHIFT = 4  # bits behind the point of the places of a line
_MARGIN = 120.0  # px above and below the picture


@effect
class Rain(Placed):
    """Streaks of `length` px fall along `angle` (90 is straight down) at about `speed` px a second."""

    kind: Literal["rain"] = "rain"
    count: Annotated[int, Field(ge=0, le=800)] = 240
    length: Annotated[float, Field(ge=4, le=120)] = 34.0
    brightness: Unit = 0.22
    speed: Annotated[float, Field(ge=100, le=3000)] = 1100.0
    angle: Degrees = 82.0
    colour: Colour = "#cfe0ee"

    dial = "count"
    families = ("particles",)
    named = (
        Named(
            "rain",
            r"rain\w*|drizzle",
            r"비(?=가|를|는|도|와|,|\s|$)|빗",
            Said("particles", "the rain", "falls evenly in fine streaks"),
            direction="down",
            strength=0.5,
        ),
    )

    def draw(self, canvas, mask, rng):
        canvas.overlays.append(_Streaks(self, canvas, mask, rng))

    def says(self, tone):
        return Said("particles", "the rain", "falls evenly in fine streaks")


class _Streaks:
    """Each streak falls a whole number of heights in a turn; near the join each fades over a span of its own."""

    def __init__(self, effect: Rain, canvas, mask: np.ndarray, rng: np.random.Generator):
        self._height, self._width = canvas.shape[:2]
        scale = min(canvas.shape[:2]) / 1080
        count = effect.count
        near = rng.uniform(0.5, 1.3, count)  # near drops are longer, faster, brighter
        self._fall = self._height + 2 * _MARGIN * scale
        heights = effect.speed * scale * canvas.seconds * near / self._fall
        self._heights = np.maximum(1, np.round(heights))
        self._x, self._y = rng.uniform(-0.15, 1.15, count) * self._width, rng.uniform(0, 1, count)
        angle = np.radians(effect.angle)
        self._slant = float(np.cos(angle) / max(abs(np.sin(angle)), 0.2))
        self._length = effect.length * scale * near
        self._level = np.clip(255 * effect.brightness * near, 0, 255)
        self._gap = rng.uniform(0.015, 0.07, count)
        self._colour = rgb(effect.colour)
        self._mask = None if mask.min() > 0.99 else cv2.resize(mask, (self._width, self._height))[..., None]
        self._thick = 1 if scale < 0.8 else 2

    def stamp(self, frame: np.ndarray, t: float, index: int) -> None:
        drawn = np.zeros((self._height, self._width), np.uint8)
        down = ((self._y + self._heights * t) % 1.0) * self._fall - (self._fall - self._height) / 2
        right = self._x + self._slant * (down - self._height / 2)
        levels = self._level * np.clip(min(t, 1 - t) / self._gap, 0, 1)
        for x, y, length, level in zip(right, down, self._length, levels, strict=True):
            if level >= 1:
                ends = ((x, y), (x + self._slant * length, y + length))
                start, end = (tuple(round(v * 2**_SHIFT) for v in place) for place in ends)
                cv2.line(drawn, start, end, round(float(level)), self._thick, cv2.LINE_AA, _SHIFT)
        soft = cv2.GaussianBlur(drawn, (3, 5), 0)
        rows = slice(0, self._height)
        light = soft[rows, :, None] * self._colour
        frame += light if self._mask is None else light * self._mask
