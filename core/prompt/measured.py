"""What can be said about a plate without any model: palette, mood, medium, and movements from the measured recipe.

It answers the same question as a model does, in the same schema. Where a model knows that there are reeds, this knows
that there is green texture; so its words are fewer and plainer. Of the media it tells flat illustration from the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..motion.effect import Effect, Placed, Tone
from ..motion.recipe import Recipe
from ..motion.scene import Scene
from .calibration import COLOURS, MOODS
from .directed import NOMINAL, direction_of
from .form.answers import Direction, Medium, Mood, MoveAnswer, Movement

SIDE = 128  # the picture is looked at in this size, px on the longer side


@dataclass(frozen=True)
class Palette:
    """light: mean CIE L* (0..100); chroma: mean C* (0..~100); warm: share of coloured pixels with red to yellow hue;
    green: share of all pixels with green hue."""

    light: float
    chroma: float
    warm: float
    green: float


def palette(plate: np.ndarray) -> Palette:
    """plate: (H, W, 3) uint8 sRGB."""
    scale = SIDE / max(plate.shape[:2])
    size = (max(8, round(plate.shape[1] * scale)), max(8, round(plate.shape[0] * scale)))
    small = cv2.resize(plate, size, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light, a, b = cv2.split(lab)
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360
    coloured = chroma > COLOURS.coloured
    warm = coloured & ((hue > COLOURS.warm[0]) | (hue < COLOURS.warm[1]))
    green = coloured & (hue > COLOURS.green[0]) & (hue < COLOURS.green[1])
    return Palette(
        light=float(light.mean()),
        chroma=float(chroma.mean()),
        warm=float(warm.sum() / max(1, coloured.sum())),
        green=float(green.mean()),
    )


def mood_of(colours: Palette) -> Mood:
    """A first guess from light and colour alone; a wish, a genre or a model overrides it."""
    if colours.light < MOODS.dark:
        return "dark"
    if colours.chroma > MOODS.vivid:
        return "playful" if colours.light > MOODS.playful else "energetic"
    if colours.light > MOODS.dreamy and colours.chroma > MOODS.dreamy_chroma:
        return "dreamy"
    if colours.warm > MOODS.warm_share and colours.chroma > MOODS.warm_chroma:
        return "warm"
    pale = colours.chroma < MOODS.melancholic_chroma and colours.warm < MOODS.melancholic_warm
    if pale and colours.light < MOODS.melancholic:
        return "melancholic"
    return "calm"


def medium_of(plate: np.ndarray) -> Medium | None:
    """Flat illustration where most edges are straight; else None: paint and photograph are not told apart."""
    return "illustration" if Scene(plate).graphic > 0.5 else None


def measured_answer(plate: np.ndarray, recipe: Recipe) -> MoveAnswer:
    """The move question answered from measurements.

    plate: (H, W, 3) uint8; recipe: `derive_recipe` of it at strength 1, whose effects the movements put into words.
    """
    colours = palette(plate)
    movements = [movement for effect in recipe.effects if (movement := _movement(effect, colours)) is not None]
    # What belongs to the picture goes before what floats over it; the slow drift of everything comes last.
    order = {"flow": 0, "drift": 0, "sway": 1, "light": 2, "particles": 3, "parallax": 4}
    movements.sort(key=lambda movement: order[movement.kind])
    return MoveAnswer(movements=movements or [_STILL], mood=mood_of(colours), medium=medium_of(plate))


def measured_words(plate: np.ndarray, answer: MoveAnswer) -> str:
    """The measurements in words, for a model that sees no pictures."""
    colours = palette(plate)
    tone = "dark" if colours.light < COLOURS.dark else "bright" if colours.light > COLOURS.bright else "mid-toned"
    hue = "warm colours" if colours.warm > COLOURS.warm_share else "cool colours"
    hue = "greyish" if colours.chroma < COLOURS.coloured else hue
    lines = [f"a {tone} {answer.medium or 'picture'}, {hue}", f"mood by colour: {answer.mood}"]
    lines += [f"{m.subject} ({m.region}): {m.motion}" for m in answer.movements]
    return "; ".join(lines)


def _movement(effect: Effect, colours: Palette) -> Movement | None:
    tone = Tone(
        dark=colours.light <= COLOURS.night,
        warm=colours.warm > COLOURS.warm_share,
        green=colours.green > COLOURS.green_share,
    )
    said = effect.says(tone)
    if said is None:
        return None
    places = {"subject": "subject", "background": "background", "sky": "sky", "water": "water"}
    return Movement.model_validate(
        {
            "subject": said.subject,
            "motion": said.motion,
            "kind": said.family,
            "direction": _direction(effect),
            "strength": NOMINAL,
            "region": places.get(effect.region.mask, "everywhere") if isinstance(effect, Placed) else "everywhere",
        }
    )


def _direction(effect: Effect) -> Direction:
    streams = {"flow", "drift"} & set(effect.families) and hasattr(effect, "distance")
    return direction_of(effect.angle) if streams else "in place"  # type: ignore[attr-defined]


_STILL = Movement(subject="the light", motion="breathes very softly", kind="light", strength=NOMINAL)
