"""What may not get into a prompt: words that fight the cover.

    violations / clean_movements    camera moves, scene changes, morphs, new people, one-off events, lettering
    with_triggers                   the trigger words of the LoRAs in use, each exactly once

Nothing is dropped in silence: every function hands back what it took out and why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...errors import UsageError
from ..form.answers import Movement
from .safety import alternatives, unsafe

# Why each group is kept out: a loop of a cover has one fixed view, begins where it ends, and shows the cover
# throughout.
_FIGHTS = {
    "camera move": r"""
        camera\w*, zoom\w*, pan(?:s|ned|ning)?, doll(?:y|ies|ying), tilt\w*, orbit\w*, tracking, crane shot,
        handheld, push(?:es|ing)? in, pull(?:s|ing)? (?:back|out), close-?ups?, viewpoint, perspective, parallax,
        lens, focus, vertigo, fly(?:ing)? through, first-person""",
    "scene change": r"""
        scenes?, cuts?, cutting, transition\w*, cross-?fad\w*, fad(?:e|es|ed|ing), dissolv\w*, montage,
        wip(?:e|es|ing), background changes?, time-?lapse, day to night, night to day, seasons?, sunrises?, sunsets?""",
    "morph": r"""
        morph\w*, transform\w*, turn(?:s|ed|ing)? into, becom\w+, metamorph\w*, melt\w*, shape-?shift\w*,
        grow(?:s|n|ing)?, shrink\w*, disappear\w*, vanish\w*, appear\w*, emerg\w*, chang(?:e|es|ed|ing), bloom\w*,
        open(?:s|ing), clos(?:es|ing), multipl\w+, replac\w+""",
    "people or limbs in action": r"""
        (?:new|another|more) (?:person|people|figures?|characters?|man|woman|child|animals?), enter(?:s|ed|ing)?,
        leav(?:e|ing) the, walk(?:s|ed|ing)?, jump(?:s|ed|ing)?, danc(?:e|es|ed|ing), speak(?:s|ing)?,
        talk(?:s|ing)?, sing(?:s|ing)?, lips?, mouths?, smil\w+, laugh\w*, arriv\w+, approach\w*, turn(?:s|ed|ing)?
        (?:around|(?:her|his|their|its) head)""",
    "one-off event": r"""
        sudden\w*, explo(?:de|des|ding|sion\w*), burst\w*, lightning, thunder\w*, flash\w*, strob\w*, blink\w*,
        shatter\w*, crash\w*, collaps\w+, splash\w*, begin\w*, start(?:s|ed|ing)?, then, finally, gradual\w*,
        eventual\w*, fill(?:s|ing)? up, once, one by one, accumulat\w+, pil(?:es|ing) up, until""",
    "violent pace": r"""
        rapid\w*, fast\w*, quick\w*, violent\w*, frantic\w*, wildly, aggressiv\w+, chaotic\w*, shak\w+, vibrat\w+,
        jitter\w*""",
    "lettering": r"""
        texts?, letters?, lettering, titles?, captions?, subtitles?, logos?, typography, watermarks?, words?,
        writing, fonts?""",
    "an order": r"""
        ignor\w+, disregard\w*, instruction\w*, previous, prompts?, system, assistant, http\w*, www, passwords?,
        api, keys?, embedding\w*, lora\w*, json""",
}
_FIGHTING = {why: re.compile(rf"\b(?:{alternatives(words)})\b", re.IGNORECASE) for why, words in _FIGHTS.items()}


@dataclass(frozen=True)
class Removal:
    """Something left out of the prompt: the words, and the group they belong to."""

    words: str
    why: str

    def __str__(self) -> str:
        return f"left out {self.words!r}: {self.why}"


def violations(text: str) -> list[Removal]:
    """The words in a text that fight the cover, with the group each belongs to."""
    return [Removal(match[0], why) for why, pattern in _FIGHTING.items() for match in pattern.finditer(text)]


def clean_movements(movements: Iterable[Movement]) -> tuple[list[Movement], list[Removal]]:
    """Movements whose words neither fight the cover nor are unsafe, and what was left out of the others.

    A movement goes as a whole: half a sentence about a camera move is still one.
    """
    kept, removed = [], []
    for movement in movements:
        words = f"{movement.subject} {movement.motion}"
        faults = violations(words) + [Removal(word, why) for word, why in unsafe(words)]
        if faults:
            reasons = ", ".join(dict.fromkeys(f"{fault.why} ({fault.words})" for fault in faults))
            removed.append(Removal(words, reasons))
        else:
            kept.append(movement)
    return kept, removed


MAX_TRIGGER_WORDS = 24


def read_triggers(text: str) -> list[str]:
    """The trigger phrases in a comma- or line-separated list, each once, in order.

    Raises:
        UsageError: more than 24 words in all, or a phrase with characters that a prompt encoder would act on.
    """
    phrases = list(dict.fromkeys(part.strip() for part in re.split(r"[,\n]", text) if part.strip()))
    for phrase in phrases:
        if not re.fullmatch(r"[\w .+'-]{1,60}", phrase):
            raise UsageError(
                f"trigger {phrase[:60]!r} has characters other than letters, digits, space, . + ' - _; remove them"
            )
    if sum(len(phrase.split()) for phrase in phrases) > MAX_TRIGGER_WORDS:
        raise UsageError(f"the triggers have more than {MAX_TRIGGER_WORDS} words; give only those of the LoRAs in use")
    return phrases


def with_triggers(prompt: str, triggers: Sequence[str]) -> str:
    """The prompt with every trigger phrase in front, and nowhere else."""
    for phrase in sorted(triggers, key=len, reverse=True):
        prompt = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)[,.]? ?", "", prompt, flags=re.IGNORECASE)
    prompt = re.sub(r"\s+", " ", prompt).strip()
    return f"{', '.join(triggers)}. {prompt}".strip() if triggers else prompt
