"""Words that cannot be generated, English and Korean, in what a person or a tag says about a cover.

Never by silence: a person's own request is refused with the word and the reason (`refuse_unsafe`); a title, artist or
lyric line, which nobody can change, is only not used, and the caller says so (`unsafe_message`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ...errors import UsageError

# Whole words after folding (accents, width, look-alike digits, spelled-out letters), so that "Sussex", "cockatoo" or
# 시발점 (starting point) pass. Deliberately short: what a video model would otherwise be asked to draw.
_UNSAFE_EN = {
    "sexual content": r"""
        nud(?:e|es|ity), naked, topless, porn\w*, hentai, nsfw, sex, sexy, sexual, erotic\w*, genitals?, penis,
        vagina, boobs?, tits, orgasm\w*, blowjob, handjob, masturbat\w+, undress\w*, striptease, fetish""",
    "sexual violence": r"""
        rap(?:e|ed|es|ist|ing), molest\w*, incest, p(?:a)?edophil\w*, loli(?:con)?, shota(?:con)?, bestiality""",
    "gore": r"behead\w*, decapitat\w+, dismember\w*, mutilat\w+, disembowel\w*, gory, entrails, corpses?",
    "self-harm": r"suicid(?:e|al), self[ -]harm\w*",
    "hate": r"""
        n[i]gg(?:er|a|as|ers), fagg?ots?, k[i]kes?, ch[i]nks?, sp[i]cs, tranny, nazis?, swastikas?, lynch(?:ing|ed)""",
    "profanity": r"""
        fuck\w*, motherfuck\w*, shit\w*, bullshit, bitch\w*, cunts?, assholes?, bastards?, dickheads?, whores?,
        sluts?, wank\w*""",
}
# Korean words run together, so the look-behinds and look-aheads name the innocent words they stand in: 지나치게
# (excessively), 혼자 해 (do it alone), 다시 발견 (found again), 아저씨 발 (a man's foot), 참수리 (a sea eagle).
_UNSAFE_KO = {
    "sexual content": r"섹스, 포르노, 야동, 알몸, 나체, 누드, 음란, 자위행위, 성기(?=[를가의\s]|$), 벗은 몸",
    "sexual violence": r"강간, 성폭행, 성추행, 근친상간, 소아성애, 로리콘",
    "gore": r"참수(?!리), 토막 ?살인, 사지 ?절단, 시체",
    "self-harm": r"(?<!혼)자살, (?<!혼)자해",
    "hate": r"짱깨, 쪽바리, 깜둥이, (?<!지)나치",
    "profanity": r"""
        (?<![저날솜맘])씨+[0-9]*[발빨팔], (?<!다)시발(?!점|역|택시), ㅅㅂ, ㅆㅂ, ㅂㅅ, 병신, 좆, 존나, 개새끼, 지랄,
        엿먹, 미친[년놈], 썅, 걸레년, 창녀""",
}


def alternatives(table: str) -> str:
    """A list of patterns, separated by a comma and white space, as one regular expression."""
    return "|".join(re.sub(r"\s+", " ", table.strip()).split(", "))


_ENGLISH = {why: re.compile(rf"(?<![a-z])(?:{alternatives(words)})(?![a-z])") for why, words in _UNSAFE_EN.items()}
_KOREAN = {why: re.compile(alternatives(words)) for why, words in _UNSAFE_KO.items()}
_SPELLED_KO = re.compile(r"(?<![가-힣ㄱ-ㅎ])(?:[가-힣ㄱ-ㅎ][\s.\-_*~!]+)+[가-힣ㄱ-ㅎ](?![가-힣ㄱ-ㅎ])")
_LOOK_ALIKES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
MAX_USER_TEXT = 4000  # characters of one field of user text


def unsafe(text: str) -> list[tuple[str, str]]:
    """The words in a text that cannot be generated, English or Korean, each with the reason. Empty when it is fine."""
    plain = unicodedata.normalize("NFKC", text).lower()
    folded = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    # "f.u.c.k" and "f u c k": single letters with one separator between them are one word.
    spelled = re.sub(r"\b(?:\w[.\-_* ]){2,}\w\b", lambda m: re.sub(r"[.\-_* ]", "", m[0]), folded)
    # Stars stand for a vowel ("f**k", "sh*t"): the words such a mask could be are few.
    masked = re.sub(r"\bf\*+k", "fuck", re.sub(r"\bsh\*+t", "shit", re.sub(r"\bb\*+ch", "bitch", spelled)))
    variants = {masked, masked.translate(_LOOK_ALIKES), re.sub(r"([a-z])\1{2,}", r"\1", masked)}
    found: dict[str, str] = {}
    for why, pattern in _ENGLISH.items():
        found.update((match[0], why) for variant in sorted(variants) for match in pattern.finditer(variant))
    composed = unicodedata.normalize("NFC", text).lower()  # NFKC would take the letters of "ㅅㅂ" apart
    # "씨 발": single syllables, each standing alone, are one word.
    squeezed = _SPELLED_KO.sub(lambda m: re.sub(r"[\s.\-_*~!]", "", m[0]), composed)
    for why, pattern in _KOREAN.items():
        found.update((match[0], why) for variant in (composed, squeezed) for match in pattern.finditer(variant))
    return list(found.items())


def refuse_unsafe(field: str, text: str) -> None:
    """Raise when a person's own request asks for what cannot be generated.

    Raises:
        UsageError: "this cannot be generated: ..." with the field, the word and the reason; or the text is too long.
    """
    if len(text) > MAX_USER_TEXT:
        raise UsageError(f"{field} has {len(text)} characters; shorten it to {MAX_USER_TEXT}")
    if faults := unsafe(text):
        raise UsageError(unsafe_message(field, faults))


def unsafe_message(field: str, faults: Sequence[tuple[str, str]]) -> str:
    named = ", ".join(f"{word!r} ({why})" for word, why in faults)
    return f"this cannot be generated: {named} in the {field}; leave it out or say it in other words"
