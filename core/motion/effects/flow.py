"""Sky, water, mist: a region streams on and on."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Degrees, Region, Unit


@effect
class Flow(Placed):
    """A region streams on and on along `angle` (0 right, 90 down), `distance` px a turn, bent by `swirl`."""

    kind: Literal["flow"] = "flow"
    region: Region = Region(mask="sky")
    distance: Annotated[float, Field(ge=0, le=120)] = 30.0
    angle: Degrees = 0.0
    swirl: Unit = 0.3

    dial = "distance"
    families = ("flow", "drift")
    named = (
        Named(
            "clouds",
            r"clouds?|cloudy|sky",
            r"구름|하늘",
            Said("drift", "the clouds", "drift slowly across"),
            direction="right",
            place="sky",
        ),
        Named(
            "water",
            r"water\w*|sea|ocean|waves?|river|lake|ripples?",
            r"물결|파도|바다|강물|호수|물(?=이|을|,|\s|$)",
            Said("flow", "the water", "ripples and flows quietly"),
            direction="right",
            strength=0.45,
            place="water",
            fields={"region": {"mask": "water"}},
        ),
    )

    def draw(self, canvas, mask, rng):
        angle = np.radians(self.angle)
        potential = canvas.grid.noise(rng, 320)
        bend = np.dstack([np.gradient(potential, axis=0), -np.gradient(potential, axis=1)])  # free of divergence
        bend *= self.swirl / max(float(np.sqrt((bend**2).sum(-1).mean())), 1e-6)
        heading = bend + np.array([np.cos(angle), np.sin(angle)])
        canvas.streams.add(heading.astype(np.float32), mask * canvas.calm, self.distance)

    def says(self, tone):
        if self.region.mask == "water":
            return Said("flow", "the water", "ripples and flows quietly")
        if self.region.mask == "sky":
            return Said("drift", "the sky", "drifts slowly in the dark" if tone.dark else "drifts slowly")
        return Said("drift", "soft shapes", "drift slowly within themselves")
