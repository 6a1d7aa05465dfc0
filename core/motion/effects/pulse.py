"""Lamps, neon, glowing things: light that swells and falls in its place."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Cycles, Region, Unit
from ..waves import TURN


@effect
class Pulse(Placed):
    """Each light of a region swells by `amount` (0.1 = 10 %) and falls again; `offset`: turns by which they differ.

    style: "soft" swells evenly; "neon" trembles besides.
    """

    kind: Literal["pulse"] = "pulse"
    region: Region = Region(mask="lights")
    amount: Annotated[float, Field(ge=0, le=0.6)] = 0.16
    offset: Unit = 0.5
    style: Literal["soft", "neon"] = "soft"
    cycles: Cycles = 1

    dial = "amount"
    families = ("light",)
    named = (
        Named(
            "lamps",
            r"lamps?|lanterns?|neon|bulbs?|candles?|screens?|windows?",
            r"네온|등불|촛불|램프|전등",
            Said("light", "the lamps", "glow and dim softly"),
            fields={"amount": 0.2},
        ),
    )

    def draw(self, canvas, mask, rng):
        grid = canvas.grid
        turns, factor = grid.turns(self.cycles)
        _, parts = cv2.connectedComponents((mask > 0.25).astype(np.uint8))
        phases = rng.uniform(0, TURN * self.offset, parts.max() + 1).astype(np.float32)
        phase = cv2.GaussianBlur(phases[cv2.dilate(parts.astype(np.uint8), np.ones((5, 5)))], (0, 0), 1.5) - TURN / 4
        amplitude = mask * np.float32(self.amount * factor / 2)
        canvas.light.add(turns, (1.0,), amplitude, phase)
        if self.style == "neon":
            canvas.light.add(turns + 4, (1.0,), amplitude * np.float32(0.25), phase * 3)
            canvas.light.add(turns + 6, (1.0,), amplitude * np.float32(0.15), phase * 5)

    def says(self, tone):
        return Said("light", "the lamps", "glow and dim softly")
