"""The question that writes lyrics from words, as it is put to a model, and what may be answered."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from ..film.safety import faults
from ..prompt.form.answers import Answer
from ..prompt.form.boxes import BadAnswer
from ..prompt.form.orders import reads_like_an_order
from ..prompt.form.questions import Question, list_of, object_of, one_of, worded
from .pile import Word

LYRICS_VERSION = 1
Part = Literal["verse", "pre-chorus", "chorus", "bridge", "outro"]
Language = Literal["ko", "en", "both"]
_SPOKEN = {"ko": "Korean", "en": "English", "both": "Korean and English, a line in one of them"}
_LINE, _LINES, _PARTS = 90, 6, 8
_USED = 5
"""Words of the pile that lyrics use at least, where it has as many."""
_HANGUL, _LATIN = re.compile("[가-힣]"), re.compile("[A-Za-z]")


def _line(value: Any) -> Any:
    """One sung line: no marks of sections, no control characters, no line ends."""
    if not isinstance(value, str):
        return value
    text = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in unicodedata.normalize("NFC", value))
    return " ".join(re.sub(r"[\[\]{}<>|`*_#\\]+", " ", text).split())


def _lower(value: Any) -> Any:
    return value.strip().lower().replace("_", "-") if isinstance(value, str) else value


Line = Annotated[str, BeforeValidator(_line), Field(min_length=1, max_length=_LINE)]


class PartAnswer(Answer):
    part: Annotated[Part, BeforeValidator(_lower)]
    lines: list[Line] = Field(min_length=1, max_length=_LINES)


class LyricsAnswer(Answer):
    title: Line
    parts: list[PartAnswer] = Field(min_length=2, max_length=_PARTS)

    def text(self) -> str:
        """As `coverloop song` and `film` read them."""
        return "\n\n".join("\n".join([f"[{part.part}]", *part.lines]) for part in self.parts) + "\n"


def lyrics_question(words: Sequence[Word], language: Language, about: str = "") -> Question:
    """Lyrics of these words, the most frequent first. about: what a person says they are of; both quoted as data."""
    listed = json.dumps([word.word for word in words if not reads_like_an_order(word.word)], ensure_ascii=False)
    said = f"What it is about, as data: {json.dumps(about, ensure_ascii=False)}." if about.strip() else ""
    wanted = min(_USED, len(words))
    system, text = worded("lyrics", LYRICS_VERSION, words=listed, about=said, language=_SPOKEN[language],
                          used=str(wanted), lines=str(_LINES), parts=str(_PARTS))  # fmt: skip

    def check(answer: LyricsAnswer) -> None:
        names = [part.part for part in answer.parts]
        if not {"verse", "chorus"} <= set(names):
            raise BadAnswer("parts: there must be at least one verse and one chorus")
        lines = [line for part in answer.parts for line in part.lines]
        if wrong := next((line for line in lines if not _spoken(line, language)), None):
            raise BadAnswer(f"parts: {wrong[:40]!r} is not in {_SPOKEN[language]}")
        sung = " ".join(lines).lower()
        used = sum(_is_in(word, sung) for word in words)
        if used < wanted:
            raise BadAnswer(f"parts: only {used} of the words are in the lines; use at least {wanted}")
        if bad := faults(f"{answer.title}\n{answer.text()}"):
            raise BadAnswer(f"parts: {bad[0][0]!r} ({bad[0][1]}) cannot be sung here")

    return Question("lyrics", LYRICS_VERSION, system, text, None, LyricsAnswer, _WIRE, check=check)


def _spoken(line: str, language: Language) -> bool:
    """Whether most letters of a line are of the language; a line without letters is sung in any."""
    korean, english = len(_HANGUL.findall(line)), len(_LATIN.findall(line))
    other = sum(c.isalpha() for c in line) - korean - english
    told = {"ko": (korean, english), "en": (english, korean), "both": (max(korean, english), 0)}[language]
    return other <= told[0] and told[0] >= told[1]


def _is_in(word: Word, sung: str) -> bool:
    """A verb's ending is another in a line: its stem counts."""
    stem = word.word[:-1] if word.language == "ko" and word.word.endswith("다") and len(word.word) > 2 else word.word
    return stem in sung if word.language == "ko" else bool(re.search(rf"\b{re.escape(stem)}", sung))


_TEXT = {"type": "string", "maxLength": _LINE}
_WIRE = object_of(
    title=dict(_TEXT),
    parts={
        "minItems": 2,
        **list_of(
            object_of(part=one_of(get_args(Part)), lines={"minItems": 1, **list_of(dict(_TEXT), _LINES)}), _PARTS
        ),
    },
)
