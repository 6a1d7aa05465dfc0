"""A disc that turns: records, wheels, fans."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field

from ..effect import Placed, Said, effect
from ..region import Point, Unit


@effect
class Spin(Placed):
    """What lies within `radius` (share of the shorter side) of `center` turns `turns` times about it, as one piece."""

    kind: Literal["spin"] = "spin"
    center: Point = (0.5, 0.5)
    radius: Unit = 0.2
    turns: Annotated[int, Field(ge=0, le=8)] = 1
    clockwise: bool = True

    dial = "turns"
    families = ("sway",)

    def draw(self, canvas, mask, rng):
        x, y = canvas.grid.at(self.center)
        disc = np.hypot(canvas.grid.x - x, canvas.grid.y - y) < self.radius * 1080
        if self.turns and not (canvas.held & disc).any():  # a part of it is held, so all of it is
            canvas.layers.append(_Disc(self, canvas))

    def says(self, tone):
        return Said("sway", "the disc", "turns evenly in its place")


class _Disc:
    def __init__(self, effect: Spin, canvas):
        height, width = canvas.shape[:2]
        self._x, self._y = effect.center[0] * width, effect.center[1] * height
        radius = effect.radius * min(height, width)
        self._box = (
            slice(max(0, int(self._y - radius) - 2), min(height, int(self._y + radius) + 3)),
            slice(max(0, int(self._x - radius) - 2), min(width, int(self._x + radius) + 3)),
        )
        y, x = np.mgrid[self._box].astype(np.float32)
        away = np.hypot(x + 0.5 - self._x, y + 0.5 - self._y)
        self._share = np.clip(radius - away, 0, 1)[..., None]
        self._picture = canvas.scene.image[self._box].astype(np.float32)
        self._turns = effect.turns * (1 if effect.clockwise else -1)

    def stamp(self, frame: np.ndarray, t: float, index: int) -> None:
        rows, columns = self._box
        centre = (self._x - 0.5 - columns.start, self._y - 0.5 - rows.start)
        turned = cv2.getRotationMatrix2D(centre, -360.0 * ((self._turns * t) % 1.0), 1.0)
        size = self._picture.shape[1::-1]
        picture = cv2.warpAffine(self._picture, turned, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        frame[self._box] += self._share * (picture - frame[self._box])
