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

import numpy as np

from ..errors import ClipError
from ..parallel import in_order
from ..pixels import middle, ring_steps
from .judgement import Judgement
from .measures.steps import STILL
from .registry import kinds
from .rules import Look, Setting

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
    letters are. still: (h, w) float 0..1, where nothing is to move. words: see `Setting`.

    Raises:
        ClipError: fewer than 4 frames, another dtype, or a mask of another shape.
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
        words=tuple(words),
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
    for i, measure in enumerate(running):
        figures.update(measure.figures([kept[i] for _, kept in looked]))
    steps, median = ring_steps(np.stack([small for small, _ in looked]))
    ratios = tuple(float(step) / max(median, STILL) for step in steps)
    return Judgement(len(looked), float(fps), width, height, figures, ratios)


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
    return middle(mask.astype(np.float32), height, width)
