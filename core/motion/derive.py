"""From what a scene is made of to the effects that suit it: what moves is what would move.

Skies drift, water ripples, foliage sways, lamps pulse, stars twinkle; figures breathe by a pixel or two. What stands
before a ground drifts a little against it. Graphics keep their shapes: what stands free on a flat ground breathes or
turns as a whole, and light crosses the sheet. Where nothing is sure there are light, grain and particles only.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..pixels import ramp
from .calibration import CHOICE
from .effect import Effect
from .effects.breathe import Breathe
from .effects.clouds import Clouds
from .effects.flow import Flow
from .effects.fog import Fog
from .effects.glitter import Glitter
from .effects.grain import Grain
from .effects.light import Light
from .effects.parallax import Parallax
from .effects.particles import Particles
from .effects.pulse import Pulse
from .effects.rays import Rays
from .effects.ripple import Ripple
from .effects.shapes import Shapes
from .effects.shimmer import Shimmer
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
    foliage: float
    subject: float
    faces: float
    lights: float
    sheet: float
    shapes: int
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
        sky=natural * _solid(scene.sky, 9) * (1 - float(ramp(outlined, 0.12, 0.2))) * _cloudy(scene),
        water=natural * _solid(scene.water, 7),
        textured=natural * float(scene.textured.mean()),
        foliage=natural * float(scene.foliage.mean()),
        subject=float(scene.subject.mean()),
        faces=float(scene.faces.max()),
        lights=_lamps_of(scene),
        sheet=float(scene.ground.mean()),
        shapes=len(scene.shapes),
        specks=float((scene.highlights * (1 - scene.textured)).mean()),
        lightness=float(scene.light.mean()),
        warmth=float(scene.lab[..., 2].mean()),
        chroma=float(chroma.mean()),
    )


def _cloudy(scene: Scene) -> float:
    """0..1, how far what lies at the top is a sky and no sheet of paper: its light changes."""
    inside = scene.light[scene.sky > 0.5]
    indoors = scene.horizon is None and scene.faces.any()
    if not inside.size or scene.ground.any() or indoors:
        return 0.0
    if not CHOICE.sky_darkest < inside.mean() < CHOICE.sky_lightest and scene.horizon is None:
        return 0.0
    return float(ramp(inside.std(), *CHOICE.sky_spread))


def _lamps_of(scene: Scene) -> float:
    """The share of the picture that is lamps; none where there is more than lamps have: then it is cloth or paper."""
    share = float(scene.lights.mean())
    return share if share < CHOICE.lights_most else 0.0


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
    effects = [*_figures(found, rng, side), *_elements(found, rng, side), *_lamps(scene, found, rng)]
    effects += [*_light(found, rng), *_floating(scene, found)]
    grain = _own_grain(scene)
    effects += [Grain(amount=_round(grain))] if grain > 0.2 else []
    capped = [min(strength, 1.0) if effect.kind == "grain" else strength for effect in effects]
    return tuple(effect.scaled(factor) for effect, factor in zip(effects, capped, strict=True))


def _figures(found: Traits, rng: np.random.Generator, side: int) -> list[Effect]:
    """What stands before a ground drifts against it and breathes; shapes on a sheet move as wholes."""
    if found.sheet > 0:
        move = ("breathe", "turn", "bob")[int(rng.integers(0, 3))]
        return [Shapes(move=move, amplitude=6.0)] if found.shapes >= CHOICE.shapes else []
    if found.natural < CHOICE.deep or found.subject < CHOICE.subject:
        return []
    heading = _round(rng.uniform(-20, 20) + 90 * (1 - side))
    return [Parallax(depth="subject", amplitude=5.0, angle=heading, aspect=0.4, travel=0.2), Breathe(amplitude=2.0)]


def _elements(found: Traits, rng: np.random.Generator, side: int) -> list[Effect]:
    """Sky, water, foliage."""
    effects: list[Effect] = []
    heading = 90 * (1 - side)
    if found.sky > CHOICE.sky:
        effects.append(Clouds(distance=44.0, angle=_round(heading + rng.uniform(-10, 10))))
    if found.water > CHOICE.water:
        region = Region(mask="water")
        effects.append(Flow(region=region, distance=20.0, angle=_round(heading), swirl=0.15))
        effects.append(Ripple(region=region, amplitude=2.4, wavelength=90.0, perspective=0.6))
        effects.append(Light(region=region, amount=_round(0.04 * (1 - 0.7 * found.flatness)), wavelength=160, angle=90))
    if found.foliage > CHOICE.foliage:
        travel = _round(rng.uniform(-25, 25) + heading)
        wavelength = _round(rng.uniform(380, 520))
        effects.append(Sway(region=Region(mask="foliage"), amplitude=4.6, wavelength=wavelength, travel=travel))
    return effects


def _lamps(scene: Scene, found: Traits, rng: np.random.Generator) -> list[Effect]:
    """Lamps and neon pulse, specks in the dark twinkle, beams fan out from a bright spot in the dark."""
    effects: list[Effect] = []
    if found.lights > CHOICE.lights:
        effects.append(Pulse(amount=0.24, style="soft"))
        if found.natural > CHOICE.natural and found.lightness < 45 and found.lights > CHOICE.rays:
            effects.append(Rays(source=_lamp(scene), amount=0.05, reach=420.0))
    if CHOICE.specks_least < found.specks < CHOICE.specks_most:  # more are no specks but texture
        effects.append(Light(region=Region(mask="highlights"), amount=0.2, wavelength=60))
        effects.append(Glitter(count=36, size=6.0, brightness=0.5))
    return effects


def _lamp(scene: Scene) -> tuple[float, float]:
    """Where the broadest lamp is."""
    soft = cv2.GaussianBlur(scene.lights, (0, 0), 8)
    row, column = np.unravel_index(int(soft.argmax()), soft.shape)
    return _round((float(column) + 0.5) / scene.width), _round((float(row) + 0.5) / scene.height)


def _light(found: Traits, rng: np.random.Generator) -> list[Effect]:
    """A broad wave of light, stronger where there is little else to move; a line of light over sheets and hard things;
    haze in dark pictures."""
    amount = 0.024 + 0.014 * found.flatness + 0.012 * (1 - found.natural)
    amount *= 1.3 - 0.6 * float(ramp(found.lightness, 35, 85)) + 1.2 * float(ramp(found.lightness, 24, 6))
    wavelength, angle = _round(rng.uniform(900, 1150)), _round(rng.uniform(0, 360))
    effects: list[Effect] = [Light(amount=_round(min(amount, 0.5)), wavelength=wavelength, angle=angle)]
    if found.natural < CHOICE.natural or found.sheet > 0:
        effects.append(Shimmer(amount=_round(0.06 + 0.08 * float(ramp(found.lightness, 70, 25))), width=220.0))
    elif found.lightness < CHOICE.haze and found.water < CHOICE.water:
        effects.append(Fog(amount=_round(0.014 + 0.016 * float(ramp(found.lightness, 8, 30))), angle=_round(angle)))
    return effects


def _floating(scene: Scene, found: Traits) -> list[Effect]:
    """Dust in a wood or a dim room, embers over a warm dark, snow in a cold pale scene, motes in the palette of a
    sheet."""
    cold = found.warmth < -2 or found.chroma < 8
    if found.natural > 0.5 and found.lightness > 68 and cold and found.textured > 0.1:
        return [Particles(style="snow", count=70, size=3, brightness=0.5, speed=70)]
    if found.natural > 0.5 and found.lightness < 30 and found.warmth > 14:
        return [Particles(style="embers", count=36, size=2.4, brightness=0.5, speed=60)]
    if found.sky > 0.08 and found.lightness < 22 and found.flatness > 0.4:
        region = Region(mask="sky")
        return [Particles(style="stars", region=region, count=40, size=1.3, brightness=0.5, speed=0)]
    if found.lightness > 70:
        return [Particles(count=34, size=5, brightness=0.22, speed=30, colour=_accent(scene, 0.0), blend="shade")]
    brightness = 0.12 + 0.2 * float(ramp(found.lightness, 70, 15))
    count = round(30 + 22 * found.flatness)
    return [Particles(count=count, size=4, brightness=_round(brightness), speed=26, colour=_accent(scene, 0.55))]


def _own_grain(scene: Scene) -> float:
    """Grain that the picture's own fine detail hides: a tenth of its energy (variance of the Laplacian, in which
    white noise of variance 1 counts 20), at most 0.9 levels. With more, frame 0, which has none, would look unlike the
    rest."""
    energy = cv2.Laplacian(cv2.cvtColor(scene.image, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var()
    return float(min(0.9, np.sqrt(energy / 200)))


def _accent(scene: Scene, pale: float) -> str:
    """The most colourful tone that much of the picture has, made `pale` (0..1), #rrggbb."""
    chroma = np.hypot(scene.lab[..., 1], scene.lab[..., 2]) * (scene.light > 25)
    vivid = scene.small[chroma >= np.percentile(chroma, 92)].astype(float).mean(0)
    tint = 255 - (1 - pale) * (255 - vivid * 255 / max(vivid.max(), 1))
    return "#" + "".join(f"{round(value):02x}" for value in tint)


def _round(value: float) -> float:
    return round(float(value), 3)
