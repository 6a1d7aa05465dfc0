"""Judging a loop: is the join visible, does anything jump or stall, is the cover kept, does the lettering hold still.

Works on decoded frames (judge the file people get, not the frames before the encode). Nothing here knows how the loop
was made, nor what is measured: that is in `measures/`, one file each.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import cv2
import numpy as np

from ..errors import ClipError
from ..parallel import in_order
from ..pixels import middle, ring_steps
from .judgement import Judgement
from .measures.steps import STILL
from .registry import kinds
from .rules import Look, Setting, Word

MIN_FRAMES = 4
_TOO_FEW = f"the clip has {{}} frames; a loop needs at least {MIN_FRAMES} to be judged"


def score(
    frames: Iterable[np.ndarray],
    *,
    fps: float | Fraction,
    cover: np.ndarray | None = None,
    lettering: np.ndarray | None = None,
    still: np.ndarray | None = None,
    words: Sequence[Any] = (),
) -> Judgement:
    """Judge one turn of a loop.

    frames: 4 or more of (H, W, 3) uint8 RGB: an array, or an iterable that is read once and of which little is kept.
    cover: (h, w, 3) uint8; of another shape, its middle is what the clip shows. lettering: (h, w) float 0..1, where
    letters are. still: (h, w) float 0..1, where nothing is to move. words: what was found printed on the cover, with
    `polygon` and `text` as a `Word` has, in px of the cover (of the frames where there is no cover).

    Raises:
        ClipError: fewer than 4 frames, another dtype, a mask of another shape, an outline that is none.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise ClipError(f"{fps} frames per second; it must be above 0")
    checked = _checked(frames)
    first = next(checked, None)
    if first is None:
        raise ClipError(_TOO_FEW.format(0))
    height, width = first.shape[:2]
    setting = Setting(
        fps=float(fps),
        first=first,
        cover=None if cover is None else middle(cover, height, width),
        lettering=None if lettering is None else _mask(lettering, height, width, "lettering"),
        still=None if still is None else _mask(still, height, width, "still"),
        words=_placed(words, first if cover is None else cover, height, width),
    )
    begun = [kind.begin(setting) for kind in kinds()]
    running = [measure for measure in begun if measure is not None]

    def look(frame: np.ndarray) -> tuple[np.ndarray, list[Any]]:
        seen = Look(frame)
        return seen.small, [measure.look(seen) for measure in running]

    looked = list(in_order(look, itertools.chain([first], checked)))
    if len(looked) < MIN_FRAMES:
        raise ClipError(_TOO_FEW.format(len(looked)))
    figures: dict[str, float | None] = {rule.name: None for kind in kinds() for rule in kind.rules}
    details: dict[str, Any] = {}
    for i, measure in enumerate(running):
        for name, value in measure.figures([kept[i] for _, kept in looked]).items():
            (figures if name in figures else details)[name] = value
    steps, median = ring_steps(np.stack([small for small, _ in looked]))
    ratios = tuple(float(step) / max(median, STILL) for step in steps)
    return Judgement(len(looked), float(fps), width, height, figures, ratios, details)


def _checked(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    shape = None
    for frame in frames:
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or shape not in (None, frame.shape):
            raise ClipError(f"a frame is {frame.dtype} {frame.shape}; all must be (H, W, 3) uint8 of one size")
        if min(frame.shape[:2]) < 32:
            raise ClipError(f"frames are {frame.shape[1]}x{frame.shape[0]}; the shorter side must be at least 32 px")
        shape = frame.shape
        yield frame


def _mask(mask: np.ndarray, height: int, width: int, name: str) -> np.ndarray:
    if abs(mask.shape[1] / mask.shape[0] / (width / height) - 1) > 0.02:
        raise ClipError(
            f"the {name} mask is {mask.shape[1]}x{mask.shape[0]}, the clip {width}x{height}; give one of its shape"
        )
    return middle(mask.astype(np.float32), height, width, cv2.INTER_LINEAR)


def _placed(words: Sequence[Any], cover: np.ndarray, height: int, width: int) -> tuple[Word, ...]:
    """Words in px of `cover` -> in px of its `middle` at (height, width)."""
    placed = []
    for word in words:
        outline = np.array([point for point in word.polygon if len(point) == 2], np.float64)
        if len(outline) < 3 or len(outline) < len(word.polygon) or not np.isfinite(outline).all():
            raise ClipError(f"the outline of {word.text or 'a word'!r} is no polygon; it needs 3 or more points (x, y)")
        scale = max(height / cover.shape[0], width / cover.shape[1])
        centred = (outline + 0.5 - np.array([cover.shape[1], cover.shape[0]]) / 2) * scale
        there = np.clip(centred + np.array([width, height]) / 2 - 0.5, -1e6, 1e6)
        placed.append(Word([(float(x), float(y)) for x, y in there], word.text))
    return tuple(placed)
