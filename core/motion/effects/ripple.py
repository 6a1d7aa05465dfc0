"""Water ripples and heat haze: the picture is seen through a surface of small waves."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Cycles, Degrees, Region, Unit
from ..waves import TURN

_WAVES = 4  # plane waves that the surface is made of


@effect
class Ripple(Placed):
    """The picture bends as if seen through small waves that run along `angle`, by their slope (refraction).

    amplitude: px. spread: degrees by which the waves' directions differ. perspective: how much shorter waves are at the
    top of the region than at its foot, as on water that reaches to a horizon.
    """

    kind: Literal["ripple"] = "ripple"
    region: Region = Region(mask="water")
    amplitude: Annotated[float, Field(ge=0, le=10)] = 2.0
    wavelength: Annotated[float, Field(ge=30, le=1000)] = 120.0
    angle: Degrees = 90.0
    spread: Annotated[float, Field(ge=0, le=180)] = 50.0
    perspective: Unit = 0.0
    cycles: Cycles = 2

    dial = "amplitude"
    families = ("flow", "sway")
    named = (
        Named(
            "heat",
            r"heat(?: haze)?|shimmering air|mirage",
            r"아지랑이|열기",
            Said("sway", "the hot air", "quivers softly"),
            direction="up",
            fields={"region": {"mask": "all"}, "amplitude": 1.2, "wavelength": 70.0, "angle": -90.0},
        ),
    )

    def draw(self, canvas, mask, rng):
        grid = canvas.grid
        amplitude = mask * canvas.calm * np.float32(self.amplitude / np.sqrt(_WAVES))
        down = _stretched(grid.y, mask, self.perspective)
        for i in range(_WAVES):
            turns, factor = grid.turns(min(8, self.cycles + i // 2))
            angle = np.radians(self.angle + self.spread * (2 * i / (_WAVES - 1) - 1) / 2)
            c, s = float(np.cos(angle)), float(np.sin(angle))
            length = self.wavelength * rng.uniform(0.75, 1.3)
            phase = (grid.x * c + down * s) * np.float32(TURN / length) + 0.4 * grid.noise(rng, 4 * length)
            canvas.shift.add(turns, (c, s), amplitude * np.float32(factor), -(phase + np.float32(rng.uniform(0, TURN))))

    def says(self, tone):
        return None if self.region.mask == "water" else Said("sway", "the air", "quivers softly")


def _stretched(y: np.ndarray, mask: np.ndarray, perspective: float) -> np.ndarray:
    """y with more waves to the px at the top of the mask than at its foot."""
    rows = np.flatnonzero(mask.max(1) > 0.3)
    if perspective == 0 or rows.size < 2:
        return y
    top, foot = float(y[rows[0], 0]), float(y[rows[-1], 0])
    deep = np.clip((y - top) / max(foot - top, 1.0), 0, 1)
    return ((1 - perspective) * y + perspective * (foot - top) * 1.6 * np.sqrt(deep + 0.04)).astype(np.float32)
