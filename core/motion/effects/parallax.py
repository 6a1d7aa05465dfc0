"""The picture drifts, near parts further than far ones."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Placed, Said, effect
from ..region import Cycles, Degrees, Unit
from ..waves import TURN, add_ellipse


@effect
class Parallax(Placed):
    """The picture drifts on a slow ellipse, near parts further than far ones. `travel`: turns of delay across it.

    depth: a guess from the picture, or "image", the one that is given with the plate (light is near).
    """

    kind: Literal["parallax"] = "parallax"
    amplitude: Annotated[float, Field(ge=0, le=40)] = 8.0
    depth: Literal["flat", "vertical", "subject", "shapes", "image"] = "flat"
    angle: Degrees = 0.0
    aspect: Unit = 0.6
    travel: Annotated[float, Field(ge=0, le=2)] = 0.35
    cycles: Cycles = 1

    dial = "amplitude"
    families = ("parallax",)

    def draw(self, canvas, mask, rng):
        grid = canvas.grid
        turns, factor = grid.turns(self.cycles)
        amplitude = mask * grid.resize(canvas.scene.depth(self.depth)) * np.float32(self.amplitude * factor)
        phase = grid.along(self.angle + 60) * np.float32(TURN * self.travel / 1080)
        add_ellipse(canvas.shift, turns, self.angle, self.aspect, amplitude, phase)

    def says(self, tone):
        return Said("parallax", "the foreground", "drifts almost imperceptibly against the background")
