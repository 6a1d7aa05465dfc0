"""A text cut into segments in its own order. Joined again they are the text, letter for letter: nothing is summed up.

Lyrics are cut by verse and section, a told text at ends of sentences, into two where it is short.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

_HEADER = re.compile(
    r"\s*[\[(<]?\s*(?:(?:pre-?|post-?)?(?:verse|chorus|hook|bridge|intro|outro|refrain|interlude)"
    r"|\d?절|후렴|벌스|브릿지|코러스|인트로|아웃트로)\s*\d{0,2}\s*[\])>]?\s*:?\s*$",
    re.IGNORECASE,
)
# A sentence ends with its mark and what closes after it; Korean prose may have no space behind the mark.
_SENTENCE = re.compile(r"(?:[.!?…]+[\"'”’)\]]*(?=\s|$)|[。！？]+[」』”’]*)\s*|\n+")
_CLAUSE = re.compile(r"[,;:—–、，]\s+|(?<=[고며서데만])\s+|\s(?=(?:and|but|then|when|while|because)\s)")
_WORD = re.compile(r"\s+")
_LONGEST_HEADER = 30  # characters; the pattern is slow on long runs of spaces
_VERSE = 4  # lines, where lyrics have no sections of their own
_LONG_SECTION = 8
_SHORT = 120  # words that make two segments; each further so many half make one more
MAX_SEGMENTS = 40
_LINE_OF_SONG = 60  # characters; lines of prose are longer


def segments(text: str, lyrics: bool = False) -> list[str]:
    """The text's segments, at most `MAX_SEGMENTS`, none for no text; `"".join(segments(text)) == text`.

    lyrics: known to be (it had times); else told by headers ("[Chorus]", 후렴) or by short lines in stanzas.
    """
    lines = text.splitlines(keepends=True)
    parts = _by_section(lines) if lyrics or _looks_sung(lines) else _by_sentence(text)
    return _joined(parts, MAX_SEGMENTS)


def is_header(line: str) -> bool:
    """Whether a line names a section and is not sung."""
    line = line.strip()
    return len(line) <= _LONGEST_HEADER and bool(_HEADER.match(line))


def _looks_sung(lines: Sequence[str]) -> bool:
    full = [line.strip() for line in lines if line.strip()]
    short = sorted(len(line) for line in full)[len(full) // 2] <= _LINE_OF_SONG if full else False
    return any(is_header(line) for line in full) or (len(full) >= _VERSE and short)


def _by_section(lines: Sequence[str]) -> list[str]:
    """A section begins behind an empty line or at a header; headers alone go with what follows them."""
    sections: list[list[str]] = [[]]
    sung = ended = False  # whether the section at hand has words, and an empty line behind it
    for line in lines:
        header, empty = is_header(line), not line.strip()
        if sung and not empty and (ended or header):
            sections.append([])
            sung = False
        sections[-1].append(line)
        sung, ended = sung or not (empty or header), empty
    parts = []
    for section in sections:
        step = _VERSE if len(section) > _LONG_SECTION else len(section)
        parts += ["".join(section[at : at + step]) for at in range(0, len(section), max(1, step))]
    return _with_words(parts)


def _by_sentence(text: str) -> list[str]:
    words = len(text.split())
    wanted = 2 if words <= _SHORT else min(MAX_SEGMENTS, words // (_SHORT // 2))
    parts = [text]
    for ends in (_SENTENCE, _CLAUSE, _WORD):
        parts = _with_words([piece for part in parts for piece in _split(part, ends)])
        if len(parts) >= wanted:
            break
    return _joined(parts, wanted)


def _split(text: str, ends: re.Pattern[str]) -> list[str]:
    cuts = [0, *(match.end() for match in ends.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(cuts) if end > start]


def _with_words(parts: Sequence[str]) -> list[str]:
    """Parts without a letter go with the one before, or else with the one behind."""
    kept: list[str] = []
    for part in parts:
        if kept and not (_spoken(part) and _spoken(kept[-1])):
            kept[-1] += part
        else:
            kept.append(part)
    return kept


def _spoken(part: str) -> bool:
    return any(c.isalnum() for c in part)


def _joined(parts: Sequence[str], most: int) -> list[str]:
    """At most so many parts, of like length: cut where a part ends nearest to each equal share."""
    if len(parts) <= most:
        return list(parts)
    ends, total = [], 0
    for part in parts:
        total += len(part)
        ends.append(total)
    cuts = [0]
    for share in range(1, most):
        free = range(cuts[-1] + 1, len(parts) - (most - share) + 1)
        cuts.append(min(free, key=lambda cut: abs(ends[cut - 1] - total * share / most)))
    cuts.append(len(parts))
    return ["".join(parts[start:end]) for start, end in pairwise(cuts)]
