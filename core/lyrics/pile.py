"""The words of a pile of texts that come again and again, in Korean and English. Knows no model and no picture.

A word counts once a line, so that one review that says it ten times does not outweigh ten that say it once. English
words lose their endings where the pile says so (`walked` counts as `walk` where that is there too). Korean ones are
taken apart by kiwipiepy: nouns, and stems of verbs and adjectives as the dictionary has them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..film.safety import faults
from ..film.text import decoded
from ..prompt.words.safety import unsafe
from .noise import ENGLISH, KOREAN

MAX_TEXTS = 2000
MAX_CHARACTERS = 2_000_000
MOST = 60
"""Words that are told."""
_NO_WORDS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\S+|[@#]\w+")
_ENGLISH_WORD = re.compile(r"[a-zA-Z]+(?:['’][a-zA-Z]+)?")
_HANGUL = re.compile("[가-힣]")
_LEAST_LETTERS = 3  # of an English word
_ENDINGS = (("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ied", "y"), ("ing", ""), ("ing", "e"))


@dataclass(frozen=True)
class Word:
    """count: in how many lines it is. language: "en" or "ko"."""

    word: str
    language: str
    count: int


def read_pile(paths: Sequence[Path]) -> list[str]:
    """The lines of text files that are not empty; of a folder those of its .txt and .md files, by name.

    Raises:
        UsageError: a file is missing or no text, nothing is in them, or more than is read at once.
    """
    files = [file for path in paths for file in (_inside(path) if path.is_dir() else [path])]
    if len(files) > MAX_TEXTS:
        raise UsageError(f"{len(files)} texts; give {MAX_TEXTS} at most")
    lines, left = [], MAX_CHARACTERS
    for file in files:
        text = _read(file, left)
        left -= len(text)
        lines += [line for line in unicodedata.normalize("NFC", text).splitlines() if line.strip()]
    if not lines:
        raise UsageError(
            f"there are no words in {', '.join(path.name for path in paths[:3])}; give texts that have some"
        )
    return lines


def _inside(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in (".txt", ".md") and file.is_file())


def _read(file: Path, left: int) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(4 * left + 1)
    except OSError as error:
        raise UsageError(f"{file.name} cannot be read: {error.strerror}") from None
    text = decoded(data, file.name) if len(data) <= 4 * left else ""
    if len(text) > left or len(data) > 4 * left:
        raise UsageError(f"{file.name}: with it there are more than {MAX_CHARACTERS} characters; give fewer texts")
    return text


def frequent(lines: Iterable[str], most: int = MOST) -> tuple[Word, ...]:
    """The words in most lines, those first; at even counts in the order of the alphabet. Noise is left out, and what
    must not be shown or is profane.

    Raises:
        UsageError: Korean, and kiwipiepy is not installed.
    """
    plain = [_NO_WORDS.sub(" ", line) for line in lines]
    found = [Word(word, "en", count) for word, count in _english(plain).items()]
    if any(_HANGUL.search(line) for line in plain):
        found += [Word(word, "ko", count) for word, count in _korean(plain).items()]
    ranked = sorted(found, key=lambda one: (-one.count, one.word))
    kept = (one for one in ranked if not unsafe(one.word) and not faults(one.word))
    return tuple(one for one, _ in zip(kept, range(most), strict=False))


def _english(lines: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    said = []
    for line in lines:
        words = {match[0].lower().replace("’", "'").removesuffix("'s") for match in _ENGLISH_WORD.finditer(line)}
        said.append({word for word in words if len(word) >= _LEAST_LETTERS and word not in ENGLISH})
    lemmas = _lemmas({word for words in said for word in words})
    for words in said:
        counts.update({lemmas[word] for word in words} - ENGLISH)
    return counts


def _lemmas(words: set[str]) -> dict[str, str]:
    """For each word the form it is counted under: a shorter one that is there too, or that two of them point at
    (`dreams` and `dreamed`), else itself."""
    plurals = {word[:-1] for word in words if word.endswith("s") and not word.endswith("ss")}
    shorter = {word: [stem for stem in _stems(word) if stem in words or stem in plurals] for word in words}
    pointed = Counter(stem for stems in shorter.values() for stem in stems)
    return {
        word: next((stem for stem in stems if stem in words or pointed[stem] > 1), word)
        for word, stems in shorter.items()
    }


def _stems(word: str) -> Iterable[str]:
    for ending, instead in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem == word or len(stem + instead) < _LEAST_LETTERS:
            continue
        yield stem + instead
        if ending in ("ed", "ing") and not instead and stem[-1] == stem[-2] and len(stem) > _LEAST_LETTERS:
            yield stem[:-1]


def _korean(lines: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for tokens in _kiwi().tokenize([line for line in lines if _HANGUL.search(line)]):
        counts.update({word for word in _dictionary_forms(tokens) if word not in KOREAN})
    return counts


def _dictionary_forms(tokens: Sequence[Any]) -> Iterable[str]:
    for token, behind in zip(tokens, [*tokens[1:], None], strict=True):
        kind = token.tag.partition("-")[0]
        if not _HANGUL.fullmatch(token.form[:1]):
            continue
        if kind in ("NNG", "NNP"):
            yield token.form
        elif kind in ("VV", "VA"):
            yield f"{token.form}다"
        elif kind == "XR" and behind is not None and behind.tag.startswith("XSA"):
            yield f"{token.form}{behind.form}다"


@cache
def _kiwi() -> Any:
    try:
        from kiwipiepy import Kiwi
    except ImportError as error:
        raise UsageError("Korean words are told apart by kiwipiepy; pip install 'coverloop[lyrics]'") from error
    return Kiwi(num_workers=1)
