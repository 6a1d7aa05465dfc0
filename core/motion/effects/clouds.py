"""Clouds that drift: slower towards the horizon, where they are further away, and changing as they go."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Degrees, Region, Unit
from ..waves import TURN


@effect
class Clouds(Placed):
    """The sky drifts along `angle`, `distance` px a turn at its top and `far` of that at its foot; its light changes
    by `shade`."""

    kind: Literal["clouds"] = "clouds"
    region: Region = Region(mask="sky")
    distance: Annotated[float, Field(ge=0, le=120)] = 40.0
    angle: Degrees = 0.0
    far: Unit = 0.35
    shade: Annotated[float, Field(ge=0, le=0.3)] = 0.04

    dial = "distance"
    families = ("drift",)
    named = (
        Named(
            "clouds",
            r"clouds?|cloudy|sky",
            r"구름|하늘",
            Said("drift", "the clouds", "drift slowly across"),
            direction="right",
            place="sky",
        ),
    )

    def draw(self, canvas, mask, rng):
        grid = canvas.grid
        rows = np.flatnonzero(mask.max(1) > 0.2)
        if not rows.size:
            return
        top, foot = float(grid.y[rows[0], 0]), float(grid.y[rows[-1], 0])
        high = np.clip((foot - grid.y) / max(foot - top, 1.0), 0, 1)
        speed = (mask * canvas.calm * (self.far + (1 - self.far) * high)).astype(np.float32)
        potential = grid.noise(rng, 300)
        bend = np.dstack([np.gradient(potential, axis=0), -np.gradient(potential, axis=1)])
        bend *= 0.3 / max(float(np.sqrt((bend**2).sum(-1).mean())), 1e-6)
        angle = np.radians(self.angle)
        heading = (bend + np.array([np.cos(angle), np.sin(angle)])).astype(np.float32)
        canvas.streams.add(heading, speed, self.distance)
        turns, factor = grid.turns(1)
        shade = (mask * self.shade * factor).astype(np.float32)
        phase = grid.along(self.angle) * np.float32(TURN / 800) + 0.8 * grid.noise(rng, 400)
        canvas.light.add(turns, (1.0,), shade, -phase)

    def says(self, tone):
        return Said("drift", "the sky", "drifts slowly in the dark" if tone.dark else "drifts slowly")
