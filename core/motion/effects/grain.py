"""Film grain."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field

from ..effect import Effect, effect


@effect
class Grain(Effect):
    """Film grain, `amount` grey levels (standard deviation)."""

    kind: Literal["grain"] = "grain"
    amount: Annotated[float, Field(ge=0, le=8)] = 0.8

    dial = "amount"
    families = ()

    def draw(self, canvas, mask, rng):
        canvas.overlays.append(_GrainCycle(self.amount, canvas.shape, canvas.frames, rng))


class _GrainCycle:
    """Grain that is another one in each frame. What the first frame would have is taken off all of them, so that
    frame 0 is the picture and the step into it is like any other."""

    def __init__(self, amount: float, shape: tuple[int, ...], frames: int, rng: np.random.Generator):
        height, width = shape[:2]
        noise = rng.standard_normal((height + 64, width + 64)).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), 0.6)
        noise *= amount / float(noise.std()) / np.sqrt(2)
        self._tile = np.repeat(noise.astype(np.float32), 3, axis=1)
        self._size = height, 3 * width
        self._at = rng.integers(0, 64, (frames, 2))

    def _of(self, index: int) -> np.ndarray:
        row, column = self._at[index]
        return self._tile[row : row + self._size[0], 3 * column : 3 * column + self._size[1]]

    def stamp(self, frame: np.ndarray, t: float, index: int) -> None:
        flat = frame.reshape(len(frame), -1)
        cv2.add(flat, self._of(index), dst=flat)
        cv2.subtract(flat, self._of(0), dst=flat)
