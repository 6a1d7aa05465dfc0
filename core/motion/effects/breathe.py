"""Figures and things that breathe by a pixel or two."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Placed, Said, effect
from ..region import Cycles, Region
from ..waves import TURN


@effect
class Breathe(Placed):
    """A region as a whole swells from its foot by `amplitude` px at its top or sides, and sinks again.

    It stands on `foot`: what is held there does not move; with "middle" it swells to all sides.
    """

    kind: Literal["breathe"] = "breathe"
    region: Region = Region(mask="subject")
    amplitude: Annotated[float, Field(ge=0, le=10)] = 2.0
    foot: Literal["bottom", "middle"] = "bottom"
    cycles: Cycles = 1

    dial = "amplitude"
    families = ("sway",)

    def draw(self, canvas, mask, rng):
        grid = canvas.grid
        weight = mask / max(float(mask.sum()), 1e-6)
        if mask.max() < 0.2:
            return
        turns, factor = grid.turns(self.cycles)
        rows, columns = np.flatnonzero(mask.max(1) > 0.3), np.flatnonzero(mask.max(0) > 0.3)
        if not rows.size or not columns.size:
            return
        tall = float(grid.y[rows[-1], 0] - grid.y[rows[0], 0]) + 1
        wide = float(grid.x[0, columns[-1]] - grid.x[0, columns[0]]) + 1
        x = float((weight * grid.x).sum())
        y = float(grid.y[rows[-1], 0]) if self.foot == "bottom" else float((weight * grid.y).sum())
        swell = self.amplitude * factor / (tall if self.foot == "bottom" else max(tall, wide) / 2)
        start = np.full_like(mask, -TURN / 4)  # it begins at rest and swells: half of 1 - cos
        half = np.float32(0.5)
        canvas.shift.add(turns, (1.0, 0.0), (-mask * (grid.x - x) * half * swell * 0.6).astype(np.float32), start)
        canvas.shift.add(turns, (0.0, 1.0), (-mask * (grid.y - y) * half * swell).astype(np.float32), start)

    def says(self, tone):
        return Said("sway", "the figure", "breathes almost imperceptibly")
