"""What a person wishes for, or a tag says, in English or Korean -> mood, pace and movements, without any model.

A small glossary: enough for "rain, slow", "벚꽃이 흩날리게, 잔잔하게" or a genre. What it does not
know it says so. A model, where there is one, gets the words themselves (quoted, as data) and understands any language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TypeVar

from ...motion.effects import names
from ..form.answers import Direction, Mood, Movement
from .glossary import DIRECTIONS, FIGHTS_KO, FILLERS, MOODS, PACES, Words, movements
from .guard import Removal, violations
from .safety import MAX_USER_TEXT, refuse_unsafe, unsafe, unsafe_message

K = TypeVar("K")
FAINT = 0.25  # strength of a movement that only a title or a lyric line hints at
_NOT_BEFORE = re.compile(r"\b(?:no|without|not|never|avoid)\s+(?:any\s+|the\s+)?$", re.IGNORECASE)
_NOT_AFTER = re.compile(r"[이가은는을를]?\s*(?:없이|없는|없게|말고|빼고)")


@dataclass(frozen=True)
class Wish:
    """words: all of it, safe to quote to a model. pace multiplies every strength. avoid: movements not to be there."""

    words: str = ""
    movements: tuple[Movement, ...] = ()
    mood: Mood | None = None
    pace: float = 1.0
    direction: Direction | None = None
    avoid: tuple[str, ...] = ()
    removed: tuple[Removal, ...] = ()
    warnings: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()

    def heard(self, words: str, mood: Mood | None) -> Wish:
        """The wish with what is heard in the song: a hint for a model, and a mood where no word gives one."""
        said = "; ".join(part for part in (self.words, f"song: {words}") if part)
        return replace(self, words=said, mood=self.mood or mood)


def read_wish(intent: str = "", title: str = "", artist: str = "", genre: str = "", lyrics: str = "") -> Wish:
    """Read a person's request and a record's tags. All are optional, any language; English and Korean are understood.

    The request decides; genre, title and lyrics, in that order, give a mood where it gives none, and title and lyrics
    one faint movement. The artist's name only goes to a model, as a hint at the style.

    Raises:
        UsageError: the request holds words that cannot be generated. In a tag they are not used, with a warning.
    """
    refuse_unsafe("request", intent)
    tags, warnings = {}, []
    for name, text in (("genre", genre), ("title", title), ("lyrics", lyrics), ("artist", artist)):
        faults = unsafe(text[:MAX_USER_TEXT])
        if faults:
            warnings.append(f"{unsafe_message(name, faults)}; the {name} was not used")
        tags[name] = "" if faults else " ".join(text[:MAX_USER_TEXT].split())
    mood: Mood | None = None
    for text in (intent, tags["genre"], tags["title"], tags["lyrics"]):
        mood = mood or _first(MOODS, text)
    wished, avoided, rest = _movements(intent)
    if not wished:
        hinted, _, _ = _movements(f"{tags['title']} {tags['lyrics']}")
        wished = [movement.model_copy(update={"strength": FAINT}) for movement in hinted[:1]]
    lines = [("request", " ".join(intent.split())), *((name, text[:400]) for name, text in tags.items())]
    return Wish(
        words="; ".join(f"{name}: {text}" for name, text in lines if text),
        movements=tuple(wished),
        mood=mood,
        pace=_first(PACES, intent) or 1.0,
        direction=_first(DIRECTIONS, intent),
        avoid=tuple(dict.fromkeys(avoided)),
        removed=tuple(_fights(intent)),
        warnings=tuple(warnings),
        not_understood=tuple(_unknown(rest)),
    )


def about(name: str, text: str) -> bool:
    """Whether an English phrase is about a movement of the glossary, such as "rain"."""
    return re.search(rf"\b(?:{names()[name][1].english})\b", text, re.IGNORECASE) is not None


def _first(table: dict[K, Words], text: str) -> K | None:
    """The key whose words stand first in the text."""
    places = {}
    for key, words in table.items():
        if found := _matches(words, text):
            places[key] = min(match.start() for match in found)
    return min(places, key=lambda key: places[key]) if places else None


def _matches(words: Words, text: str) -> list[re.Match[str]]:
    """Where the words stand: whole words in English, beginnings of words in Korean."""
    english = re.finditer(rf"\b(?:{words.english})\b", text, re.IGNORECASE)
    return [*english, *re.finditer(rf"(?:^|(?<=[\s,.]))(?:{words.korean})", text)]


def _movements(text: str) -> tuple[list[Movement], list[str], str]:
    """Movements named in a text, in order; those it asks not to have; and the text without the words understood."""
    wished: dict[str, int] = {}
    avoided, rest, known = [], text, movements()
    for name, (words, _) in known.items():
        for match in _matches(words, text):
            if _NOT_BEFORE.search(text[: match.start()]) or _NOT_AFTER.match(text[match.end() :]):
                avoided.append(name)
            else:
                wished[name] = min(wished.get(name, match.start()), match.start())
            rest = rest.replace(match[0], " ")
    order = sorted((name for name in wished if name not in avoided), key=lambda name: wished[name])
    return [known[name][1] for name in order], avoided, rest


def _fights(text: str) -> list[Removal]:
    korean = [Removal(match[0], why) for why, words in FIGHTS_KO.items() for match in re.finditer(words, text)]
    return [*violations(text), *korean]


def _unknown(text: str) -> list[str]:
    """Words of a request that nothing here understands."""
    for words in [*MOODS.values(), *DIRECTIONS.values(), *PACES.values()]:
        text = re.sub(rf"\b(?:{words.english})\b|{words.korean}", " ", text, flags=re.IGNORECASE)
    for removal in _fights(text):
        text = text.replace(removal.words, " ")
    text = re.sub(r"\b(?:no|without|not|never|avoid)\b|없이|없는|없게|말고|빼고", " ", text)
    fillers = re.compile("|".join(FILLERS.split()), re.IGNORECASE)
    return [word for word in re.findall(r"\w+", text) if len(word) > 1 and not fillers.fullmatch(word)]
