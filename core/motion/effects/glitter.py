"""Highlights that sparkle, each at a time of its own."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Unit

_SPARKLE = 0.035  # share of a turn that half a sparkle lasts


@effect
class Glitter(Placed):
    """The brightest points of a region flash up as small crosses of light, `size` px, each once a turn."""

    kind: Literal["glitter"] = "glitter"
    count: Annotated[int, Field(ge=0, le=300)] = 60
    size: Annotated[float, Field(ge=1, le=30)] = 7.0
    brightness: Unit = 0.6

    dial = "count"
    families = ("light", "particles")
    named = (
        Named(
            "glitter",
            r"glitter\w*|sparkl\w+|sequins?|jewels?|diamonds?",
            r"반짝\w*|보석",
            Said("light", "the highlights", "sparkle here and there"),
        ),
    )

    def draw(self, canvas, mask, rng):
        canvas.overlays.append(_Sparkles(self, canvas, mask, rng))

    def says(self, tone):
        return Said("light", "the highlights", "sparkle here and there")


class _Sparkles:
    def __init__(self, effect: Glitter, canvas, mask: np.ndarray, rng: np.random.Generator):
        height, width = canvas.shape[:2]
        light = canvas.grid.resize(canvas.scene.light) * mask
        peaks = (light >= cv2.dilate(light, np.ones((5, 5)))) & (mask > 0.3) & (light > np.percentile(light, 60))
        rows, columns = np.nonzero(peaks)
        best = np.argsort(-light[rows, columns], kind="stable")[: 3 * effect.count]
        chosen = rng.permutation(best)[: effect.count]
        scale = min(height, width) / 1080
        self._x = (columns[chosen] + 0.5) * width / mask.shape[1]
        self._y = (rows[chosen] + 0.5) * height / mask.shape[0]
        self._when = rng.uniform(3 * _SPARKLE, 1 - 3 * _SPARKLE, len(chosen))  # none at the join
        self._size = effect.size * scale * rng.uniform(0.6, 1.3, len(chosen))
        self._peak = 255 * effect.brightness * rng.uniform(0.5, 1.0, len(chosen))

    def stamp(self, frame: np.ndarray, t: float, index: int) -> None:
        levels = self._peak * np.clip(1 - np.abs(t - self._when) / (2 * _SPARKLE), 0, 1) ** 2
        for i in np.flatnonzero(levels > 0.5):
            _cross(frame, self._x[i], self._y[i], self._size[i], levels[i])


def _cross(frame: np.ndarray, x: float, y: float, size: float, level: float) -> None:
    reach = int(2.5 * size) + 2
    x0, y0 = max(0, int(x) - reach), max(0, int(y) - reach)
    part = frame[y0 : int(y) + reach + 1, x0 : int(x) + reach + 1]
    across, down = np.arange(part.shape[1]) + x0 + 0.5 - x, np.arange(part.shape[0]) + y0 + 0.5 - y
    thin, long = (np.exp(-((d / w) ** 2)) for d, w in ((across, 0.16 * size), (across, size)))
    thin_down, long_down = (np.exp(-((d / w) ** 2)) for d, w in ((down, 0.16 * size), (down, size)))
    core = np.outer(np.exp(-((down / (0.35 * size)) ** 2)), np.exp(-((across / (0.35 * size)) ** 2)))
    light = np.maximum(np.maximum(np.outer(long_down, thin), np.outer(thin_down, long)) * 0.7, core)
    part += (level * light[..., None]).astype(np.float32)
