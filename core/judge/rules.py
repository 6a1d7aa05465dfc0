"""What a measure of a loop is, and what a rule on one of its figures is. Knows no measure by name; see `registry`."""

from __future__ import annotations

import enum
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np

from ..pixels import reduced

STEP_SIDE = 256
"""Shorter side, px, of the grey pictures that steps are measured on."""


class Verdict(enum.Enum):
    INSIDE = "inside"
    NEAR = "near"
    """Outside, by no more than what another encode of the same loop changes: told, not failed."""
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Rule:
    """One figure of a judgement and what it may be, both ends allowed. Without limits it is only told."""

    name: str
    """Key of the figure in the judgement and its JSON."""
    what: str
    """What it is, with its unit, in one line."""
    low: float = -math.inf
    high: float = math.inf
    too_low: str = ""
    """In plain words, what a person sees when it is under `low`."""
    too_high: str = ""
    to_raise: str = ""
    """In plain words, what to do where it is under `low`."""
    to_lower: str = ""
    margin: float = 0.0
    """How far noise moves the figure. Outside by less, a loop does not fail."""
    seen_in: str | None = None
    """Another figure: only where that is at least `seen_from` can anybody see what this rule is about."""
    seen_from: float = 0.0

    def verdict(self, value: float | None, figures: Mapping[str, float | None]) -> Verdict:
        if value is None or self.low <= value <= self.high:
            return Verdict.INSIDE
        if self.seen_in is not None:
            visible = figures.get(self.seen_in)
            if visible is not None and visible < self.seen_from:
                return Verdict.INSIDE
        return Verdict.NEAR if self.low - self.margin <= value <= self.high + self.margin else Verdict.OUTSIDE

    def words(self, value: float) -> str:
        """What is wrong with this value, with as many decimals as tell it from its limit."""
        low = value < self.low
        words, limit = (self.too_low, self.low) if low else (self.too_high, self.high)
        return f"{words}: {self.name} is {_told(value, limit)}, should be at {'least' if low else 'most'} {limit:g}"

    def advice(self, value: float) -> str:
        """What to do about this value."""
        return self.to_raise if value < self.low else self.to_lower


def _told(value: float, limit: float) -> str:
    for digits in range(3, 9):
        told = f"{value:.{digits}g}"
        if float(told) != limit:
            return told
    return repr(value)


@dataclass(frozen=True)
class Word:
    """A word or line of the cover. polygon: its outline, (x, y) px of the picture it is told of, 3 points or more;
    text: its string, None when nobody read it."""

    polygon: Sequence[tuple[float, float]]
    text: str | None = None


@dataclass(frozen=True)
class Setting:
    """What is known of a loop before its frames are looked at. Pictures have the loop's size, (H, W)."""

    fps: float
    first: np.ndarray
    """(H, W, 3) uint8: frame 0."""
    cover: np.ndarray | None = None
    """(H, W, 3) uint8."""
    lettering: np.ndarray | None = None
    """(H, W) float32 0..1: where letters are."""
    still: np.ndarray | None = None
    """(H, W) float32 0..1: where the recipe says that nothing moves."""
    words: Sequence[Word] = ()
    """Words that are to hold still."""

    @property
    def reference(self) -> np.ndarray:
        """(H, W, 3) uint8: the cover, or frame 0 where none is given."""
        return self.first if self.cover is None else self.cover


class Look:
    """One frame, as measures need it; what several of them ask for is made once."""

    def __init__(self, frame: np.ndarray) -> None:
        self.frame = frame
        """(H, W, 3) uint8 RGB."""

    @functools.cached_property
    def grey(self) -> np.ndarray:
        """(H, W) uint8."""
        return cv2.cvtColor(self.frame, cv2.COLOR_RGB2GRAY)

    @functools.cached_property
    def small(self) -> np.ndarray:
        """(h, w) float32 grey, shorter side at most 256 px. Not in whole levels: rounding makes stalls of its own."""
        return reduced(self.grey.astype(np.float32), STEP_SIDE)


class Measure(Protocol):
    """Measures one loop. Frames come once; what `look` gives is all that is kept of each: a little."""

    def look(self, look: Look) -> Any:
        """What to keep of one frame. Called in threads, so it changes nothing of the measure."""
        ...

    def figures(self, kept: Sequence[Any]) -> Mapping[str, Any]:
        """Figures by the names of the rules, from what was kept, in the order of the frames. What else a judgement's
        JSON is to hold, JSON-safe, has keys of its own."""
        ...
