"""Beams of light that fan out from a bright spot."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Colour, Cycles, Point, rgb
from ..waves import TURN

_BEAMS = (5, 7, 9, 12, 16, 21)  # round the whole circle, each its own turning


@effect
class Rays(Placed):
    """Beams fan out from `source` (the brightest spot of the picture without one) and turn slowly through each other.

    amount: share of white at the source. reach: px after which a beam has faded to a third.
    """

    kind: Literal["rays"] = "rays"
    source: Point | None = None
    amount: Annotated[float, Field(ge=0, le=0.5)] = 0.08
    reach: Annotated[float, Field(ge=50, le=2000)] = 500.0
    colour: Colour | None = None
    cycles: Cycles = 1

    dial = "amount"
    families = ("light",)
    named = (
        Named(
            "rays",
            r"(?:god|light|sun) ?rays?|rays?|beams?|spotlights?",
            r"빛줄기|햇살",
            Said("light", "rays of light", "fan out and turn slowly"),
        ),
    )

    def draw(self, canvas, mask, rng):
        grid, scene = canvas.grid, canvas.scene
        source = self.source or scene.brightest
        x, y = grid.x - grid.x[0, -1] * source[0], grid.y - grid.y[-1, 0] * source[1]
        away = np.hypot(x, y)
        round_ = np.arctan2(y, x)
        colour = np.asarray(scene.tint_at(source) if self.colour is None else rgb(self.colour), np.float32)
        fades = mask * np.exp(-away / self.reach) * np.clip(away / 60, 0, 1)
        for beams in _BEAMS:
            turns, factor = grid.turns(self.cycles + int(rng.integers(0, 2)))
            phase = (beams * round_ + rng.uniform(0, TURN)).astype(np.float32) * (1 if rng.random() < 0.5 else -1)
            share = 255 * self.amount * factor / np.sqrt(len(_BEAMS))
            canvas.glow.add(turns, tuple(colour), (fades * share).astype(np.float32), phase)

    def says(self, tone):
        return Said("light", "rays of light", "fan out and turn slowly")
