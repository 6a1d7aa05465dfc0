"""Flat graphics: shapes that stand free on a flat ground breathe, turn or bob as wholes."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ...pixels import grow
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
        near = grow(canvas.held, 6)
        # The stage fades what comes near the border: not these, which stand free of it.
        fades = np.maximum(grid.border(), 0.05)
        for shape in canvas.scene.shapes:
            if (near & (grid.resize(shape.inside.astype(np.float32)) > 0.1)).any():
                continue  # a part of it is held, so all of it is
            reach = grid.resize(shape.reach) * mask
            x, y = grid.at(shape.center)
            size = max(shape.radius * 1080, 20.0)
            swing = np.float32(min(self.amplitude, 0.06 * size if self.move != "bob" else 1e9) * factor / size)
            across, down = {
                "breathe": (grid.x - x, grid.y - y),
                "turn": (grid.y - y, x - grid.x),
                "bob": (0 * reach, size + 0 * reach),
            }[self.move]
            phase = np.full_like(reach, rng.uniform(0, TURN * self.offset))
            canvas.shift.add(turns, (1.0, 0.0), reach * across * swing / fades[..., 0], phase)
            canvas.shift.add(turns, (0.0, 1.0), reach * down * swing / fades[..., 1], phase)

    def says(self, tone):
        return Said("sway", "the shapes", "breathe softly, each as a whole")
