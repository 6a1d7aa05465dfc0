"""The beat of a song: light that is full on each beat and falls off between two."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Placed, effect
from ..region import Unit

ROUND = 0.95
"""How pointed light is on a beat: at 1 it rises and falls in straight lines, near 0 as a sine. Straight lines have even
steps from frame to frame, which look smoother than a flash."""


@effect
class Beat(Placed):
    """Light swells on the beats of a loop, which begins on one; `accents`: how full it is on each, 0..1, first to last.

    The picture as it is has the light of the first beat, so that a loop whose first accent is the largest only falls
    below it. `amount`: 0.08 is 8 % between none and a full one.
    """

    kind: Literal["beat"] = "beat"
    amount: Annotated[float, Field(ge=0, le=0.2)] = 0.06
    accents: Annotated[tuple[Unit, ...], Field(min_length=1, max_length=80)] = (1.0, 0.6, 0.8, 0.6)

    dial = "amount"
    families = ()

    def draw(self, canvas, mask, rng):
        depth = mask * np.float32(self.amount)

        def gain(t: float) -> np.ndarray:
            return depth * np.float32(self.light(t) - self.accents[0])

        canvas.gains.append(gain)

    def light(self, t: float) -> float:
        """0..1 at loop time t (0..1): each accent at its beat, nothing half-way between two."""
        place = t * len(self.accents)
        beat = round(place)
        wave = np.arcsin(ROUND * np.cos(2 * np.pi * (place - beat))) / np.arcsin(ROUND)
        return self.accents[beat % len(self.accents)] * (0.5 + 0.5 * float(wave))
