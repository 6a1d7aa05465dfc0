"""The motion recipe: a small JSON document that says what moves in a picture, and how much.

    {"version": 1, "seed": 0, "effects": [{"kind": "flow", "region": {"mask": "sky"}, "distance": 30.0, ...}, ...]}

`effects/` has the schema of each effect; `stage.py` plays a recipe.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import Field, ValidationError

from ..errors import CoverError, RecipeError
from ..limits import SEED, STRENGTH
from . import effects as effects  # read: each file registers itself
from .derive import derive_effects
from .effect import AnyEffect
from .region import SHAPES, Strict
from .scene import Scene
from .seen import Sighting, look, sightings

MAX_TEXT = 200_000
MOST_EFFECTS = 16


Keep = Literal["borders", "lines", "faces", "tone"]
"""What stays as it is whatever moves: frames round the picture do not move, straight lines and faces do not bend, white
and black grounds keep their tone."""
KEEP_ALL: frozenset[Keep] = frozenset(get_args(Keep))


class Recipe(Strict):
    """What moves, and how. The same recipe, picture, length and rate give the same frames."""

    version: Literal[1] = 1
    seed: Annotated[int, Field(ge=SEED.low, le=SEED.high)] = 0
    keep: frozenset[Keep] = frozenset()
    effects: Annotated[tuple[AnyEffect, ...], Field(max_length=MOST_EFFECTS)] = ()
    seen: Annotated[tuple[Sighting, ...], Field(max_length=32)] = ()
    """What was seen in the picture, and how surely; told, not played."""

    @classmethod
    def parse(cls, document: str | dict[str, Any]) -> Recipe:
        """Read a recipe from JSON text or a dict.

        Raises:
            RecipeError: not JSON, too long, or a field that is unknown, missing or out of range; the message names
                the first such field, its value, and what is allowed.
        """
        if isinstance(document, str):
            if len(document) > MAX_TEXT:
                raise RecipeError(f"recipe: {len(document)} characters; the limit is {MAX_TEXT}")
            try:
                document = json.loads(document)
            except (ValueError, RecursionError) as error:
                raise RecipeError(f"recipe: is not JSON ({error}); paste what Motion Recipe shows") from error
        if not isinstance(document, dict):
            raise RecipeError(f"recipe: is a {type(document).__name__}; it must be a JSON object with 'effects'")
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise RecipeError(_message(error)) from error

    def to_json(self) -> str:
        """Indented JSON with a fixed order of fields; `Recipe.parse` reads it back to an equal recipe."""
        fields = self.model_dump(mode="json")
        return json.dumps({**fields, "keep": sorted(fields["keep"])}, indent=2)


def _message(error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    first = problems[0]
    loc = first["loc"]
    path = [part for i, part in enumerate(loc) if not (part in SHAPES and i and isinstance(loc[i - 1], int))]
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "recipe"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        return f"recipe: {name} is not a known field; take it out{more}"
    if first["type"] == "missing":
        return f"recipe: {name} is missing; add it{more}"
    value = repr(first.get("input"))
    value = value if len(value) <= 60 else value[:57] + "..."
    return f"recipe: {name} = {value}: {first['msg'][0].lower()}{first['msg'][1:]}{more}"


def derive_recipe(plate: np.ndarray, *, seed: int = 0, strength: float = 1.0) -> Recipe:
    """Write the recipe that suits a picture: skies drift, foliage sways, stars twinkle, graphic art breathes.

    plate: (H, W, 3) uint8 sRGB, the picture without its lettering. strength: 0 (still) .. 2; amplitudes scale with it.
    Deterministic. The same picture with another seed moves in other directions and phases.

    Raises:
        CoverError: plate is not (H, W, 3) uint8. RecipeError: strength or seed out of range.
    """
    if plate.ndim != 3 or plate.shape[2] != 3 or plate.dtype != np.uint8:
        raise CoverError(f"plate: {plate.shape} {plate.dtype}; give (height, width, 3) uint8")
    if not STRENGTH.holds(strength):
        raise RecipeError(f"strength: {strength}; give {STRENGTH}")
    scene = Scene(plate)
    seen = look(scene)
    effects = derive_effects(scene, seen, np.random.default_rng([seed, 0]), float(strength))
    return Recipe(seed=seed, keep=KEEP_ALL, effects=effects, seen=sightings(scene, seen))
