"""Words for a picture in a style: the trigger of its LoRA exactly once, Korean in English. Knows no model.

The text encoder of Stable Diffusion 1.5 knows no Hangul. What a small glossary of things, places, light and colour
knows is put into English, in the order in which it was said; the rest is told. An encoder that reads Hangul gets it
as it is.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import UsageError
from ..film.glossary import PLACES, THINGS
from ..prompt.words.glossary import FILLERS, MOODS
from ..prompt.words.guard import read_triggers, with_triggers
from ..prompt.words.safety import refuse_unsafe

# what is shown; how a word for it begins in Korean
_MORE = {
    "at night": r"밤(?!하늘|나무|새)",
    "at dawn": r"새벽|동틀|해 ?뜨",
    "in the morning": r"아침",
    "at dusk": r"저녁|해 ?질|황혼|땅거미",
    "in spring": r"봄(?!을 ?보)",
    "in summer": r"여름",
    "in autumn": r"가을",
    "in winter": r"겨울",
    "the night sky": r"밤하늘",
    "a pine forest": r"소나무",
    "mountains": r"산(?=$|\s|과|을|이|에|속|의|들)",
    "a village": r"마을|시골",
    "a palace": r"궁(?:궐|전|이|에|의)|경복궁",
    "a traditional Korean house": r"한옥|기와",
    "a roof": r"지붕|옥상",
    "a stage": r"무대",
    "a cafe": r"카페|찻집",
    "a waterfall": r"폭포",
    "fog": r"안개",
    "light": r"빛(?:이|을|의|나)?|불빛|햇살",
    "neon light": r"네온",
    "red": r"빨간|빨강|붉은|붉게",
    "blue": r"파란|파랑|푸른|푸르",
    "green": r"초록|녹색",
    "yellow": r"노란|노랑",
    "golden": r"금빛|황금",
    "purple": r"보라",
    "pink": r"분홍|핑크",
    "white": r"하얀|흰|하양",
    "black": r"검은|까만|검정",
    "a woman": r"여자|여인|여성|소녀",
    "a man": r"남자|남성|소년",
    "a portrait": r"초상",
    "ink wash": r"수묵",
    "watercolour": r"수채",
    "oil painting": r"유화",
    "a robot": r"로봇",
    "a tiger": r"호랑이",
    "a dragon": r"용이|용을|용 ",
    "a guitar": r"기타",
    "a piano": r"피아노",
}
_HANGUL = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣ]")
_ENDINGS = (  # particles and endings that may follow a word
    r"(?:으로|에서|에게|까지|부터|처럼|위에|위의|속|있는|하는|하게|날|화|이|가|을|를|은|는|의|에|와|과|로|도|들|한|인)*"
)


class Styled(NamedTuple):
    """prompt: what the encoder is given; notes: what of the words was left out, a line each."""

    prompt: str
    notes: tuple[str, ...]


def style_prompt(words: str, trigger: str = "", reads_hangul: bool = False) -> Styled:
    """words: what is to be seen, English or Korean, may be empty where a trigger says enough; trigger: of the LoRA.

    Raises:
        UsageError: neither says anything, the words cannot be generated, or nothing of them is understood.
    """
    refuse_unsafe("words", words)
    triggers = read_triggers(trigger)
    said, notes = " ".join(words.split()), ()
    if _HANGUL.search(said) and not reads_hangul:
        said, unknown = _in_english(said)
        if unknown:
            notes = (f"not in the glossary and left out: {', '.join(unknown)}; say it in English",)
        if not said:
            raise UsageError(f"words: nothing of {words.strip()[:60]!r} is in the glossary; say it in English")
    prompt = with_triggers(said, triggers)
    if not prompt:
        raise UsageError("words and trigger are empty; say what is to be seen, or give the trigger word of the LoRA")
    return Styled(prompt, notes)


def _in_english(text: str) -> tuple[str, list[str]]:
    """Each run of Hangul as English phrases, in the order said, and its words that nothing here knows."""
    unknown: list[str] = []
    parts = []
    for run in re.split(r"([^가-힣ㄱ-ㅎㅏ-ㅣ\s][^가-힣ㄱ-ㅎㅏ-ㅣ]*)", text):
        if not _HANGUL.search(run):
            parts.append(run.strip(" ,.") if run.strip(" ,.") else "")
            continue
        phrases, rest = _phrases(run)
        parts.append(", ".join(phrases))
        unknown += rest
    return ", ".join(part for part in parts if part), unknown


def _phrases(run: str) -> tuple[list[str], list[str]]:
    table = [
        *_MORE.items(),
        *((mood, words.korean) for mood, words in MOODS.items()),
        *((thing.shown, thing.korean) for thing in (*PLACES, *THINGS) if thing.korean),
    ]
    found: dict[int, str] = {}
    rest = run
    for shown, korean in table:
        for match in re.finditer(rf"(?:^|(?<=\s))(?:{korean}){_ENDINGS}", run):
            found.setdefault(match.start(), shown)
            rest = rest[: match.start()] + " " * (match.end() - match.start()) + rest[match.end() :]
    fillers = re.compile("|".join(FILLERS.split()), re.IGNORECASE)
    words = [word for word in rest.split() if _HANGUL.search(word) and not re.fullmatch(_ENDINGS, word)]
    unknown = [word for word in words if not fillers.fullmatch(word)]
    return list(dict.fromkeys(found[place] for place in sorted(found))), unknown
