"""A recipe in time with a song: light that came and went by itself goes with the beats instead."""

from __future__ import annotations

from collections.abc import Sequence

from .calibration import ON_BEATS
from .effect import Effect
from .effects.beat import Beat
from .effects.light import Light
from .effects.pulse import Pulse
from .recipe import MOST_EFFECTS, Recipe


def on_beats(recipe: Recipe, accents: Sequence[float]) -> Recipe:
    """The recipe with its lamps and its broad light on the beats of a loop that begins on one; where it has neither,
    all of the picture goes softly with them. What sways, flows or falls is left as it is: it makes whole turns anyway.

    accents: 0..1 of each beat, first to last.
    """
    beats = tuple(round(float(accent), 3) for accent in accents)

    def timed(effect: Effect) -> Effect:
        if isinstance(effect, Pulse):
            return Beat(region=effect.region, amount=min(ON_BEATS.lamps, effect.amount), accents=beats)
        if isinstance(effect, Light):
            return Beat(region=effect.region, amount=min(ON_BEATS.broad, 2 * effect.amount), accents=beats)
        return effect

    made = [timed(effect) for effect in recipe.effects]
    if not any(isinstance(effect, Beat) for effect in made):
        made = [*made[: MOST_EFFECTS - 1], Beat(amount=ON_BEATS.all, accents=beats)]
    return recipe.model_copy(update={"effects": tuple(made)})
