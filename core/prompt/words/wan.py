"""From what a look at the plate said to what the generators read: pure functions, no model, no picture.

steer          a person's wish and the tags, laid over the answer
wan_prompt     positive (at most 100 words: motion first) and negative prompt for Wan
tame           strengths capped so that the cover is preserved
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...motion.effect import FAMILIES
from ..form.answers import Medium, Mood, MoveAnswer, Movement
from .guard import Removal, clean_movements, violations, with_triggers
from .negatives import negative_prompt
from .wish import Wish, about

MAX_WORDS = 100
MAX_MOVEMENTS = 5
CAPS = {kind: family.cap for kind, family in FAMILIES.items()}
# Written by us, so exempt from the words kept out of a model's movements ("camera").
CAMERA = "Locked camera, fixed framing; everything else holds still and keeps its shape, face and colour."
STILL = "The light breathes very softly."  # when nothing else may move
_LIGHT = "Steady light."
_TEMPO: dict[Mood, str] = {
    "calm": "Slow, even, continuous motion.",
    "dreamy": "Slow, floating, continuous motion.",
    "warm": "Soft, even, continuous motion.",
    "melancholic": "Slow, quiet, continuous motion.",
    "dark": "Slow, heavy, continuous motion.",
    "energetic": "Lively but even, continuous motion.",
    "playful": "Light, even, continuous motion.",
    "majestic": "Slow, broad, continuous motion.",
}
_KEEPS: dict[Medium | None, str] = {
    None: "Texture and detail stay as they are.",
    "photo": "Natural photographic detail stays as it is.",
    "painting": "Brushwork and paint texture stay in place.",
    "illustration": "Flat colours and outlines stay clean and in place.",
    "3d": "Materials and shading stay as rendered.",
    "collage": "Cut-out pieces stay flat and separate.",
}
FIXED = (CAMERA, _LIGHT, *_TEMPO.values(), *_KEEPS.values())
_ACCUMULATES = re.compile(r"\b(?:rain|snow|smoke|mist|fog|clouds?|petals?|leaves|embers?|dust|ash)\b", re.IGNORECASE)
_HOW_MUCH = re.compile(r"\b(?:\w+ly|barely|steady|faint|soft|slow|gentle|quiet)\b", re.IGNORECASE)
_WHERE_TO = re.compile(
    r"\b(?:left|right|up|upwards?|down|downwards?|rise|rises|fall|falls|across|along)\b", re.IGNORECASE
)
_DIRECTION = {"left": "to the left", "right": "to the right", "up": "upward", "down": "downward", "in place": ""}


@dataclass(frozen=True)
class WanPrompt:
    """movements: those that were let through; removed: what was not, and why."""

    positive: str
    negative: str
    movements: tuple[Movement, ...] = ()
    removed: tuple[Removal, ...] = ()


def steer(answer: MoveAnswer, wish: Wish, told: bool) -> MoveAnswer:
    """The wish laid over an answer. told: a model answered and knew the wish; only what must not be there goes.

    Otherwise the wished movements come first, then the measured ones of other kinds, in the wished direction and pace.
    """
    movements = [m for m in answer.movements if not any(about(name, f"{m.subject} {m.motion}") for name in wish.avoid)]
    if told:
        return answer.model_copy(update={"movements": movements})
    wished = list(wish.movements)
    if wish.direction is not None:
        turned = {"direction": wish.direction}
        wished, movements = (
            [m.model_copy(update=turned) if m.kind in ("drift", "flow") else m for m in part]
            for part in (wished, movements)
        )
    taken = {m.kind for m in wished}
    merged = [*wished, *(m for m in movements if m.kind not in taken)]
    paced = [m.model_copy(update={"strength": min(1.0, m.strength * wish.pace)}) for m in merged]
    return answer.model_copy(update={"movements": paced, "mood": wish.mood or answer.mood})


def tame(answer: MoveAnswer, strength: float = 1.0) -> MoveAnswer:
    """Every strength times `strength` (0..2), and no higher than its kind may do."""
    movements = [m.model_copy(update={"strength": min(CAPS[m.kind], m.strength * strength)}) for m in answer.movements]
    return answer.model_copy(update={"movements": movements})


def wan_prompt(answer: MoveAnswer, triggers: Sequence[str] = ()) -> WanPrompt:
    """Positive and negative prompt for Wan image-to-video.

    Motion first, never what the picture already shows; what accumulates is already there; steady light, locked camera.
    The positive has at most 100 words with the triggers, each of which stands in it exactly once. Movements with words
    that fight the cover are left out and handed back; when none remains, the light breathes and nothing else.
    """
    kept, removed = clean_movements(answer.movements)
    mood = answer.mood or "calm"
    tail = [_TEMPO[mood], _LIGHT, _KEEPS[answer.medium], CAMERA]
    budget = MAX_WORDS - _count(tail) - _count(triggers)
    sentences: list[str] = []
    for movement in kept[:MAX_MOVEMENTS]:
        sentence = _sentence(movement)
        if _count([*sentences, sentence]) <= budget:
            sentences.append(sentence)
    prompt = with_triggers(" ".join([*(sentences or [STILL]), *tail]), triggers)
    return WanPrompt(prompt, negative_prompt(mood, answer.medium), tuple(kept), tuple(removed))


def forbidden(prompt: str) -> list[Removal]:
    """What in a finished prompt fights the cover, our own fixed sentences aside."""
    for sentence in FIXED:
        prompt = prompt.replace(sentence, " ")
    return violations(prompt)


def _sentence(movement: Movement) -> str:
    subject = _cut(movement.subject, 6)
    motion = _cut(movement.motion, 12)
    words = [subject, motion]
    if movement.direction != "in place" and not _WHERE_TO.search(motion):
        words.append(_DIRECTION[movement.direction])
    if not _HOW_MUCH.search(motion):
        words.append("very faintly" if movement.strength < 0.3 else "gently" if movement.strength < 0.6 else "steadily")
    sentence = " ".join(words)
    if _ACCUMULATES.search(sentence) and "already" not in sentence:
        sentence += ", already present throughout"
    return sentence[0].upper() + sentence[1:] + "."


def _cut(phrase: str, most: int) -> str:
    """A phrase of at most `most` words, ended before a dangling connective."""
    words = phrase.split()[:most]
    while len(words) > 1 and words[-1].strip(",").lower() in _DANGLING:
        words.pop()
    return " ".join(words).rstrip(",-'")


_DANGLING = {"and", "or", "the", "a", "an", "of", "in", "on", "at", "to", "with", "from", "while", "as", "its", "their"}


def _count(parts: Sequence[str]) -> int:
    return sum(len(part.split()) for part in parts)
