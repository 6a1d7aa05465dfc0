"""The border round the picture on a cover: it never moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..pixels import reduced

_SIDE = 720
"""Shorter side, px, of the picture that is looked at."""


@dataclass(frozen=True)
class Rim:
    """Bounds of a border. tone: grey levels around its colour. flat, ended: part of a line of pixels that has its
    colour, at least on it and at most behind it. soft: part of the shorter side in which it ends. deepest: the same, of
    its width. uneven: how many times as wide as the other one of two sides alone may be: bars above and below are like,
    rows of bricks are cut anywhere."""

    tone: int = 32
    flat: float = 0.6
    ended: float = 0.3
    soft: float = 0.008
    deepest: float = 0.15
    uneven: float = 1.5


RIM = Rim()


class Border(NamedTuple):
    """Widths in px; 0 where a side has none."""

    top: int
    right: int
    bottom: int
    left: int


def border_of(cover: np.ndarray, *, deepest: float = RIM.deepest) -> Border | None:
    """The border round a picture: flat bands of one colour on opposite sides, ending in a straight edge, also several
    inside each other. None when there is none.

    cover: (H, W, 3) uint8. deepest: of the shorter side, the widest that a band may be.
    """
    small = reduced(cover, _SIDE)
    height, width = small.shape[:2]
    inner = [0, width, height, 0]  # top, right, bottom, left
    for _ in range(3):
        part = small[inner[0] : inner[2], inner[3] : inner[1]]
        band = _band(part, deepest * min(height, width))
        if band is None:
            break
        inner = [inner[0] + band.top, inner[1] - band.right, inner[2] - band.bottom, inner[3] + band.left]
        if not all(band):
            break  # a line around all of it may lie in a frame; rows of bricks lie in each other, too
    widths = (inner[0], width - inner[1], height - inner[2], inner[3])
    if not any(widths):
        return None
    scale = cover.shape[1] / width
    return Border(*(round(w * scale + 0.5 * (scale > 1)) if w else 0 for w in widths))


def border_mask(border: Border | None, shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool, True on the border."""
    mask = np.zeros(shape[:2], bool)
    if border is not None:
        mask[:] = True
        mask[border.top : shape[0] - border.bottom, border.left : shape[1] - border.right] = False
    return mask


def _band(picture: np.ndarray, deepest: float) -> Border | None:
    """One border of one colour, told on (H, W, 3)."""
    turned = [np.rot90(picture, k) for k in range(4)]  # each side comes to the top: top, right, bottom, left
    sides = [_depth(side, deepest) for side in turned]
    kept = [0, 0, 0, 0]
    for one, other in ((0, 2), (1, 3)):
        (depth, colour), (across, there) = sides[one], sides[other]
        if depth and across and np.abs(colour - there).max() <= 2 * RIM.tone:
            kept[one], kept[other] = depth, across
    widths = [width for width in kept if width]
    if len(widths) == 2 and max(widths) > RIM.uneven * min(widths):
        return None
    return Border(*kept) if any(kept) else None


def _depth(picture: np.ndarray, deepest: float) -> tuple[int, np.ndarray]:
    """How deep the band at the top of (H, W, 3) is in px (0: there is none), and its colour."""
    colour = np.median(picture[:2].reshape(-1, 3), axis=0)
    if np.all(np.abs(picture[0].astype(np.int16) - colour) <= RIM.tone, axis=-1).mean() < RIM.flat:
        return 0, colour
    end = min(len(picture) // 3, round(deepest) + 8)
    same = np.all(np.abs(picture[:end].astype(np.int16) - colour) <= RIM.tone, axis=-1)
    share = same.mean(1)
    over = np.flatnonzero(share < RIM.flat)
    depth = int(over[0]) if len(over) else end
    soft = max(3, round(RIM.soft * min(picture.shape[:2])))
    if depth < 2 or depth > deepest:
        return 0, colour
    # The sides of a frame have its colour behind the end, too: only the middle of the line tells.
    behind = same[depth : depth + soft, picture.shape[1] // 8 : -(picture.shape[1] // 8)].mean(1)
    ended = np.flatnonzero(behind <= RIM.ended)
    return (depth + int(ended[0]), colour) if len(ended) else (0, colour)
