"""`coverloop lyrics`: the words of a pile of texts, as a list and a picture, and lyrics that a model writes of them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import platformdirs
from PIL import Image

from ...core.errors import UsageError
from ...core.files import whole_file, write_text
from ...core.film.captions import find_font
from ...core.lyrics.ask import Language, LyricsAnswer, lyrics_question
from ...core.lyrics.picture import picture_of
from ...core.lyrics.pile import Word, frequent, read_pile
from ...core.prompt.ask.protocol import VlmError
from ...core.prompt.ask.put import Asking, put
from ...core.prompt.ask.registry import open_backend, read_settings

_BOTH = 0.3  # share of words from which the rarer language is sung too


@dataclass(frozen=True)
class Asked:
    """texts: files or folders. language: "ko", "en", "both", or "auto" for that of the words."""

    texts: tuple[Path, ...]
    out: Path
    language: str = "auto"
    about: str = ""
    backend: str = "auto"
    font: Path | None = None


def make_lyrics(asked: Asked) -> dict[str, Any]:
    """Write the words (.json) and their picture (.png) beside `out`, then the lyrics; returns what the .json says.

    With the backend "offline" that is all. Otherwise, without a model or a usable answer, the words are there and no
    lyrics: that is an error.

    Raises:
        UsageError: texts, a name or a backend must be mended, or no model is configured. VlmError: no usable answer.
    """
    _check_names(asked)
    settings = read_settings()
    backend = open_backend(asked.backend, settings)
    font = find_font(asked.font)
    lines = read_pile(asked.texts)
    words = frequent(lines)
    if not words:
        raise UsageError("nothing but noise words in the texts; give more of them")
    with whole_file(asked.out.with_suffix(".png")) as part:
        Image.fromarray(picture_of(words, font)).save(part, format="PNG", optimize=True)
    record: dict[str, Any] = {"lines": len(lines), "words": [asdict(word) for word in words], "lyrics": None}
    _write(asked, record)
    if asked.backend == "offline":
        return record
    where = f"the words are in {asked.out.with_suffix('.json').name} and {asked.out.with_suffix('.png').name}"
    if backend is None:
        raise UsageError(
            f"lyrics are written by a model and none is configured (docs/models.md: GEMINI_API_KEY, "
            f"OPENAI_BASE_URL); {where}"
        )
    language = _language(words) if asked.language == "auto" else cast(Language, asked.language)
    folder = platformdirs.user_cache_path("coverloop", appauthor=False) / "answers"
    given = put(lyrics_question(words, language, asked.about), Asking(backend, settings, folder))
    if not isinstance(given.answer, LyricsAnswer):
        raise VlmError(f"no lyrics: {'; '.join(given.warnings) or 'no answer'}; {where}")
    text = given.answer.text()
    write_text(asked.out, text)
    record["lyrics"] = {"title": given.answer.title, "language": language, "by": given.by, "text": text}
    record["remarks"] = given.warnings
    _write(asked, record)
    return record


def _check_names(asked: Asked) -> None:
    if asked.out.suffix.lower() != ".txt":
        raise UsageError(f"{asked.out}: lyrics are a text; give --out a name that ends in .txt")
    if not asked.out.parent.is_dir():
        raise UsageError(f"{asked.out.parent}: no such folder; make it, or change --out")
    given = {path.resolve() for path in asked.texts}
    for ending in (".txt", ".json", ".png"):
        if asked.out.with_suffix(ending).resolve() in given:
            raise UsageError(f"{asked.out.with_suffix(ending)}: would be written over; change --out")


def _write(asked: Asked, record: dict[str, Any]) -> None:
    write_text(asked.out.with_suffix(".json"), json.dumps(record, ensure_ascii=False, indent=1) + "\n")


def _language(words: tuple[Word, ...]) -> Language:
    counts: Counter[str] = Counter()
    for word in words:
        counts[word.language] += word.count
    share = counts["ko"] / counts.total()
    return "both" if _BOTH <= share <= 1 - _BOTH else "ko" if share > 0.5 else "en"
