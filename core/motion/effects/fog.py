"""Mist, fog, smoke, haze: soft banks of light that drift over the picture."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Colour, Cycles, Degrees, rgb
from ..waves import TURN

_BANKS = 9  # plane waves that the banks are made of


@effect
class Fog(Placed):
    """Banks of mist, about `size` px, drift along `angle`; `amount`: share of `colour` that comes and goes.

    What is there in the picture counts as the mist of frame 0: banks are lighter or darker than that.
    """

    kind: Literal["fog"] = "fog"
    amount: Annotated[float, Field(ge=0, le=0.4)] = 0.05
    size: Annotated[float, Field(ge=80, le=2000)] = 420.0
    angle: Degrees = 0.0
    colour: Colour = "#ffffff"
    cycles: Cycles = 1

    dial = "amount"
    families = ("drift",)
    named = (
        Named(
            "mist",
            r"mist\w*|fog\w*|haz[ey]",
            r"안개\w*",
            Said("drift", "the mist", "drifts slowly along"),
            direction="right",
        ),
        Named(
            "smoke",
            r"smok\w+|steam",
            r"연기|김이",
            Said("drift", "the smoke", "curls slowly upward"),
            direction="up",
            fields={"size": 260.0},
        ),
    )

    def draw(self, canvas, mask, rng):
        grid = canvas.grid
        colour = rgb(self.colour)
        bend = 1.4 * grid.noise(rng, 1.5 * self.size)
        for _ in range(_BANKS):
            turns, factor = grid.turns(self.cycles + int(rng.random() < 0.35))
            length = self.size * rng.uniform(1.2, 2.6)
            along = grid.along(self.angle + rng.uniform(-55, 55))
            phase = (along * np.float32(TURN / length) + bend * rng.uniform(-1, 1) + rng.uniform(0, TURN)).astype("f4")
            level = 255 * self.amount * factor / np.sqrt(_BANKS)
            canvas.glow.add(turns, tuple(colour), (mask * level).astype(np.float32), -phase)

    def says(self, tone):
        return Said("drift", "the mist", "drifts slowly along")
