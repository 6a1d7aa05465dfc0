"""From what a look at the plate said to an ambient recipe: a pure function of the answer and the measured recipe.

The measured recipe (`recipe.derive_recipe`) knows where sky, water and texture are and how much they can move; the
answer knows what they are and what suits the cover. So each movement takes over the measured effect of its kind, where
there is one, with its own strength and direction, and is made new where there is none.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ..motion.effect import FAMILIES, Effect, Named, Placed, Tone
from ..motion.effects import EFFECTS, names
from ..motion.recipe import Recipe
from ..motion.region import Box
from .form.answers import Direction, Movement
from .words.wish import about

NOMINAL = 0.4  # the strength at which an effect does what was measured, or what its defaults are
_ANGLES = {"right": 0.0, "down": 90.0, "left": 180.0, "up": 270.0}


def ambient_recipe(movements: Sequence[Movement], measured: Recipe, strength: float = 1.0) -> Recipe:
    """The recipe for what moves.

    measured: from `derive_recipe` on the same plate, at strength 1. Its seed is kept, and its parallax and grain stay
    as the bed that everything else lies on, times `strength` (0..2; the movements carry their own), so that a loop of
    one small movement is not a still. At most 16 effects.
    """
    effects: list[Effect] = []
    free: list[Effect] = [effect for effect in measured.effects if effect.kind != "grain"]
    for movement in movements:
        match = _told(movement, free) or _match(movement, free)
        if match is not None:
            free.remove(match)
        effects.append(_effect(movement, match))
        if match is not None and _mask(match) == "water" and movement.kind == "flow":
            # Water was measured as three effects in one (it streams, swells and glitters); they stay together.
            glitter = [effect for effect in free if _mask(effect) == "water" and effect.kind in _WITH_WATER]
            free = [effect for effect in free if effect not in glitter]
            effects += [effect.scaled(movement.strength / NOMINAL) for effect in glitter]
    bed = [effect.scaled(strength) for effect in free if effect.kind == "parallax" or not _words(effect)]
    grain = [effect.scaled(strength) for effect in measured.effects if effect.kind == "grain"]
    return measured.model_copy(update={"effects": (*bed, *effects, *grain)[:16]})


_WITH_WATER = ("sway", "ripple", "light")
_TONES = [Tone(*told) for told in itertools.product((False, True), repeat=3)]


def _words(effect: Effect) -> set[tuple[str, str]]:
    """All that an effect may be called, whatever the colours."""
    said = [effect.says(tone) for tone in _TONES]
    return {(one.subject, one.motion) for one in said if one is not None}


def _told(movement: Movement, measured: list[Effect]) -> Effect | None:
    """The measured effect that was put into just these words, in its place."""
    same = [effect for effect in measured if (movement.subject, movement.motion) in _words(effect)]
    here = [effect for effect in same if _mask(effect) in (movement.region, "all", None)]
    return next(iter(here or same), None)


def _match(movement: Movement, measured: list[Effect]) -> Effect | None:
    """The measured effect this movement is about: of its kind, and in its place where one is named."""
    made, named = _meant(movement)
    same = [effect for effect in measured if type(effect) is made and _mask(effect) is not None]
    if movement.kind in ("drift", "flow"):
        # Drifting and flowing are one effect in two places: what flows is water, what drifts is anything else.
        same = [effect for effect in measured if movement.kind in effect.families and effect.kind != "light"]
        same = [effect for effect in same if (_mask(effect) == "water") == (movement.kind == "flow")]
        if movement.region != "everywhere":
            same = [effect for effect in same if _mask(effect) in (movement.region, "all")]
    elif movement.region != "everywhere" and movement.kind != "parallax":
        same = [effect for effect in same if _mask(effect) == movement.region] or same
    if named is not None and movement.kind == "particles":
        same = [effect for effect in same if getattr(effect, "style", None) == named.fields.get("style")]
    return same[0] if same else None


def _effect(movement: Movement, match: Effect | None) -> Effect:
    base = match if match is not None else _fresh(movement)
    values = base.model_dump()
    if movement.box is not None and "region" in values:
        values["region"] = {**values["region"], "shapes": [Box(box=movement.box).model_dump()]}
    # A measured angle that already points that way is finer than the four directions of an answer.
    if movement.direction in _ANGLES and "angle" in values and direction_of(values["angle"]) != movement.direction:
        values["angle"] = _ANGLES[movement.direction]
    return type(base).model_validate(values).scaled(movement.strength / NOMINAL)


def direction_of(angle: float) -> Direction:
    """The direction nearest to an angle in degrees (0 right, 90 down)."""
    names: tuple[Direction, ...] = ("right", "down", "left", "up")
    return names[round(angle / 90) % 4]


def _meant(movement: Movement) -> tuple[type[Effect], Named | None]:
    """The effect a movement is, by its words or else by its family."""
    if movement.kind == "drift" and movement.region == "sky":
        return names()["clouds"]
    words = f"{movement.subject} {movement.motion}"
    for name, (made, named) in names().items():
        if movement.kind == named.said.family and about(name, words):
            return made, named
    kind = FAMILIES[movement.kind].kind
    return names()[kind] if kind in names() else (EFFECTS[kind], None)


def _fresh(movement: Movement) -> Effect:
    """An effect that was not measured in the picture, with the schema's own amounts."""
    made, named = _meant(movement)
    return made.fresh(named, "all" if movement.region == "everywhere" else movement.region)


def stand_ins(movements: Sequence[Movement]) -> list[str]:
    """What the ambient engine cannot draw, and what it draws instead, in words for the report."""
    meant = [_meant(movement)[1] for movement in movements]
    return [f"ambient motion draws {named.name} as {named.stand_in}" for named in meant if named and named.stand_in]


def _mask(effect: Effect) -> str | None:
    return effect.region.mask if isinstance(effect, Placed) else None
