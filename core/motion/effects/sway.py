"""Foliage, grass, reeds: parts of a region swing on small ellipses."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Cycles, Degrees, Region, Unit
from ..waves import TURN, add_ellipse


@effect
class Sway(Placed):
    """Parts of a region swing on small ellipses, longest along `angle`; the swing runs through it along `travel`.

    A weaker swing with one more turn goes with it, so that no two are alike.
    """

    kind: Literal["sway"] = "sway"
    region: Region = Region(mask="textured")
    amplitude: Annotated[float, Field(ge=0, le=20)] = 3.0
    wavelength: Annotated[float, Field(ge=40, le=4000)] = 400.0
    angle: Degrees = 0.0
    travel: Degrees = 0.0
    aspect: Unit = 0.4
    cycles: Cycles = 1

    dial = "amplitude"
    families = ("sway",)
    named = (
        Named(
            "wind",
            r"wind|windy|breez\w+|sway\w*|hair",
            r"바람|흔들\w*|머리카락|살랑\w*",
            Said("sway", "loose hair, cloth and leaves", "sway gently in the breeze"),
            strength=0.45,
            place="subject",
        ),
    )

    def draw(self, canvas, mask, rng):
        grid = canvas.grid
        turns, factor = grid.turns(self.cycles)
        wander = grid.noise(rng, max(self.wavelength * 0.8, 200))
        phase = grid.along(self.travel) * np.float32(TURN / self.wavelength) + wander
        amplitude = mask * canvas.calm * np.float32(self.amplitude * factor)
        add_ellipse(canvas.shift, turns, self.angle, self.aspect, amplitude, -phase)
        second = grid.along(self.travel + 20) * np.float32(TURN / (0.7 * self.wavelength)) + wander[::-1, ::-1]
        add_ellipse(canvas.shift, turns + 1, self.angle, self.aspect, amplitude * np.float32(0.35), -second)

    def says(self, tone):
        if self.region.mask == "water":
            return None  # the swell of water goes with its flow
        if self.region.mask == "subject":
            return Said("sway", "the main subject", "breathes almost imperceptibly")
        return Said("sway", "the foliage" if tone.green else "fine texture", "sways softly as in a breeze")
