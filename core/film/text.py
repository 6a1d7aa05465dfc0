"""Words as people have them: plain text, or LRC (lyrics with times), whatever is broken in it.

LRC is read here and not by a library: files of it in the wild have times out of order, several to a line, letters
among the digits and lines with none, and all words of such a file are still wanted.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError

MAX_CHARACTERS = 20_000  # three hours of singing
_MAX_BYTES = 4 * MAX_CHARACTERS
_TIME = re.compile(r"\[(\d{1,3}):(\d{1,2}(?:[.:]\d{1,3})?)\]")
_WORD_TIME = re.compile(r"<\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?>\s?")
_LIKE_A_TIME = re.compile(r"\[[^\]\n]{0,4}\d[^\]\n]{0,4}:[^\]\n]{0,8}\]")
_TAG = re.compile(r"\[(ti|ar|al|au|by|re|ve|length|offset|tool|#)\s*:([^\]\n]*)\]\s*", re.IGNORECASE)
MAX_MINUTES = 180


@dataclass(frozen=True)
class Words:
    """text: all of it, in order. times: for each line of `text.splitlines()`, seconds from the start of the song, or
    None where none is known; empty for a text without times. remarks: what was repaired, in plain words."""

    text: str
    times: tuple[float | None, ...] = ()
    remarks: tuple[str, ...] = ()


def read_words(path: Path) -> Words:
    """A text file or LRC file as words. UTF-8, UTF-16 with a mark, or CP949.

    Raises:
        UsageError: missing, empty, too long, or no text.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read: {error.strerror}") from None
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{path.name} is longer than {MAX_CHARACTERS} characters; a film is made of one song's words")
    return words_of(decoded(data, path.name))


def words_of(text: str) -> Words:
    """Text as words; as LRC where a line begins with a time.

    Raises:
        UsageError: nothing but white space, or too long.
    """
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"the words have {len(text)} characters; shorten them to {MAX_CHARACTERS}")
    words = _timed(text) if re.search(rf"^[ \t]*{_TIME.pattern}", text, re.MULTILINE) else Words(text)
    if not words.text.strip():
        raise UsageError("there are no words in the text; write at least one line")
    return words


def decoded(data: bytes, name: str) -> str:
    """The text of a file called `name`. Raises UsageError: it is none."""
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp949"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UsageError(f"{name} is no text in UTF-8, UTF-16 or CP949; save it as UTF-8")


def _timed(text: str) -> Words:
    """Lines in the order of their times; a line without one stays behind the line it follows."""
    offset = 0.0
    entries: list[tuple[float, int, str, float | None]] = []  # sorted by time, then place; the last is the time told
    last, broken, untimed, shuffled = 0.0, 0, 0, False
    for place, line in enumerate(text.splitlines()):
        for tag in _TAG.finditer(line):
            if tag[1].lower() == "offset" and re.fullmatch(r"\s*[+-]?\d{1,6}\s*", tag[2]):
                offset = int(tag[2]) / 1000
        line, times = _TAG.sub("", line), []
        while match := _TIME.match(line := line.lstrip()):
            minutes, seconds = int(match[1]), float(match[2].replace(":", "."))
            if minutes < MAX_MINUTES and seconds < 60:
                times.append(60 * minutes + seconds)
            else:
                broken += 1
            line = line[match.end() :]
        line, faults = _LIKE_A_TIME.subn("", line)
        broken += faults
        line = _WORD_TIME.sub("", line).strip()
        for time in times:
            shuffled |= len(times) == 1 and time < last
            entries.append((time, place, line, time))
        if not times and line:
            untimed += 1
            entries.append((last, place, line, None))
        last = times[-1] if times else last
    entries.sort(key=lambda entry: entry[:2])
    counted = [(broken, "times that are none were left out"), (untimed, "lines have no time of their own")]
    remarks = [f"{count} {what}" for count, what in counted if count]
    remarks += ["the lines were put in the order of their times"] if shuffled else []
    # a positive offset of LRC shows the words sooner
    told = tuple(None if time is None else max(0.0, time - offset) for *_, time in entries)
    return Words("".join(f"{line}\n" for _, _, line, _ in entries), told, tuple(remarks))
