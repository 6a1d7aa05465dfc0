"""A part that swings about a pivot: lamps, pendants, signs."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Placed, Said, effect
from ..region import Cycles, Point


@effect
class Swing(Placed):
    """The region swings by `degrees` to either side about `pivot` (the middle of its upper edge without one)."""

    kind: Literal["swing"] = "swing"
    degrees: Annotated[float, Field(ge=0, le=10)] = 1.5
    pivot: Point | None = None
    cycles: Cycles = 1

    dial = "degrees"
    families = ("sway",)

    def draw(self, canvas, mask, rng):
        grid = canvas.grid
        inside = mask > 0.5
        if not inside.any():
            return
        turns, factor = grid.turns(self.cycles)
        if self.pivot is None:
            top = np.flatnonzero(inside.any(1))[0]
            x, y = float(grid.x[0][inside[top]].mean()), float(grid.y[top, 0])
        else:
            x, y = grid.at(self.pivot)
        angle = np.float32(np.radians(self.degrees) * factor)
        still = np.zeros_like(mask)
        canvas.shift.add(turns, (1.0, 0.0), mask * (grid.y - y) * angle, still)
        canvas.shift.add(turns, (0.0, 1.0), mask * (x - grid.x) * angle, still)

    def says(self, tone):
        return Said("sway", "the hanging part", "swings gently in its place")
