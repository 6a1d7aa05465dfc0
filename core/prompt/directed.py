"""From what a look at the plate said to an ambient recipe: a pure function of the answer and the measured recipe.

The measured recipe (`recipe.derive_recipe`) knows where sky, water and texture are and how much they can move; the
answer knows what they are and what suits the cover. So each movement takes over the measured effect of its kind, where
there is one, with its own strength and direction, and is made new where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..motion.effects import Box, Effect, Flow, Light, Parallax, Particles, Region, Sway
from ..motion.recipe import Recipe
from .form.answers import Direction, Movement
from .words.wish import about

NOMINAL = 0.4  # the strength at which an effect does what was measured, or what its defaults are
_ANGLES = {"right": 0.0, "down": 90.0, "left": 180.0, "up": 270.0}
_EFFECTS: dict[str, type] = {
    "sway": Sway,
    "drift": Flow,
    "flow": Flow,
    "light": Light,
    "particles": Particles,
    "parallax": Parallax,
}
_AMOUNT = {
    "sway": "amplitude",
    "flow": "distance",
    "light": "amount",
    "particles": "count",
    "parallax": "amplitude",
    "grain": "amount",
}
# Particles the engine draws, and those that come nearest to what else may fall or float. speed: px a second at 1080 px.
# Brightness stays at 0.5 or less: the engine takes what shows in frame 0 off every frame, and above that the marks this
# leaves were seen as dark dots (rendered on six of the made covers, bright and dark ones).
_STYLES: dict[str, dict[str, Any]] = {
    "rain": {"style": "snow", "speed": 300.0, "size": 2.5, "count": 360, "brightness": 0.3, "colour": "#cfe0ee"},
    "snow": {"style": "snow", "speed": 60.0, "size": 5.5, "count": 170, "brightness": 0.5},
    "petals": {"style": "snow", "speed": 50.0, "size": 9.0, "count": 60, "brightness": 0.5, "colour": "#ff9fc4"},
    "leaves": {"style": "snow", "speed": 50.0, "size": 9.0, "count": 45, "brightness": 0.45, "colour": "#c8641e"},
    "embers": {"style": "embers", "speed": 60.0, "size": 4.0, "count": 80, "brightness": 0.5},
    "fireflies": {"style": "embers", "speed": 12.0, "size": 5.0, "count": 40, "brightness": 0.5, "colour": "#f4ff8a"},
    "stars": {"style": "stars", "speed": 0.0, "size": 2.5, "count": 110, "brightness": 0.5},
    "dust": {"style": "dust", "count": 60, "size": 4.0, "brightness": 0.3},
}
_STAND_INS = {"rain": "fine falling specks", "petals": "tinted falling flakes", "leaves": "tinted falling flakes"}


def ambient_recipe(movements: Sequence[Movement], measured: Recipe, strength: float = 1.0) -> Recipe:
    """The recipe for what moves.

    measured: from `derive_recipe` on the same plate, at strength 1. Its seed is kept, and its parallax and grain stay
    as the bed that everything else lies on, times `strength` (0..2; the movements carry their own), so that a loop of
    one small movement is not a still. At most 16 effects.
    """
    effects: list[Effect] = []
    free: list[Effect] = [effect for effect in measured.effects if effect.kind != "grain"]
    for movement in movements:
        match = _match(movement, free)
        if match is not None:
            free.remove(match)
        effects.append(_effect(movement, match))
        if match is not None and _mask(match) == "water" and movement.kind == "flow":
            # Water was measured as three effects in one (it streams, swells and glitters); they stay together.
            glitter = [effect for effect in free if _mask(effect) == "water" and effect.kind in ("sway", "light")]
            free = [effect for effect in free if effect not in glitter]
            effects += [_scaled(effect, movement.strength / NOMINAL) for effect in glitter]
    bed = [_scaled(effect, strength) for effect in free if effect.kind == "parallax"]
    grain = [_scaled(effect, strength) for effect in measured.effects if effect.kind == "grain"]
    return Recipe(seed=measured.seed, effects=(*bed, *effects, *grain)[:16])


def _match(movement: Movement, measured: list[Effect]) -> Effect | None:
    """The measured effect this movement is about: of its kind, and in its place where one is named."""
    kind = _EFFECTS[movement.kind]
    same = [effect for effect in measured if isinstance(effect, kind) and effect.kind != "grain"]
    if movement.kind in ("drift", "flow"):
        # Drifting and flowing are one effect in two places: what flows is water, what drifts is anything else.
        same = [effect for effect in same if (_mask(effect) == "water") == (movement.kind == "flow")]
        if movement.region != "everywhere":
            same = [effect for effect in same if _mask(effect) in (movement.region, "all")]
    elif movement.region != "everywhere" and movement.kind != "parallax":
        same = [effect for effect in same if _mask(effect) == movement.region] or same
    if movement.kind == "particles" and (named := _named(movement)) is not None:
        style = _STYLES[named].get("style")
        same = [effect for effect in same if isinstance(effect, Particles) and effect.style == style]
    return same[0] if same else None


def _effect(movement: Movement, match: Effect | None) -> Effect:
    base: Any = match if match is not None else _fresh(movement)
    values = base.model_dump()
    if movement.box is not None:
        values["region"] = {**values["region"], "shapes": [Box(box=movement.box).model_dump()]}
    # A measured angle that already points that way is finer than the four directions of an answer.
    if movement.direction in _ANGLES and "angle" in values and direction_of(values["angle"]) != movement.direction:
        values["angle"] = _ANGLES[movement.direction]
    return _scaled(type(base).model_validate(values), movement.strength / NOMINAL)


def _scaled(effect: Any, factor: float) -> Effect:
    """The effect with its main amount times a factor, within the bounds of its schema."""
    name = _AMOUNT[effect.kind]
    most = next(part.le for part in type(effect).model_fields[name].metadata if getattr(part, "le", None) is not None)
    amount = min(most, getattr(effect, name) * factor)
    return effect.model_copy(update={name: round(amount) if name == "count" else round(amount, 4)})


def direction_of(angle: float) -> Direction:
    """The direction nearest to an angle in degrees (0 right, 90 down)."""
    names: tuple[Direction, ...] = ("right", "down", "left", "up")
    return names[round(angle / 90) % 4]


def _fresh(movement: Movement) -> Effect:
    """An effect that was not measured in the picture, with the schema's own amounts."""
    region = Region.model_validate({"mask": {"everywhere": "all"}.get(movement.region, movement.region)})
    if movement.kind == "parallax":
        return Parallax()
    if movement.kind == "sway":
        return Sway(region=Region(mask="textured") if region.mask == "all" else region)
    if movement.kind == "flow":
        return Flow(region=Region(mask="water") if region.mask == "all" else region)
    if movement.kind == "drift":
        # Mist or smoke that is not a measured sky: a broad wave of light passes; streaming the picture itself along
        # would take houses and faces with it.
        return Flow(region=region) if region.mask == "sky" else Light(region=region, amount=0.06, wavelength=900.0)
    if movement.kind == "light":
        return Light(region=region)
    return Particles.model_validate({"region": region, **_STYLES[_named(movement) or "dust"]})


def stand_ins(movements: Sequence[Movement]) -> list[str]:
    """What the ambient engine cannot draw, and what it draws instead, in words for the report."""
    names = [_named(movement) for movement in movements if movement.kind == "particles"]
    return [f"ambient motion draws {name} as {_STAND_INS[name]}" for name in names if name in _STAND_INS]


def _named(movement: Movement) -> str | None:
    words = f"{movement.subject} {movement.motion}"
    return next((name for name in _STYLES if about(name, words)), None)


def _mask(effect: Any) -> str:
    return effect.region.mask
