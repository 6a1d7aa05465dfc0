"""What an effect is: a schema, how it is drawn, what it is called, and how much of it there may be.

Each file of `effects/` holds one effect or a family. Whatever else needs to know of effects (the schema of recipes, the
stage, what a picture gets, prompts, the glossary) asks the registry.

Lengths are pixels of a picture whose shorter side is 1080 px, so one recipe fits every size. `cycles` counts turns in
four seconds; a longer loop makes proportionally more turns, a shorter one moves proportionally less far, so that speeds
stay the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, TypeVar

from pydantic import SerializeAsAny, WrapValidator
from pydantic_core import PydanticCustomError

from .region import Region, Strict

if TYPE_CHECKING:
    import numpy as np

    from .canvas import Canvas


class Family(NamedTuple):
    """A family of movements: the most it may do, as the strength of a movement (0..1), and the effect that it is where
    nothing more is said."""

    cap: float
    kind: str


# Sway and parallax move the cover's own shapes, so they are held lowest; what floats over the picture, or flows within
# its own texture, may do more.
FAMILIES = {
    "sway": Family(0.6, "sway"),
    "drift": Family(0.7, "mist"),
    "flow": Family(0.7, "water"),
    "light": Family(0.6, "light"),
    "particles": Family(0.8, "dust"),
    "parallax": Family(0.6, "parallax"),
}


class Tone(NamedTuple):
    """What colours say, for the choice of words."""

    dark: bool
    warm: bool
    green: bool


class Said(NamedTuple):
    """How a movement is put into words: "the water", "ripples and flows quietly"."""

    family: str
    subject: str
    motion: str


@dataclass(frozen=True)
class Named:
    """A movement that people ask for by name, and what of the effect it is.

    english, korean: regular expressions, matched as whole words in English and from the start of a word in Korean.
    fields: what differs from the defaults of the schema. stand_in: what is drawn instead, where that is something else.
    """

    name: str
    english: str
    korean: str
    said: Said
    direction: str = "in place"
    strength: float = 0.4
    place: str = "everywhere"
    fields: dict[str, Any] = field(default_factory=dict, hash=False)
    stand_in: str = ""


class Effect(Strict):
    """Base of all effects. `draw` adds to the canvas what moves; everything it adds is zero at the start of a turn."""

    kind: Any  # a Literal of one name in each effect

    dial: ClassVar[str]
    """The field that says how much: what strength multiplies."""
    families: ClassVar[tuple[str, ...]]
    """Families of movements (FAMILIES) that this effect serves."""
    named: ClassVar[tuple[Named, ...]] = ()

    def draw(self, canvas: Canvas, mask: np.ndarray, rng: np.random.Generator) -> None:
        """Add to the fields of the canvas. mask: (h, w) float32 on its grid, where the effect acts."""
        raise NotImplementedError

    def says(self, tone: Tone) -> Said | None:
        """The effect in words; None where it goes without saying."""
        return None

    @classmethod
    def fresh(cls, named: Named | None = None, place: str = "all") -> Effect:
        """The effect with its own amounts, or those of a movement that has a name, in a place (a mask of `Region`)."""
        made = cls.model_validate(named.fields if named else {})
        if isinstance(made, Placed) and place != "all":
            made = made.model_copy(update={"region": made.region.model_copy(update={"mask": place})})
        return made

    def scaled(self, factor: float) -> Effect:
        """The effect with its amount times a factor, within the bounds of its schema."""
        bounds = type(self).model_fields[self.dial].metadata
        most = next(part.le for part in bounds if getattr(part, "le", None) is not None)
        value = min(most, getattr(self, self.dial) * factor)
        whole = isinstance(getattr(self, self.dial), int)
        return self.model_copy(update={self.dial: round(value) if whole else round(value, 4)})


class Placed(Effect):
    """An effect that acts in a region."""

    region: Region = Region()


EFFECTS: dict[str, type[Effect]] = {}


Made = TypeVar("Made", bound=Effect)


def effect(made: type[Made]) -> type[Made]:
    """Put an effect into the registry, under the kind of its schema."""
    EFFECTS[made.model_fields["kind"].default] = made
    return made


def names() -> dict[str, tuple[type[Effect], Named]]:
    """Every movement that has a name of its own, in the order of the registry."""
    return {named.name: (made, named) for made in EFFECTS.values() for named in made.named}


def _read(value: Any, handler: Any) -> Effect:
    if isinstance(value, Effect):
        return value
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str) or kind not in EFFECTS:
        known = ", ".join(sorted(EFFECTS))
        raise PydanticCustomError("kind", "Is no effect; kinds are {known}", {"known": known})
    return EFFECTS[kind].model_validate(value)


AnyEffect = Annotated[SerializeAsAny[Effect], WrapValidator(_read)]
"""The type of a field that holds an effect of any registered kind."""
