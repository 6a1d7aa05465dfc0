"""Flat graphics: shapes that stand free on a flat ground breathe, turn or bob as wholes."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Placed, Said, effect
from ..region import Cycles
from ..waves import TURN


@effect
class Shapes(Placed):
    """Each free-standing shape moves as one piece, by `amplitude` px at its rim, at a time of its own.

    The ground between shapes is of one colour, so nothing is seen to bend.
    """

    kind: Literal["shapes"] = "shapes"
    move: Literal["breathe", "turn", "bob"] = "breathe"
    amplitude: Annotated[float, Field(ge=0, le=20)] = 5.0
    offset: Annotated[float, Field(ge=0, le=1)] = 0.6
    cycles: Cycles = 1

    dial = "amplitude"
    families = ("sway",)

    def draw(self, canvas, mask, rng):
        grid = canvas.grid
        turns, factor = grid.turns(self.cycles)
        for shape in canvas.scene.shapes:
            reach = grid.resize(shape.reach) * mask
            x, y = grid.at(shape.center)
            size = max(shape.radius * 1080, 20.0)
            swing = np.float32(min(self.amplitude, 0.06 * size if self.move != "bob" else 1e9) * factor / size)
            phase = np.full_like(reach, rng.uniform(0, TURN * self.offset))
            if self.move == "breathe":
                canvas.shift.add(turns, (1.0, 0.0), reach * (grid.x - x) * swing, phase)
                canvas.shift.add(turns, (0.0, 1.0), reach * (grid.y - y) * swing, phase)
            elif self.move == "turn":
                canvas.shift.add(turns, (1.0, 0.0), reach * (grid.y - y) * swing, phase)
                canvas.shift.add(turns, (0.0, 1.0), reach * (x - grid.x) * swing, phase)
            else:
                canvas.shift.add(turns, (0.0, 1.0), reach * swing * np.float32(size), phase)

    def says(self, tone):
        return Said("sway", "the shapes", "breathe softly, each as a whole")
