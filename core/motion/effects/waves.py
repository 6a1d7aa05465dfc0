"""Cloth, flags, hair: a wave runs from where the thing is held to its free end."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Cycles, Degrees, Point
from ..waves import TURN


@effect
class Waves(Placed):
    """A wave runs along `travel` through a region that is held at `anchor` and swings more the further from it.

    amplitude: px at the free end. exponent: 1, the swing grows evenly from the anchor; 2, the free end has most of it.
    """

    kind: Literal["waves"] = "waves"
    amplitude: Annotated[float, Field(ge=0, le=20)] = 4.0
    wavelength: Annotated[float, Field(ge=40, le=4000)] = 420.0
    travel: Degrees = 90.0
    anchor: Point | None = None
    exponent: Annotated[float, Field(ge=0.5, le=4)] = 1.5
    cycles: Cycles = 1

    dial = "amplitude"
    families = ("sway",)
    named = (
        Named(
            "cloth",
            r"cloth|curtains?|flags?|dress|fabric|veil|scarf",
            r"천(?=이|을|,|\s|$)|커튼|깃발|치마|옷자락",
            Said("sway", "the cloth", "billows softly"),
            strength=0.45,
            place="subject",
        ),
    )

    def draw(self, canvas, mask, rng):
        grid = canvas.grid
        turns, factor = grid.turns(self.cycles)
        along = grid.along(self.travel)
        if self.anchor is None:
            inside = along[mask > 0.3]
            start = float(np.percentile(inside, 2)) if inside.size else 0.0
            away = np.maximum(along - start, 0)
        else:
            away = grid.away(self.anchor)
        reach = float(np.percentile(away[mask > 0.3], 98)) if (mask > 0.3).any() else 1.0
        free = np.clip(away / max(reach, 1.0), 0, 1) ** self.exponent
        amplitude = (mask * canvas.calm * free * self.amplitude * factor).astype(np.float32)
        across = np.radians(self.travel + 90)
        heading = (float(np.cos(across)), float(np.sin(across)))
        phase = (away * (TURN / self.wavelength) + 0.5 * grid.noise(rng, self.wavelength)).astype(np.float32)
        canvas.shift.add(turns, heading, amplitude, -phase)
        canvas.shift.add(turns + 1, heading, amplitude * np.float32(0.4), -1.6 * phase + np.float32(1.0))

    def says(self, tone):
        return Said("sway", "the cloth", "billows softly")
