"""What was measured or chosen by eye for motion; what the measurements said is in `docs/motion.md`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Where things are taken to be. Lengths are px of a picture whose shorter side is 256 px; levels of CIELAB."""

    flat_step: float = 1.1  # local spread of lightness and colour under which a ground is flat
    white: float = 92.0  # lightness from which a flat ground counts as white
    black: float = 8.0
    ground_share: float = 0.25  # share of the picture from which one flat colour is the ground of a graphic
    ground_reach: float = 9.0  # distance of colours that are still that ground
    shape_least: float = 0.0015  # shares of the picture between which a free-standing part is a shape
    shape_most: float = 0.2
    shape_flat: float = 0.35  # how flat a shape is inside
    lamp_light: float = 55.0  # lightness of a lamp
    lamp_over: float = 16.0  # and by how much it is lighter than what is around it
    lamp_most: float = 0.1  # share of the picture; what is more is no lamp
    flame_chroma: float = 48.0


@dataclass(frozen=True)
class Keeping:
    """What keeps still or straight while the rest moves."""

    slope: float = 0.1  # most that displacement changes per px near what is held
    reach_least: float = 28.0  # px at 1080 over which motion comes up around what is held
    stiff_reach: float = 10.0  # px at 256 around straight lines within which nothing bends
    white_light: float = 0.08  # share of light that white and black flat grounds take


@dataclass(frozen=True)
class Choice:
    """How sure of a thing a picture must make us before it moves as that thing would: shares of the picture."""

    sky: float = 0.08
    water: float = 0.06
    foliage: float = 0.05
    subject: float = 0.12
    lights: float = 0.0008
    specks_least: float = 0.0008
    specks_most: float = 0.016
    lights_most: float = 0.03
    natural: float = 0.5
    deep: float = 0.8  # how natural a picture must be to have depth
    sky_spread: tuple[float, float] = (3.5, 6.0)  # of lightness, between paper and sky
    sky_lightest: float = 93.0
    shapes: int = 1
    rays: float = 0.004
    haze: float = 45.0  # lightness under which haze is seen
    sky_darkest: float = 15.0  # what is darker is space, whose stars stand


FINDING = Finding()
KEEPING = Keeping()
CHOICE = Choice()
