"""Broad light that travels; specks that twinkle."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Cycles, Degrees
from ..waves import TURN

TWINKLE = 100.0  # px; under it there is no wave to see any more, every spot twinkles on its own


@effect
class Light(Placed):
    """Brightness rises and falls by `amount` (0.05 = 5 %), as a wave that travels along `angle`."""

    kind: Literal["light"] = "light"
    amount: Annotated[float, Field(ge=0, le=0.5)] = 0.04
    wavelength: Annotated[float, Field(ge=20, le=4000)] = 1200.0
    angle: Degrees = 0.0
    cycles: Cycles = 1

    dial = "amount"
    families = ("light",)
    named = (
        Named(
            "light",
            r"light|lights|glow\w*|shimmer\w*|sun\w*",
            r"빛(?=이|을|나|,|\s|$)|햇빛|조명",
            Said("light", "the light", "breathes softly"),
        ),
    )

    def draw(self, canvas, mask, rng):
        grid = canvas.grid
        turns, factor = grid.turns(self.cycles)
        amplitude = mask * np.float32(self.amount * factor)
        if self.wavelength < TWINKLE:
            first, second = (3 * grid.noise(rng, self.wavelength) for _ in range(2))
        else:
            first = grid.along(self.angle) * np.float32(TURN / self.wavelength) + 0.25 * grid.noise(rng, 600)
            second = grid.along(self.angle + 50) * np.float32(TURN / (0.8 * self.wavelength))
        canvas.light.add(turns, (1.0,), amplitude, -first)
        canvas.light.add(turns + 1, (1.0,), amplitude * np.float32(0.3), -second)

    def says(self, tone):
        if self.region.mask == "water":
            return None  # the glitter of water goes with its flow
        if self.region.mask == "highlights":
            return Said("light", "the bright spots", "glimmer softly")
        return Said("light", "warm light" if tone.warm else "the light", "breathes softly")
