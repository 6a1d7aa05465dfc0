"""The question that plans shots, as it is put to a model, and what may be answered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from ..prompt.form.answers import Answer, Fraction, Phrase
from ..prompt.form.boxes import BadAnswer
from ..prompt.form.questions import Question, list_of, object_of, one_of, worded
from .glossary import EMOTIONS, Emotion

SHOTS_VERSION = 1
_MOST_KEYS = 6


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


KeyList = Annotated[list[Annotated[Phrase, Field(max_length=60)]], Field(default_factory=list, max_length=12)]


class ShotAnswer(Answer):
    """One segment's shot; shown False: the picture must not be made, for `reason`."""

    index: int = Field(ge=0, le=999)
    emotion: Annotated[Emotion, BeforeValidator(_lower)]
    confidence: Fraction
    places: KeyList
    things: KeyList
    actions: KeyList
    feelings: KeyList
    prompt: Phrase = Field(max_length=600)
    shown: bool
    reason: Phrase = Field("", max_length=200)

    @field_validator("places", "things", "actions", "feelings")
    @classmethod
    def _each_once(cls, keys: list[str]) -> list[str]:
        return [key for key in dict.fromkeys(key.lower() for key in keys) if key][:_MOST_KEYS]


class ShotsAnswer(Answer):
    shots: list[ShotAnswer] = Field(min_length=1, max_length=200)


def shots_question(segments: Sequence[str]) -> Question:
    """One shot for each segment. segments: what is sung or told in each, quoted to the model as data."""
    count = len(segments)
    quoted = json.dumps(dict(enumerate(segments)), ensure_ascii=False)
    system, text = worded("shots", SHOTS_VERSION, count=str(count), segments=quoted, emotions=" or ".join(EMOTIONS))

    def check(answer: ShotsAnswer) -> None:
        told = [shot.index for shot in answer.shots]
        if told != list(range(count)):
            raise BadAnswer(f"the shots must have the numbers 0 to {count - 1}, each once and in this order")
        for shot in answer.shots:
            if shot.shown and len(shot.prompt.split()) < 3:
                raise BadAnswer(f"shots.{shot.index}.prompt: must say who or what is seen, where, and what it does")

    return Question("shots", SHOTS_VERSION, system, text, None, ShotsAnswer, _wire(count), check=check)


def _wire(count: int) -> dict[str, Any]:
    keys = {name: list_of({"type": "string", "maxLength": 60}, _MOST_KEYS) for name in _KEYS}
    shot = object_of(
        index={"type": "integer", "minimum": 0, "maximum": count - 1},
        emotion=one_of(EMOTIONS),
        confidence={"type": "number", "minimum": 0, "maximum": 1},
        **keys,
        prompt={"type": "string", "maxLength": 500},
        shown={"type": "boolean"},
        reason={"type": "string", "maxLength": 160},
    )
    return object_of(shots={"minItems": count, **list_of(shot, count)})


_KEYS = ("places", "things", "actions", "feelings")
