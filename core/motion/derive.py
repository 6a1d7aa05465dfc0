"""From what a scene is made of to the effects that suit it.

Skies drift, water flows, foliage sways, stars twinkle, graphic art breathes with light and parallax. Amplitudes are
such that most of a picture moves at 5 to 25 px a second (at 1080): seen at a glance, never in the way of the lettering.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..pixels import ramp
from .effect import Effect
from .effects.flow import Flow
from .effects.grain import Grain
from .effects.light import Light
from .effects.parallax import Parallax
from .effects.particles import Particles
from .effects.sway import Sway
from .region import Region
from .scene import Scene


@dataclass(frozen=True)
class Traits:
    """Shares and likelihoods, 0..1; lightness, warmth and chroma are the means of CIELAB L (0..100), b and |(a, b)|."""

    natural: float
    flatness: float
    sky: float
    water: float
    textured: float
    subject: float
    specks: float
    lightness: float
    warmth: float
    chroma: float


def traits(scene: Scene) -> Traits:
    natural = 1 - float(ramp(scene.graphic, 0.3, 0.5))
    chroma = np.hypot(scene.lab[..., 1], scene.lab[..., 2])
    inner = cv2.erode(scene.sky, np.ones((15, 15), np.uint8)) > 0.5
    outlined = scene.outlines[inner].mean() if inner.any() else 1.0  # clouds have none
    return Traits(
        natural=natural,
        flatness=scene.flatness,
        sky=natural * _solid(scene.sky, 9) * (1 - float(ramp(outlined, 0.12, 0.2))),
        water=natural * _solid(scene.water, 7),
        textured=natural * float(scene.textured.mean()),
        subject=float(scene.subject.mean()),
        specks=float((scene.highlights * (1 - scene.textured)).mean()),
        lightness=float(scene.light.mean()),
        warmth=float(scene.lab[..., 2].mean()),
        chroma=float(chroma.mean()),
    )


def _solid(mask: np.ndarray, size: int) -> float:
    """The share of the picture that a mask covers, of its broad parts only: gaps between trunks are no sky."""
    core = cv2.erode(mask, np.ones((size, size), np.uint8))
    return float(mask.mean()) if core.mean() > 0.35 * mask.mean() else 0.0


def derive_effects(scene: Scene, rng: np.random.Generator, strength: float) -> tuple[Effect, ...]:
    """The effects for a scene, strongest first; none when strength is 0."""
    if strength == 0:
        return ()
    found = traits(scene)
    side = 1 if rng.random() < 0.5 else -1
    effects = _drift(found, rng, strength, side)
    effects += _streams(found, rng, strength, side)
    effects += _lights(scene, found, rng, strength)
    effects += _drifting_lights(scene, found, strength)
    grain = _own_grain(scene) * min(strength, 1.0)
    return (*effects, Grain(amount=_round(grain))) if grain > 0.2 else tuple(effects)


def _drift(found: Traits, rng: np.random.Generator, strength: float, side: int) -> list[Effect]:
    if found.subject > 0:
        depth = "subject"
    elif found.natural > 0.5:
        depth = "vertical"
    else:
        depth = "shapes"
    amplitude = (15.5 - 2.0 * found.natural * (found.sky + found.textured > 0.3)) * strength
    effects: list[Effect] = [
        Parallax(
            depth=depth,
            amplitude=_round(min(amplitude, 40)),
            angle=_round(rng.uniform(-30, 30) + 90 * (1 - side)),
            aspect=_round(rng.uniform(0.55, 0.75)),
            travel=_round(0.35 + 0.15 * found.natural),
        )
    ]
    if found.textured > 0.04:
        effects.append(
            Sway(
                region=Region(mask="textured"),
                amplitude=_round(min(4.6 * strength, 20)),
                wavelength=_round(rng.uniform(380, 520)),
                travel=_round(rng.uniform(-25, 25) + 90 * (1 - side)),
            )
        )
    return effects


def _streams(found: Traits, rng: np.random.Generator, strength: float, side: int) -> list[Effect]:
    effects: list[Effect] = []
    heading = 90 * (1 - side)
    if found.sky > 0.08:
        region = Region(mask="sky")
        angle = _round(heading + rng.uniform(-12, 12))
        effects.append(Flow(region=region, distance=_round(min(42 * strength, 120)), angle=angle, swirl=0.35))
    if found.water > 0.06:
        region = Region(mask="water")
        effects.append(Flow(region=region, distance=_round(min(20 * strength, 120)), angle=_round(heading), swirl=0.15))
        effects.append(
            Sway(region=region, amplitude=_round(min(4.0 * strength, 20)), wavelength=180, travel=90, aspect=0.25)
        )
        effects.append(
            Light(region=region, amount=_round(0.035 * (1 - 0.7 * found.flatness) * strength), wavelength=160, angle=90)
        )
    return effects


def _lights(scene: Scene, found: Traits, rng: np.random.Generator, strength: float) -> list[Effect]:
    """A broad wave of light, stronger where there is little else to move; specks in the dark twinkle."""
    amount = (0.02 + 0.015 * found.flatness + 0.008 * (1 - found.natural)) * strength
    amount *= 1.3 - 0.6 * float(ramp(found.lightness, 35, 85)) + 2.2 * float(ramp(found.lightness, 24, 6))
    wavelength = _round(rng.uniform(900, 1150))
    effects: list[Effect] = [
        Light(amount=_round(min(amount, 0.5)), wavelength=wavelength, angle=_round(rng.uniform(0, 360)))
    ]
    if 0.0008 < found.specks < 0.016:  # more are no specks but texture
        effects.append(Light(region=Region(mask="highlights"), amount=_round(min(0.16 * strength, 0.5)), wavelength=60))
    return effects


def _drifting_lights(scene: Scene, found: Traits, strength: float) -> list[Effect]:
    """Dust in a wood or a dim room, embers over a warm dark, snow in a cold pale scene; soft motes over plain art."""
    cold = found.warmth < -2 or found.chroma < 8
    if found.natural > 0.5 and found.lightness > 68 and cold and found.textured > 0.1:
        return [Particles(style="snow", count=round(70 * strength), size=3, brightness=0.5, speed=70)]
    if found.natural > 0.5 and found.lightness < 30 and found.warmth > 14:
        return [Particles(style="embers", count=round(36 * strength), size=2.4, brightness=0.5, speed=60)]
    if found.sky > 0.08 and found.lightness < 22 and found.flatness > 0.4:
        region = Region(mask="sky")
        return [Particles(style="stars", region=region, count=round(40 * strength), size=1.3, brightness=0.5, speed=0)]
    if found.lightness < 60 or found.flatness > 0.5:
        brightness = 0.1 + 0.16 * float(ramp(found.lightness, 70, 15))
        count = round((26 + 22 * found.flatness) * strength)
        colour = _accent(scene)
        return [Particles(style="dust", count=count, size=4, brightness=_round(brightness), colour=colour)]
    return []


def _own_grain(scene: Scene) -> float:
    """Grain that the picture's own fine detail hides: a tenth of its energy (variance of the Laplacian, in which
    white noise of variance 1 counts 20), at most 0.9 levels. With more, frame 0, which has none, would look unlike the
    rest."""
    energy = cv2.Laplacian(cv2.cvtColor(scene.image, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var()
    return float(min(0.9, np.sqrt(energy / 200)))


def _accent(scene: Scene) -> str:
    """A pale tint of the light parts of the picture, #rrggbb."""
    bright = scene.small[scene.light >= np.percentile(scene.light, 85)].astype(float).mean(0)
    tint = 255 - 0.45 * (255 - bright * 255 / max(bright.max(), 1))
    return "#" + "".join(f"{round(value):02x}" for value in tint)


def _round(value: float) -> float:
    return round(float(value), 3)
