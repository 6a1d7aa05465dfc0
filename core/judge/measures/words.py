"""Is every word of the cover still there in the loop, and does it read the same? Told from the words' outlines alone.

How a word is watched is in `watch`; what was read on the cover is read again in the frame where its word is worst.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from ..calibration import WATCHING
from ..reading import expected, reads_instead
from ..rules import Look, Rule, Setting
from ..watch import WordWatch

MOVED = Rule(
    "lettering_moved",
    "share of the edges of the worst word that are shifted or faded for part of the loop",
    high=0.03,
    too_high="lettering moved",
    to_lower="hold it (--hold-text with its words, or painted for Glyph Mask); lost_words says which",
    margin=0.01,
)
READ = Rule("words_read", "words that are read on the cover with trust, and so are read again in the loop")
MISREAD = Rule(
    "words_misread",
    "such words that read otherwise, in more than a sign of five, where they are at their worst",
    high=0,
    too_high="words read otherwise than on the cover",
    to_lower="hold them (--hold-text with their words, or painted for Glyph Mask); misread_words says which",
)
RULES = (MOVED, READ, MISREAD)


def begin(setting: Setting) -> _Words | None:
    return _Words(setting) if setting.words else None


class _Kept(NamedTuple):
    """lost: what `WordWatch.look` gives; lines: of the words that are read, by index, those that are worse than coding
    makes them: the share of its edges that is lost, and the line cut out."""

    lost: np.ndarray
    lines: dict[int, tuple[float, np.ndarray]]


class _Words:
    def __init__(self, setting: Setting):
        self._watch = WordWatch(setting.reference, setting.words)
        self._expected = expected(setting.reference, setting.words)
        self._first = {word.index: word.cut_out(setting.first) for word in self._expected}

    def look(self, look: Look) -> _Kept:
        lost = self._watch.look(look)
        lines = {}
        for word in self._expected:
            share = self._watch.share_lost(lost, word.index)
            if share > MOVED.margin:
                lines[word.index] = share, word.cut_out(look.frame)
        return _Kept(lost, lines)

    def figures(self, kept: Sequence[_Kept]) -> dict[str, Any]:
        seen = self._watch.seen([one.lost for one in kept])
        moved = [word.moved for word in seen if word.moved is not None]
        otherwise = self._read_otherwise(kept)
        return {
            MOVED.name: max(moved, default=None),
            READ.name: len(self._expected) or None,
            MISREAD.name: len(otherwise) if self._expected else None,
            "lost_words": [asdict(word) for word in seen if (word.moved or 0.0) > MOVED.high + MOVED.margin],
            "misread_words": otherwise,
        }

    def _read_otherwise(self, kept: Sequence[_Kept]) -> list[dict[str, str]]:
        again = [(word, reads_instead(word.text, self._at_its_worst(word.index, kept))) for word in self._expected]
        return [{"text": word.text, "reads": now} for word, now in again if now is not None]

    def _at_its_worst(self, index: int, kept: Sequence[_Kept]) -> np.ndarray:
        """The line of a word where it is worst, beyond what passes in front; of frame 0 where it never is bad."""
        bad = sorted((one.lines[index] for one in kept if index in one.lines), key=lambda line: -line[0])
        lasting = math.ceil(WATCHING.lasting * len(kept))
        return bad[lasting - 1][1] if len(bad) >= lasting else self._first[index]
