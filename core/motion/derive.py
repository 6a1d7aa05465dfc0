"""From what a scene is made of to the effects that suit it: what moves is what would move.

Skies drift, water ripples, foliage sways, lamps pulse, stars twinkle; figures breathe by a pixel or two. What stands
before a ground drifts a little against it. Graphics keep their shapes: what stands free on a flat ground breathes or
turns as a whole, and light crosses the sheet. Where nothing is sure there are light, grain and particles only.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..pixels import ramp
from .calibration import AMOUNTS, CHOICE
from .effect import Effect
from .effects.breathe import Breathe
from .effects.clouds import Clouds
from .effects.fire import Fire
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
from .effects.spin import Spin
from .effects.sway import Sway
from .region import Region
from .scene import Scene
from .seen import Seen


def derive_effects(scene: Scene, seen: Seen, rng: np.random.Generator, strength: float) -> tuple[Effect, ...]:
    """The effects for a scene, strongest first; none when strength is 0."""
    if strength == 0:
        return ()
    side = 1 if rng.random() < 0.5 else -1
    effects = [*_figures(scene, seen, rng, side), *_elements(seen, rng, side), *_lights(scene, seen)]
    effects += [*_broad_light(seen, rng), *_floating(scene, seen)]
    grain = _own_grain(scene)
    effects += [Grain(amount=_round(grain))] if grain > AMOUNTS.grain_least else []
    capped = [min(strength, 1.0) if effect.kind == "grain" else strength for effect in effects]
    return tuple(effect.scaled(factor) for effect, factor in zip(effects, capped, strict=True))


def _figures(scene: Scene, seen: Seen, rng: np.random.Generator, side: int) -> list[Effect]:
    """What stands before a ground drifts against it, as one piece, and breathes; a disc spins; shapes on a sheet move
    as wholes."""
    disc = scene.disc
    if disc is not None and seen.sure("disc"):
        center = (_round(disc.center[0]), _round(disc.center[1]))
        return [Spin(center=center, radius=_round(disc.radius), clockwise=True)]
    if scene.ground.any():
        move = ("breathe", "turn", "bob")[int(rng.integers(0, 3))]
        return [Shapes(move=move, amplitude=AMOUNTS.shapes)] if seen.shapes else []
    if seen.natural < CHOICE.deep or not seen.sure("subject"):
        return []
    if scene.horizon is not None and not (scene.subject[scene.horizon :] > 0.5).any():
        return []  # a moon, a bird: further away than the ground, not nearer
    landscape = scene.horizon is not None or any(seen.sure(name) for name in ("water", "foliage"))
    landscape = landscape or seen.confidence["sky"] > CHOICE.outdoors
    if landscape and _is_range(scene.subject > 0.5):
        return []
    heading = _round(rng.uniform(-20, 20) + 90 * (1 - side))
    drift = Parallax(depth="subject", amplitude=AMOUNTS.parallax, angle=heading, aspect=0.4, travel=0.0)
    return [drift] if landscape else [drift, Breathe(amplitude=AMOUNTS.breathe)]  # mountains and boats do not breathe


def _is_range(subject: np.ndarray) -> bool:
    """Mountains, a skyline: broad, and what is near lies below them. subject: (h, w) bool."""
    across, down = np.flatnonzero(subject.any(0)), np.flatnonzero(subject.any(1))
    height, width = subject.shape
    return bool(len(down)) and np.ptp(across) > CHOICE.range_broad * width and down[-1] < CHOICE.range_foot * height


def _elements(seen: Seen, rng: np.random.Generator, side: int) -> list[Effect]:
    """Sky, water, foliage."""
    effects: list[Effect] = []
    heading = 90 * (1 - side)
    if seen.sure("sky"):
        effects.append(Clouds(distance=AMOUNTS.clouds, angle=_round(heading + rng.uniform(-10, 10))))
    if seen.sure("water"):
        region = Region(mask="water")
        gleam = _round(AMOUNTS.gleam * (1 - 0.7 * seen.flatness))
        effects.append(Flow(region=region, distance=AMOUNTS.water, angle=_round(heading), swirl=0.15))
        effects.append(Ripple(region=region, amplitude=AMOUNTS.ripple, wavelength=90.0, perspective=0.6))
        effects.append(Light(region=region, amount=gleam, wavelength=160, angle=90))
    if seen.sure("foliage"):
        travel = _round(rng.uniform(-25, 25) + heading)
        wavelength = _round(rng.uniform(380, 520))
        effects.append(
            Sway(region=Region(mask="foliage"), amplitude=AMOUNTS.foliage, wavelength=wavelength, travel=travel)
        )
    return effects


def _lights(scene: Scene, seen: Seen) -> list[Effect]:
    """Flames lick, lamps and neon pulse, specks in the dark twinkle, beams fan out from a lamp in the dark."""
    effects: list[Effect] = []
    if seen.sure("flames"):
        effects.append(Fire(amplitude=AMOUNTS.flames))
    if seen.sure("lamps"):
        effects.append(Pulse(amount=AMOUNTS.lamps, style="soft"))
        lamp = scene.lamps
        inside = min(*lamp.source, *(1 - place for place in lamp.source)) > CHOICE.rays_inside
        dark = seen.natural > CHOICE.natural and seen.lightness < CHOICE.rays_dark
        if dark and inside and lamp.halo > CHOICE.rays_halo:
            source = (_round(lamp.source[0]), _round(lamp.source[1]))
            effects.append(Rays(source=source, amount=AMOUNTS.rays, reach=420.0))
    if seen.sure("specks"):
        effects.append(Light(region=Region(mask="highlights"), amount=AMOUNTS.twinkle, wavelength=60))
        effects.append(Glitter(count=36, size=6.0, brightness=0.5))
    return effects


def _broad_light(seen: Seen, rng: np.random.Generator) -> list[Effect]:
    """A broad wave of light, stronger where there is little else to move; over sheets and hard things one even line of
    light instead, since waves on a flat colour are blotches; haze in dark pictures."""
    wavelength, angle = _round(rng.uniform(900, 1150)), _round(rng.uniform(0, 360))
    if seen.sure("graphic"):
        amount = AMOUNTS.sheen + AMOUNTS.sheen_in_the_dark * float(ramp(seen.lightness, 70, 25))
        slant = _round(rng.uniform(-35, 35) + 180 * float(rng.random() < 0.5))
        return [Shimmer(amount=_round(amount), width=AMOUNTS.sheen_width, angle=slant)]
    amount = AMOUNTS.light + 0.014 * seen.flatness + 0.012 * (1 - seen.natural)
    amount *= 1.3 - 0.6 * float(ramp(seen.lightness, 35, 85)) + 1.2 * float(ramp(seen.lightness, 24, 6))
    effects: list[Effect] = [Light(amount=_round(min(amount, 0.5)), wavelength=wavelength, angle=angle)]
    if seen.lightness < CHOICE.haze and not seen.sure("water"):
        haze = AMOUNTS.haze + 0.016 * float(ramp(seen.lightness, 8, 30))
        effects.append(Fog(amount=_round(haze), angle=angle))
    return effects


def _floating(scene: Scene, seen: Seen) -> list[Effect]:
    """Dust in a wood or a dim room, embers over a warm dark, snow in a cold pale scene, motes in the palette of a
    sheet."""
    cold = seen.warmth < -2 or seen.chroma < 8
    if seen.natural > 0.5 and seen.lightness > 68 and cold and seen.textured > 0.1:
        return [Particles(style="snow", count=70, size=3, brightness=0.5, speed=70)]
    if seen.natural > 0.5 and seen.lightness < 30 and seen.warmth > 14:
        return [Particles(style="embers", count=36, size=2.4, brightness=0.5, speed=60)]
    if seen.confidence["sky"] > 0.3 and seen.lightness < 22 and seen.flatness > 0.4:
        region = Region(mask="sky")
        return [Particles(style="stars", region=region, count=40, size=1.3, brightness=0.5, speed=0)]
    if seen.lightness > 70:
        return [Particles(count=34, size=5, brightness=0.22, speed=30, colour=_accent(scene, 0.0), blend="shade")]
    brightness = 0.12 + 0.2 * float(ramp(seen.lightness, 70, 15))
    count = round(30 + 22 * seen.flatness)
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
