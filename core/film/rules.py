"""Emotion, key words and a prompt of a segment by rules, without a model: Korean and English, and how sure they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from .glossary import ACTIONS, EMOTIONS, FELT, PLACES, THINGS, Emotion, Thing

_NOT_BEFORE = re.compile(r"(?:\bnot|n['’]t|\bnever|\bno|\bwithout)\s+(?:\w+\s+)?$", re.IGNORECASE)
_NOT_AFTER = re.compile(r"\w*\s*(?:지 ?않|지는 ?않|지 ?못|없이|없는)")
_MOST = 4  # key words of a kind that go into a prompt
_DOUBT = 1.0  # words of an emotion that none counts as, so that one word alone is half sure


@dataclass(frozen=True)
class KeyWords:
    """English words or phrases, each in the order of the text."""

    places: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    feelings: tuple[str, ...] = ()

    def count(self) -> int:
        return len(self.places) + len(self.things) + len(self.actions)


def felt(text: str) -> tuple[Emotion, float]:
    """The emotion most words of the text are of, and 0..1 how surely; calm with 0.0 where no word is of any."""
    counts = {emotion: _said(text, *FELT[emotion]) for emotion in EMOTIONS}
    best = max(EMOTIONS, key=lambda emotion: counts[emotion])
    if not counts[best]:
        return "calm", 0.0
    return best, round(counts[best] / (sum(counts.values()) + _DOUBT), 2)


def key_words(text: str) -> KeyWords:
    """What the glossary knows of a text; what it does not know is left out, which `KeyWords.count` tells."""
    feelings = [emotion for emotion in EMOTIONS if _said(text, *FELT[emotion])]
    return KeyWords(_found(text, PLACES), _found(text, THINGS), _found(text, ACTIONS), tuple(feelings))


def prompt_of(keys: KeyWords, emotion: Emotion) -> str:
    """One sentence that shows the key words: who or what, what it does, where."""
    who = ", ".join(keys.things[:_MOST]) or ("a lone figure" if keys.actions else "an open, quiet view")
    does = f", {' and '.join(keys.actions[:2])}" if keys.actions else ""
    where = f", {'; then '.join(_in(place) for place in keys.places[:2])}" if keys.places else ""
    return f"{who[0].upper()}{who[1:]}{does}{where}, in a scene full of {emotion}."


def _in(place: str) -> str:
    return (
        place
        if place.startswith("under")
        else f"at {place}"
        if place in ("the sea", "a beach", "a lake", "a station")
        else f"in {place}"
    )


@cache
def _patterns(english: str, korean: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    return (
        re.compile(rf"\b(?:{english})\b", re.IGNORECASE),
        re.compile(rf"(?<![가-힣])(?:{korean})"),
    )


def _places(text: str, english: str, korean: str) -> list[int]:
    """Where the words stand in a text and are not denied."""
    told = [match for pattern in _patterns(english, korean) for match in pattern.finditer(text)]
    return [
        match.start()
        for match in told
        if not _NOT_BEFORE.search(text[max(0, match.start() - 24) : match.start()])
        and not _NOT_AFTER.match(text[match.end() : match.end() + 12])
    ]


def _said(text: str, english: str, korean: str) -> int:
    return len(_places(text, english, korean))


def _found(text: str, things: Sequence[Thing]) -> tuple[str, ...]:
    first = {thing.shown: min(at) for thing in things if (at := _places(text, thing.english, thing.korean))}
    return tuple(sorted(first, key=lambda shown: first[shown]))
