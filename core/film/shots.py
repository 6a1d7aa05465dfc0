"""Words -> the shots of a film: what each shows, how it feels, and what must not be shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ..prompt.ask.put import Asking, put
from ..prompt.form.orders import reads_like_an_order
from ..prompt.words.safety import unsafe
from .ask import ShotAnswer, shots_question
from .glossary import Emotion
from .rules import KeyWords, felt, key_words, prompt_of
from .safety import faults, refusal
from .segments import is_header, segments
from .text import Words

MAX_PROMPT_WORDS = 100
STYLE = "Cinematic film still in motion, one consistent look, natural light, soft grain, shallow depth of field."
_WITHHELD = "(not told)"


@dataclass(frozen=True)
class Shot:
    """text: the segment, letter for letter. start: seconds of its first timed line, or None. confidence: 0..1, of the
    emotion. prompt: for a video model, ending with the film's style; "" where refused, the sentence that says why."""

    text: str
    start: float | None
    emotion: Emotion
    confidence: float
    keys: KeyWords
    prompt: str
    refused: str = ""

    def lines(self) -> tuple[str, ...]:
        """What is sung or told, without headers and empty lines."""
        return tuple(line.strip() for line in self.text.splitlines() if line.strip() and not is_header(line))


@dataclass(frozen=True)
class Shots:
    """In the order of the words; their texts joined are the words. by: the model that planned them, or "offline"."""

    shots: tuple[Shot, ...]
    emotion: Emotion
    confidence: float
    by: str
    warnings: tuple[str, ...] = ()


def plan_shots(words: Words, asking: Asking | None = None, style: str = STYLE) -> Shots:
    """The shots of a film. Without a model, or where it gives no usable answer (said in `warnings`), by rules.

    style: the end of every prompt, so that all shots look alike. Raises nothing but what `asking.poll` raises.
    """
    asking = asking or Asking()
    shots = shots_by_rules(words, style)
    told = [_WITHHELD if shot.refused or reads_like_an_order(shot.text) else shot.text for shot in shots]
    given = put(shots_question(told), asking)
    if given.answer:
        answers = zip(shots, told, given.answer.shots, strict=True)
        shots = tuple(shot if said == _WITHHELD else directed(shot, answer, style) for shot, said, answer in answers)
    emotion, confidence = _overall(shots)
    by = given.by if given.answer else "offline"
    return Shots(shots, emotion, confidence, by, (*words.remarks, *asking.remarks, *given.warnings))


def shots_by_rules(words: Words, style: str = STYLE) -> tuple[Shot, ...]:
    """The shots as rules make them, without any model."""
    parts = segments(words.text, lyrics=bool(words.times))
    shots = []
    for part, start in zip(parts, _starts(words, parts), strict=True):
        emotion, confidence = felt(part)
        keys, bad = key_words(part), faults(part)
        prompt = "" if bad else _styled(prompt_of(keys, emotion), style)
        shots.append(Shot(part, start, emotion, confidence, keys, prompt, refusal(bad) if bad else ""))
    return tuple(shots)


def directed(shot: Shot, answer: ShotAnswer, style: str = STYLE) -> Shot:
    """A shot as a model's answer directs it.

    A model is believed when it refuses; what it writes is read as a person's request is, and refused alike.
    """
    keys = KeyWords(tuple(answer.places), tuple(answer.things), tuple(answer.actions), tuple(answer.feelings))
    refused = "" if answer.shown else f"this cannot be generated: {answer.reason or 'the model gave no reason'}"
    if written := unsafe(" ".join((answer.prompt, *keys.places, *keys.things, *keys.actions, *keys.feelings))):
        keys, refused = KeyWords(), refusal(written)
    prompt = "" if refused else _styled(answer.prompt, style)
    return Shot(shot.text, shot.start, answer.emotion, answer.confidence, keys, prompt, refused)


def _styled(prompt: str, style: str) -> str:
    words = prompt.split()[: MAX_PROMPT_WORDS - len(style.split())]
    return f"{' '.join(words).rstrip('., ')}. {style}"


def _starts(words: Words, parts: Sequence[str]) -> list[float | None]:
    """When each segment's first timed line is sung."""
    times, starts = iter(words.times), []
    for part in parts:
        here = [next(times, None) for _ in part.splitlines()]
        starts.append(next((time for time in here if time is not None), None))
    return starts


def _overall(shots: Sequence[Shot]) -> tuple[Emotion, float]:
    """The emotion with most confidence over all shots, and its share."""
    weights: dict[Emotion, float] = defaultdict(float)
    for shot in shots:
        weights[shot.emotion] += shot.confidence
    emotion, most = max(weights.items(), key=lambda item: item[1])
    return emotion, round(most / len(shots), 2)
