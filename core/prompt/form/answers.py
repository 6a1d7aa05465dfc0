"""What a vision-language model may answer to the three questions.

An answer is data, never an instruction: it is checked against these schemas, slips are repaired only where one reading
is possible, and its words are reduced to plain English words. `parse.py` gets from a model's text to here.

    judge   for each region of lettering: keep it in the picture or lift it off            JudgeAnswer
    find    lettering the detector may have missed                                         FindAnswer
    move    what moves in the clean plate, and how; the mood; the medium                   MoveAnswer
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from .boxes import Outline

LETTERING_KINDS = {
    "title": "lift",
    "artist": "lift",
    "credits": "lift",
    "badge": "lift",
    "sign": "keep",
    "flag": "keep",
    "packaging": "keep",
    "drawing": "keep",
}
Mood = Literal["calm", "dreamy", "warm", "melancholic", "dark", "energetic", "playful", "majestic"]
Medium = Literal["photo", "painting", "illustration", "3d", "collage"]
Kind = Literal["sway", "drift", "flow", "light", "particles", "parallax"]
Direction = Literal["left", "right", "up", "down", "in place"]
Place = Literal["everywhere", "subject", "background", "sky", "water"]

_DIRECTIONS = {
    "left to right": "right",
    "rightward": "right",
    "rightwards": "right",
    "to the right": "right",
    "right to left": "left",
    "leftward": "left",
    "leftwards": "left",
    "to the left": "left",
    "upward": "up",
    "upwards": "up",
    "rising": "up",
    "downward": "down",
    "downwards": "down",
    "falling": "down",
    "none": "in place",
    "static": "in place",
    "inplace": "in place",
    "in-place": "in place",
    "in_place": "in place",
    "side to side": "in place",
    "": "in place",
}
_STRENGTHS = {"very low": 0.15, "low": 0.3, "subtle": 0.3, "gentle": 0.3, "medium": 0.5, "moderate": 0.5, "high": 0.8}
_PLACES = {
    "all": "everywhere",
    "whole": "everywhere",
    "whole picture": "everywhere",
    "foreground": "subject",
    "figure": "subject",
    "": "everywhere",
}
# A movement whose kind the model left out: told by its own words, when they say one thing only.
_KIND_WORDS: dict[str, str] = {
    "particles": r"snow|rain|dust|ember|spark|petal|star|leaf fall|leaves fall|firefl|bubble|mote|pollen",
    "flow": r"flow|stream|ripple|wave|current|pour|swirl",
    "drift": r"drift|float|cloud|mist|fog|smoke|haze",
    "light": r"light|glow|gleam|shimmer|glimmer|shine|reflection",
    "sway": r"sway|rustle|breath|bend|nod|flutter|billow|stir|hair",
}

# words of the form itself, which small models fill in for want of better
_FORM = {"subject", "motion", "movement", "movements", "string", "kind", "direction", "strength", "region", "thing"}


def _lower(value: Any) -> Any:
    return re.sub(r"\s+", " ", value.strip().lower()) if isinstance(value, str) else value


def _among(synonyms: dict[str, str]) -> BeforeValidator:
    def read(value: Any) -> Any:
        value = _lower(value)
        return synonyms.get(value, value) if isinstance(value, str) else value

    return BeforeValidator(read)


def _fraction(value: Any) -> Any:
    """A strength as a number: 0.4, "0.4", "40%", "gentle". Anything else is left for the schema to refuse."""
    if isinstance(value, bool):
        raise ValueError("must be a number from 0 to 1")
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    if word in _STRENGTHS:
        return _STRENGTHS[word]
    percent = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*%", word)
    return float(percent[1]) / 100 if percent else value


def plain_words(value: Any) -> Any:
    """A short English phrase: letters, digits, spaces, commas, apostrophes and hyphens; the rest is dropped.

    Quotes, brackets, colons, angle brackets and line ends mean something to a prompt encoder (weights, embeddings,
    networks, wildcards) or to a reader of the log, so a model's words never carry them.
    """
    if not isinstance(value, str):
        return value
    letters = [c for c in value if c.isalpha()]
    if letters and sum(c.isascii() or "À" <= c <= "ɏ" for c in letters) < 0.9 * len(letters):
        raise ValueError("must be in English")
    words = re.sub(r"[^A-Za-z0-9À-ÖØ-öø-ÿ ,'\-]+", " ", value.replace("’", "'"))
    return re.sub(r"\s*,[\s,]*", ", ", re.sub(r"\s+", " ", words)).strip(" ,-'")


Phrase = Annotated[str, BeforeValidator(plain_words)]
Fraction = Annotated[float, BeforeValidator(_fraction), Field(ge=0, le=1, allow_inf_nan=False)]


class Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Verdict(Answer):
    index: int = Field(ge=0, le=999, description="number of the region, as drawn on the picture")
    kind: Literal["title", "artist", "credits", "badge", "sign", "flag", "packaging", "drawing"] | None = None
    action: Annotated[Literal["keep", "lift"], BeforeValidator(_lower)]
    reason: Phrase = Field("", max_length=200)

    @model_validator(mode="before")
    @classmethod
    def _action_from_kind(cls, data: Any) -> Any:
        """The kind decides when the action was left out; a kind of the model's own invention is dropped."""
        if not isinstance(data, dict):
            return data
        kind = _lower(data.get("kind"))
        known = isinstance(kind, str) and kind in LETTERING_KINDS
        data = {**data, "kind": kind if known else None}
        if known and data.get("action") is None:
            data["action"] = LETTERING_KINDS[kind]
        return data


class JudgeAnswer(Answer):
    regions: list[Verdict] = Field(max_length=200)

    @field_validator("regions")
    @classmethod
    def _one_each(cls, verdicts: list[Verdict]) -> list[Verdict]:
        seen: dict[int, str] = {}
        for verdict in verdicts:
            if seen.setdefault(verdict.index, verdict.action) != verdict.action:
                raise ValueError(f"region {verdict.index} is both kept and lifted; give each region once")
        return list({verdict.index: verdict for verdict in verdicts}.values())


class Found(Answer):
    """One piece of lettering; `outline` is in the numbers the model wrote: two corners or at least three points."""

    outline: list[tuple[float, float]] = Field(min_length=2, max_length=64)
    text: str | None = Field(None, max_length=200)

    @model_validator(mode="before")
    @classmethod
    def _outline_of(cls, data: Any) -> Any:
        return {**data, "outline": _outline(data)} if isinstance(data, dict) else data


class FindAnswer(Answer):
    regions: list[Found] = Field(max_length=100)

    @property
    def outlines(self) -> list[Outline]:
        return [region.outline for region in self.regions]


class Movement(Answer):
    """One thing that moves.

    subject, motion: plain English phrases ("the reeds", "sway softly"); kind: the family of movement; strength 0..1,
    where 1 is the most a gentle loop may do; region: where in the picture; box: x0, y0, x1, y1 in 0..1 or None.
    """

    subject: Phrase = Field(min_length=2, max_length=80)
    motion: Phrase = Field(min_length=2, max_length=160)
    kind: Annotated[Kind, BeforeValidator(_lower)]
    direction: Annotated[Direction, _among(_DIRECTIONS)] = "in place"
    strength: Fraction = 0.4
    region: Annotated[Place, _among(_PLACES)] = "everywhere"
    box: tuple[float, float, float, float] | None = None

    @model_validator(mode="before")
    @classmethod
    def _repair(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        data = dict(data)
        if data.get("kind") is None and isinstance(data.get("motion"), str):
            words = f"{data.get('subject', '')} {data['motion']}".lower()
            told = [kind for kind, pattern in _KIND_WORDS.items() if re.search(rf"\b(?:{pattern})", words)]
            if len(told) == 1:
                data["kind"] = told[0]
        if isinstance(data.get("region"), list | dict) and data.get("box") is None:
            data["box"] = data.pop("region")
        return {key: value for key, value in data.items() if value is not None}

    @field_validator("box", mode="before")
    @classmethod
    def _box(cls, value: Any) -> Any:
        """0..1, or 0..1000 as the find question asks for, told apart by size; x first."""
        if isinstance(value, dict):
            (x0, y0), (x1, y1) = _outline(value)
            value = (x0, y0, x1, y1)
        if not isinstance(value, list | tuple) or len(value) != 4 or not all(_is_number(v) for v in value):
            raise ValueError("must be [x0, y0, x1, y1] from 0 to 1")
        scale = 1000 if max(value) > 1 and min(value) >= 0 and max(value) >= 20 else 1
        x0, y0, x1, y1 = (float(v) / scale for v in value)
        if (x0, y0, x1, y1) in ((0, 0, 0, 0), (0, 0, 1, 1)):
            return None  # models that must write something write these for "no place of its own"
        if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
            raise ValueError("must be [x0, y0, x1, y1] from 0 to 1 with x0 < x1 and y0 < y1")
        return x0, y0, x1, y1

    @model_validator(mode="after")
    def _says_something(self) -> Movement:
        if self.subject.lower() == self.motion.lower() or {self.subject.lower(), self.motion.lower()} & _FORM:
            raise ValueError("must name what moves and how it moves")
        return self


class MoveAnswer(Answer):
    """mood or medium is None where a model left it out; what was measured then takes its place."""

    movements: list[Movement] = Field(min_length=1, max_length=12)
    mood: Annotated[Mood | None, BeforeValidator(_lower)] = None
    medium: Annotated[Medium | None, BeforeValidator(_lower)] = None

    @field_validator("movements")
    @classmethod
    def _each_once(cls, movements: list[Movement]) -> list[Movement]:
        """Small models repeat themselves to fill a list."""
        return list({(m.subject.lower(), m.motion.lower()): m for m in reversed(movements)}.values())[::-1]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6


def _outline(data: dict) -> list[tuple[float, float]]:
    """The outline in any of the shapes models write it in; raises ValueError when there is none."""
    polygon = data.get("polygon") or data.get("outline")
    if isinstance(polygon, list) and len(polygon) >= 3 and all(isinstance(p, list) and len(p) == 2 for p in polygon):
        return [(_number(x), _number(y)) for x, y in polygon]
    if {"x", "y", "width", "height"} <= data.keys():
        x, y, width, height = (_number(data[key]) for key in ("x", "y", "width", "height"))
        return [(x, y), (x + width, y + height)]
    for names in (("x0", "y0", "x1", "y1"), ("x1", "y1", "x2", "y2"), ("xmin", "ymin", "xmax", "ymax")):
        if set(names) <= data.keys():
            x0, y0, x1, y1 = (_number(data[name]) for name in names)
            return [(x0, y0), (x1, y1)]
    for name in ("box_2d", "bbox_2d", "bbox", "box"):
        box = data.get(name)
        if isinstance(box, dict):
            return _outline(box)
        if isinstance(box, list) and len(box) == 1 and isinstance(box[0], list):
            box = box[0]
        if isinstance(box, list) and len(box) == 4:
            a, b, c, d = (_number(v) for v in box)
            return [(a, b), (c, d)]
    raise ValueError("needs box_2d with four numbers")


def _number(value: Any) -> float:
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,6}(?:\.\d{1,6})?\s*", value):
        value = float(value)
    if not _is_number(value):
        raise ValueError("needs box_2d with four numbers")
    return float(value)
