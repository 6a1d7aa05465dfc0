"""Lettering as a mask and as a layer: regions -> glyph mask; cover, plate and mask -> layer; layer over frames.

A glyph mask says two things in one picture, so that it survives a MASK socket and an 8-bit PNG: above 0.5 the
lettering (with its outline, shadow and glow) changed the pixel visibly, and 2 * mask - 1 is its opacity there. Below
lies the fading end of a shadow or glow: nothing to see, but the plate must lose it too. See `styles.opacity_of`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..pixels import grow
from . import craft
from .find import TextRegion
from .ink import Ink, coverage, fit_colour, furthest, gaps, letters_beyond, look_alikes, own_colour, tips
from .strokes import clear_of, find_strokes
from .styles import REACH, VISIBLE, find_style, mask_of_opacity, push_pull

# Coverage from which strokes are opaque. Through those printed at 0.92, as is usual, and through the edges of thin ones
# what moves below would shimmer. On soft edges over a moved picture 0.4 errs by 3.09 levels, 0.7 by 2.95 and 1 by 2.92
# (plain type of 8 made covers); of the pixels inside strokes it lets an eighth shimmer of those that 0.7 does.
_SOLID = 0.4
_BEYOND = 2.6  # heights of a line: how far from it letters are looked for that the detector left out
_ROUNDS = 5  # times letters are looked for beyond those found
_UNSURE = 0.3  # heights of a line: how far around picture taken for ink its strokes may be missed, or torn
# Share of the cover: a larger region without strokes is picture. On 76 pictures without lettering such regions have
# 0.001, 0.01 and 0.4; three pieces of lettering found but not masked have 0.007, 0.03 and 0.06.
_HELD = 0.1
_FAINT = 1.5  # grey levels: the fading end of a shadow is followed down to this
_SURE = 0.88  # a region of which the detector is less sure is masked where its ink looks like lettering


@dataclass(frozen=True)
class Glyphs:
    """mask: (H, W) float32, as `glyph_mask` returns it; unsure: (H, W) bool, picture in the mask or lettering out of it
    is likely there and a little around: because the two are of one colour, or because no strokes were made out in a
    region. Nothing should move there."""

    mask: np.ndarray
    unsure: np.ndarray


@dataclass(frozen=True)
class _Words:
    """Words of one line: alpha, (h, w) float32, coverage by their strokes, and doubt, (h, w) bool, where that may be
    wrong, in a window of the cover; height: of the line, px."""

    alpha: np.ndarray
    doubt: np.ndarray
    window: tuple[slice, slice]
    height: float


def glyph_mask(cover: np.ndarray, regions: Sequence[TextRegion]) -> np.ndarray:
    """The glyph mask of the regions that are to be lifted.

    cover: (H, W, 3) uint8 sRGB. Returns (H, W) float32 in 0..1: 0 where the picture is untouched; above 0.5 where the
    lettering changed it by more than 10 grey levels, with 2 * mask - 1 its opacity (1 inside the strokes, less on
    their soft edges and in shadow and glow); between them the fading ends. Letters near a region that are of its very
    ink are masked too, though no region holds them: the detector loses the end of a word, or one letter of a stack.
    """
    return find_glyphs(cover, regions).mask


def find_glyphs(cover: np.ndarray, regions: Sequence[TextRegion]) -> Glyphs:
    """The glyph mask, and where it cannot be relied on. cover: (H, W, 3) uint8 sRGB."""
    size = cover.shape[:2]
    lines = [_line(region, size) for region in regions]
    every = np.zeros(size, bool)
    for area, _ in lines:
        every |= area
    picture = cover.astype(np.float32)
    likely = _likely(cover) if every.any() else np.zeros(size, np.float32)
    taken = np.zeros(size, bool)
    for region, (area, _) in zip(regions, lines, strict=True):
        taken |= area & (region.confidence >= _SURE or not region.lift)

    def strokes_of(region: TextRegion, area: np.ndarray, height: float) -> list[_Words]:
        if not (region.lift and area.any()):
            return []
        window = _window(area, int(height + 6))
        inks = find_strokes(picture[window], area[window], every[window], height, likely[window])
        if not inks or (region.confidence < _SURE and not _is_lettering(inks[0])):
            return []
        inks, area, window = _followed(picture, likely, taken, inks, area, window, height)
        apart = len(inks) == 2 and clear_of(*inks)  # words in two colours have each their own style
        crop, line = picture[window], area[window]
        groups = [[ink] for ink in inks] if apart else [inks]
        alphas = [_stroke_alpha(crop, line, group) for group in groups]
        doubts = [np.any([look_alikes(crop, line, ink) for ink in group], axis=0) for group in groups]
        return [
            _Words(alpha, grow(doubt, _UNSURE * height), window, height)
            for alpha, doubt in zip(alphas, doubts, strict=True)
        ]

    def with_style(words: _Words) -> np.ndarray:
        return _with_style(picture[words.window], words.alpha, strokes[words.window], words.height)

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        longest = sorted(zip(regions, lines, strict=True), key=lambda one: -np.count_nonzero(one[1][0]))  # first
        tried = list(pool.map(lambda one: strokes_of(one[0], *one[1]), longest))
        found = [words for line in tried for words in line if words.alpha.any()]
        strokes, unsure = np.zeros(size, bool), np.zeros(size, bool)
        for (region, (area, _)), line in zip(longest, tried, strict=True):
            if region.lift and area.mean() < _HELD and not any(words.alpha.any() for words in line):
                unsure |= area
        for words in found:
            strokes[words.window] |= words.alpha > 0
            unsure[words.window] |= words.doubt
        mask = np.zeros(size, np.float32)
        for words, styled in zip(found, pool.map(with_style, found), strict=True):
            np.maximum(mask[words.window], styled, out=mask[words.window])
    return Glyphs(mask, unsure)


def _is_lettering(ink: Ink) -> bool:
    """Whether the ink of a doubtful region is. Of 67 such regions on 144 made covers and the pictures under them, 35 of
    38 that are lettering are, and 2 of 27 that are not."""
    return ink.explains > 0.27 and (ink.likely > 0.5 or (ink.likely > 0.18 and ink.score > 0.16))


def _likely(cover: np.ndarray) -> np.ndarray:
    """Chance 0..1 that a pixel is stroke, as the detector sees it; (H, W) float32."""
    seen = craft.score_maps(cover)
    to_cover = np.array([[seen.scale, 0, 0.5 * seen.scale - 0.5], [0, seen.scale, 0.5 * seen.scale - 0.5]], np.float64)
    return cv2.warpAffine(
        seen.strokes,
        to_cover,
        cover.shape[1::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _line(region: TextRegion, size: tuple[int, int]) -> tuple[np.ndarray, float]:
    """The area to look in, a little wider than the region, and the height of the line in px."""
    area = np.zeros(size, np.uint8)
    cv2.fillPoly(area, [np.round(np.asarray(region.polygon)).astype(np.int32)], 1)
    height = 2 * float(cv2.distanceTransform(np.pad(area, 1), cv2.DIST_L2, 3).max())
    return grow(area > 0, 0.12 * height + 2), height


def _window(area: np.ndarray, pad: int) -> tuple[slice, slice]:
    rows, columns = (np.flatnonzero(area.any(axis)) for axis in (1, 0))
    return (
        slice(max(0, int(rows[0]) - pad), min(area.shape[0], int(rows[-1]) + pad + 1)),
        slice(max(0, int(columns[0]) - pad), min(area.shape[1], int(columns[-1]) + pad + 1)),
    )


def _followed(
    picture: np.ndarray,
    likely: np.ndarray,
    taken: np.ndarray,
    inks: list[Ink],
    area: np.ndarray,
    window: tuple[slice, slice],
    height: float,
) -> tuple[list[Ink], np.ndarray, tuple[slice, slice]]:
    """The inks of a line, its area and their window, with the letters beyond it, and those beyond these."""
    for _ in range(_ROUNDS):
        wide = _window(area, int(_BEYOND * height + 6))
        inks, window = [_widen(ink, window, wide) for ink in inks], wide
        free = ~taken[wide] & ~np.any([ink.core for ink in inks], axis=0)
        more = [letters_beyond(picture[wide], free, ink, height, likely[wide]) for ink in inks]
        if not np.any(more):
            break
        for ink, letters in zip(inks, more, strict=True):
            ink.core |= letters
        area = area.copy()
        area[wide] |= grow(np.any(more, axis=0), 0.12 * height + 2)
    narrow = _within(_window(area, int(height + 6)), window)
    return [_narrow(ink, window, narrow) for ink in inks], area, narrow


def _widen(ink: Ink, window: tuple[slice, slice], wide: tuple[slice, slice]) -> Ink:
    """An ink of a window of the cover as one of a wider window."""
    more = [(part.start - whole.start, whole.stop - part.stop) for part, whole in zip(window, wide, strict=True)]
    return replace(ink, core=np.pad(ink.core, more), colour=np.pad(ink.colour, [*more, (0, 0)], mode="edge"))


def _narrow(ink: Ink, wide: tuple[slice, slice], window: tuple[slice, slice]) -> Ink:
    """An ink of a window of the cover as one of a window in it."""
    rows, columns = (slice(n.start - w.start, n.stop - w.start) for n, w in zip(window, wide, strict=True))
    return replace(ink, core=ink.core[rows, columns], colour=ink.colour[rows, columns])


def _within(window: tuple[slice, slice], wide: tuple[slice, slice]) -> tuple[slice, slice]:
    rows, columns = (slice(max(n.start, w.start), min(n.stop, w.stop)) for n, w in zip(window, wide, strict=True))
    return rows, columns


def _stroke_alpha(crop: np.ndarray, line: np.ndarray, inks: list[Ink]) -> np.ndarray:
    """Coverage by the strokes of one line, (h, w) float32; 0 where the picture was changed by 10 levels or less and has
    not the ink's own colour."""
    if not inks:
        return np.zeros(line.shape, np.float32)
    for ink in inks:
        ends = tips(crop, line, ink)
        ink.core |= gaps(crop, line, ink) | ends
        line = line | grow(ends, 2)
    own = [own_colour(crop, line, ink) for ink in inks]
    held = np.any(own, axis=0)
    core = held | np.any([ink.core for ink in inks], axis=0)
    noise = _noise(crop, grow(line, 2) & ~grow(core, 3))
    alpha, changed = core.astype(np.float32), core
    for _ in range(2):
        near = grow(core, 2)
        behind = fill(crop, near)
        alpha, changed = np.zeros(line.shape, np.float32), np.zeros(line.shape, bool)
        for ink, mine in zip(inks, own, strict=True):
            share, fits = coverage(crop, behind, ink.colour)
            ink.core = ((share > 0.5) & (share < 1.7) & fits & line & near) | mine
            if ink.core.any():
                start = np.median(crop[ink.core], axis=0)
                changed |= near & _visible(crop, behind, ink.colour, share, max(VISIBLE, 2 * noise))
                np.maximum(alpha, share * (fits | (len(inks) == 1)), out=alpha)
                ink.colour = fit_colour(crop, ink.core.astype(np.float32), start)
        core = np.any([ink.core for ink in inks], axis=0)
    alpha[held], changed = 1, changed | held
    if len(inks) > 1:  # where two inks meet, neither covers alone but nothing shines through
        alpha[cv2.morphologyEx(core.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3))) > 0] = 1
    return np.where(changed, np.clip(alpha, 0.02, 1), 0).astype(np.float32)


def _noise(crop: np.ndarray, where: np.ndarray) -> float:
    """Spread of fine texture and grain, grey levels (median absolute deviation from a small median, scaled)."""
    calm = cv2.medianBlur(np.clip(crop, 0, 255).astype(np.uint8), 5)
    return 1.48 * float(np.median(furthest(crop, calm.astype(np.float32))[where])) if where.any() else 0.0


def _visible(crop: np.ndarray, behind: np.ndarray, colour: np.ndarray, alpha: np.ndarray, least: float) -> np.ndarray:
    """Where strokes changed the picture by more than `least` towards their colour, or, where they cover a little,
    by much more in any way (a thin outline of another colour). Where they cover less than a tenth it is the guess at
    what is behind that errs: counting those pixels takes the IoU of 24 made covers from 0.930 to 0.915, and laid over
    a moved plate they stand still around the letters."""
    towards = alpha * furthest(colour, behind) > least
    return towards | ((furthest(crop, behind) > 2 * least - VISIBLE) & (alpha > 0.1))


def _with_style(crop: np.ndarray, alpha: np.ndarray, strokes: np.ndarray, height: float) -> np.ndarray:
    """The mask of one line: strokes and, where one is found, their style."""
    changed, opacity = alpha > 0, np.minimum(alpha / _SOLID, 1)
    faint = np.zeros_like(alpha)
    style = find_style(crop, alpha, strokes & ~changed, height)
    if style:
        near = grow(alpha > 0.5, REACH * height)
        behind = push_pull(crop, near | strokes)
        seen = np.abs(style.opacity[..., None] * (style.colour - behind)).max(-1)
        changed = changed | (seen > VISIBLE)
        under = np.minimum(style.opacity / _SOLID, 1) if style.kind == "outline" else style.opacity
        opacity = 1 - (1 - opacity) * (1 - under)
        faint = np.where(seen > _FAINT, style.opacity, 0)
    return mask_of_opacity(opacity, changed, faint)


def fill(crop: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Quick guess of what is behind `hole` (Telea 2004). crop: (h, w, 3) float32 0..255 -> the same."""
    picture = np.clip(crop + 0.5, 0, 255).astype(np.uint8)
    return cv2.inpaint(picture, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA).astype(np.float32)
