"""Whether words still read as on the cover. What is read is a line cut out of a frame and turned level.

The reader is that of `core/lettering`. Only what it reads on the cover itself, trusts, and reads the same where the
line is a little softer is expected of a loop: what it hardly reads comes out differently with no word changed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..errors import ModelError
from ..lettering.find import line_at, read_line
from ..pixels import reduced
from .calibration import READING
from .rules import Word


@dataclass(frozen=True)
class Expected:
    """A word that was read on the cover: `index` among the words of the judgement, its outline, and what it says."""

    index: int
    outline: Sequence[tuple[float, float]]
    text: str

    def cut_out(self, frame: np.ndarray) -> np.ndarray:
        """Its line in a frame, (H, W, 3) uint8, small enough to keep."""
        return reduced(line_at(frame, self.outline), READING.height)


def expected(reference: np.ndarray, words: Sequence[Word]) -> list[Expected]:
    """The words that are read on a picture with trust, of those that were read when they were found.

    reference: (H, W, 3) uint8, the cover at the size of the loop; outlines in its px.
    """
    said = [
        (i, word.polygon) for i, word in enumerate(words) if word.text and len(_plain(word.text)) >= READING.shortest
    ]
    said.sort(key=lambda one: -_extent(one[1]))
    found = []
    try:
        for index, outline in said[: READING.most]:
            word = Expected(index, outline, "")
            line = word.cut_out(reference)
            reading = read_line(line)
            if reading.trust < READING.trust or len(_plain(reading.text)) < READING.shortest:
                continue
            softer = read_line(_softer(line))
            if softer.trust >= READING.trust and not misread(reading.text, softer.text):
                found.append(Expected(index, outline, reading.text))
    except ModelError:  # no reader on this machine: nothing is expected, and the figures are None
        return []
    return found


def reads_instead(said: str, line: np.ndarray) -> str | None:
    """What a line that `Expected.cut_out` gave reads, None where it still reads as was said, be it a little softer."""
    now = read_line(line).text
    still = not misread(said, now) or not misread(said, read_line(_softer(line)).text)
    return None if still else now


def misread(said: str, read: str) -> bool:
    """Whether a reading differs by more than readers do of one and the same word: a sign in five, or the only one."""
    return edits(_plain(said), _plain(read)) > READING.misread * len(_plain(said))


def edits(a: str, b: str) -> int:
    """How many signs to add, drop or change lead from one string to the other (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (one != other))
    return row[-1]


def _softer(line: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(line, (0, 0), READING.soft)


def _plain(text: str) -> str:
    """Letters and digits alone, in one case and one form of each sign."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def _extent(outline: Sequence[tuple[float, float]]) -> float:
    spread = np.ptp(np.asarray(outline, np.float64), axis=0)
    return float(spread[0] * spread[1])
