"""Foil, glass, print: a line of light crosses."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Cycles, Degrees


@effect
class Shimmer(Placed):
    """A soft line of light, `width` px, crosses a region along `angle` and is `amount` brighter (0.1 = 10 %)."""

    kind: Literal["shimmer"] = "shimmer"
    amount: Annotated[float, Field(ge=0, le=0.5)] = 0.08
    width: Annotated[float, Field(ge=20, le=800)] = 200.0
    angle: Degrees = 20.0
    cycles: Cycles = 1

    dial = "amount"
    families = ("light",)
    named = (
        Named(
            "shine",
            r"foil|glass|metal(?:lic)?|gloss\w*|shin(?:e|y|ing)",
            r"유리|은박|금박|광택",
            Said("light", "a line of light", "crosses slowly"),
        ),
    )

    def draw(self, canvas, mask, rng):
        grid = canvas.grid
        turns, factor = grid.turns(self.cycles)
        along = grid.along(self.angle).astype(np.float32)  # straight: a bent line on a flat colour is a blotch
        inside = along[mask > 0.2]
        if not inside.size:
            return
        # It begins and ends where it cannot be seen, and so is nowhere at the join.
        start, end = float(inside.min()) - 2.6 * self.width, float(inside.max()) + 2.6 * self.width
        gain = mask * np.float32(self.amount * factor)

        def crossing(t: float) -> np.ndarray:
            at = start + (end - start) * ((t * turns) % 1.0)
            return gain * np.exp(-(((along - np.float32(at)) / np.float32(self.width)) ** 2))

        canvas.gains.append(crossing)

    def says(self, tone):
        return Said("light", "a line of light", "crosses slowly")
