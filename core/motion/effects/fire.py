"""Flames that lick upward and throw an uneven light."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Cycles, Region
from ..waves import TURN


@effect
class Fire(Placed):
    """Waves run up through the flames, further the higher, and the light of the fire flickers by `flicker`."""

    kind: Literal["fire"] = "fire"
    region: Region = Region(mask="fire")
    amplitude: Annotated[float, Field(ge=0, le=20)] = 5.0
    wavelength: Annotated[float, Field(ge=40, le=1000)] = 150.0
    flicker: Annotated[float, Field(ge=0, le=0.5)] = 0.12
    cycles: Cycles = 3

    dial = "amplitude"
    families = ("sway", "light")
    named = (
        Named(
            "fire",
            r"fire|flames?|bonfire|campfire",
            r"불꽃|모닥불|불길",
            Said("sway", "the flames", "lick upward and flicker"),
            direction="up",
            strength=0.45,
        ),
    )

    def draw(self, canvas, mask, rng):
        grid = canvas.grid
        rows = np.flatnonzero(mask.max(1) > 0.3)
        if not rows.size:
            return
        top, foot = float(grid.y[rows[0], 0]), float(grid.y[rows[-1], 0])
        high = 0.3 + 0.7 * np.clip((foot - grid.y) / max(foot - top, 1.0), 0, 1)
        for i, share in enumerate((0.7, 0.45, 0.3)):
            turns, factor = grid.turns(min(8, self.cycles + i))
            length = self.wavelength * (1.0, 0.62, 1.7)[i]
            phase = (grid.y * np.float32(TURN / length) + 0.9 * grid.noise(rng, length)).astype(np.float32)
            amplitude = (mask * canvas.calm * high * self.amplitude * factor * share).astype(np.float32)
            canvas.shift.add(turns, (1.0, 0.0), amplitude, phase)
            canvas.shift.add(turns, (0.0, 1.0), amplitude * np.float32(0.5), phase + np.float32(1.3))
            glow = (mask * self.flicker * share).astype(np.float32)
            canvas.light.add(turns + 1, (1.0,), glow, grid.noise(rng, 200) + np.float32(rng.uniform(0, TURN)))

    def says(self, tone):
        return Said("sway", "the flames", "lick upward and flicker")
