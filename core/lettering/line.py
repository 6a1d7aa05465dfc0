"""One line of lettering: the words in it, and the strokes, outlines, shadows and glows of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from ..pixels import grow
from .ink import Ink, coverage, fit_colour, furthest, gaps, letters_beyond, look_alikes, own_colour, ridge_of, tips
from .regions import TextRegion
from .strokes import clear_of, find_strokes
from .styles import REACH, VISIBLE, find_style, mask_of_opacity, push_pull

Window = tuple[slice, slice]

# Coverage from which strokes are opaque: through those printed at 0.92, as is usual, and through the edges of thin ones
# what moves below would shimmer.
_SOLID = 0.4
_BEYOND = 2.6  # heights of a line: how far from it letters are looked for that the detector left out
_ROUNDS = 5  # times letters are looked for beyond those found
_UNSURE = 0.3  # heights of a line: how far around picture taken for ink its strokes may be missed, or torn
_SEEN = 0.35  # share of the chance of the clearest strokes from which the detector sees one
_FAINTLY = 0.1  # and where nothing speaks against it
_ENOUGH = 0.2  # share of the strokes that is not in doubt from which these say how clearly strokes are seen
_FAINT = 1.5  # grey levels: the fading end of a shadow is followed down to this


@dataclass(frozen=True)
class Scene:
    """What is known of a cover before its lines are looked at one by one.

    picture: (H, W, 3) float32 sRGB 0..255; likely: (H, W) float32, chance 0..1 that a pixel is stroke; likely_large:
    the same of type so large that the detector sees it better when the cover is small; claims: (H, W) uint8 or bool, in
    how many lines' areas each pixel is.
    """

    picture: np.ndarray
    likely: np.ndarray
    likely_large: np.ndarray
    claims: np.ndarray

    @cached_property
    def lettered(self) -> np.ndarray:
        """(H, W) bool, the areas of all lines."""
        return self.claims > 0


@dataclass(frozen=True)
class Line:
    """region: as it was found; area: (H, W) bool, where its strokes are looked for; height: of the line, px."""

    region: TextRegion
    area: np.ndarray
    height: float

    @classmethod
    def of(cls, region: TextRegion, size: tuple[int, int]) -> Line:
        area = filled(region, size)
        height = 2 * float(cv2.distanceTransform(np.pad(area, 1).astype(np.uint8), cv2.DIST_L2, 3).max())
        return cls(region, grow(area, 0.12 * height + 2), height)


@dataclass(frozen=True)
class Words:
    """Words of one line that are of one style. alpha: (h, w) float32, coverage by their strokes; doubt: (h, w) bool,
    where that may be wrong; both in a window of the cover; height: of the line, px."""

    alpha: np.ndarray
    doubt: np.ndarray
    window: Window
    height: float


def filled(region: TextRegion, size: tuple[int, int]) -> np.ndarray:
    """The inside of a region's outline, (H, W) bool."""
    area = np.zeros(size, np.uint8)
    cv2.fillPoly(area, [np.round(np.asarray(region.polygon)).astype(np.int32)], 1)
    return area > 0


def words_of(scene: Scene, line: Line, hair: bool = False) -> list[Words]:
    """The words of a line, those of each colour by themselves; none where no strokes are made out. hair: its strokes
    are thin."""
    area, height = line.area, line.height
    if not area.any():
        return []
    window = window_of(area, int(height + 6))
    picture, likely = scene.picture, scene.likely
    inks = find_strokes(picture[window], area[window], scene.lettered[window], height, likely[window], hair)
    if not inks:
        return []
    inks, area, window = _followed(scene, inks, area, window, height)
    apart = len(inks) == 2 and clear_of(*inks)  # words in two colours have each their own style
    crop, near = picture[window], area[window]
    others = scene.claims[window] > line.area[window]
    words = []
    for group in [[ink] for ink in inks] if apart else [inks]:
        alpha = _stroke_alpha(crop, near, group)
        doubt = np.any([look_alikes(crop, near, ink, others) for ink in group], axis=0)
        words.append(Words(alpha, grow(doubt, _UNSURE * height), window, height))
    return [one for one in words if one.alpha.any()]


def as_seen(scene: Scene, words: Words) -> Words:
    """Words without what may be picture of their colour, where the detector sees no strokes.

    In doubt is then what lies around all that was taken out, which may be a stroke seen faintly, and around strokes
    that the detector sees and the words have not."""
    mine, seen = words.alpha > 0, scene.likely[words.window]
    surely = mine & ~words.doubt
    clear = seen[surely if np.count_nonzero(surely) > _ENOUGH * np.count_nonzero(mine) else mine]
    clearest = float(np.quantile(clear, 0.9))
    stroke = seen > _SEEN * clearest
    strokes, faint = mine & stroke, mine & ~words.doubt & (seen > _FAINTLY * clearest)
    ridge = ridge_of(words.alpha > 0.5)
    wide = float(np.quantile(ridge, 0.9)) + 1 if len(ridge) else 1.0
    kept = mine & grow(strokes | faint, wide)
    _, labels = cv2.connectedComponents(kept.astype(np.uint8))
    places = np.asarray(labels, np.intp)
    share = np.bincount(places.ravel(), (strokes | faint).ravel()) / np.bincount(places.ravel())
    beads = (share < 0.5)[places]  # of a rim that is seen as stroke here and there
    alpha = np.where(kept & ~beads, words.alpha, 0).astype(np.float32)
    missed = words.doubt & stroke & ~grow(mine, 2)
    taken_out = mine & (alpha == 0)
    return replace(words, alpha=alpha, doubt=grow(missed, _UNSURE * words.height) | grow(taken_out, 0.1 * words.height))


def window_of(area: np.ndarray, pad: int) -> Window:
    rows, columns = (np.flatnonzero(area.any(axis)) for axis in (1, 0))
    return (
        slice(max(0, int(rows[0]) - pad), min(area.shape[0], int(rows[-1]) + pad + 1)),
        slice(max(0, int(columns[0]) - pad), min(area.shape[1], int(columns[-1]) + pad + 1)),
    )


def _followed(
    scene: Scene, inks: list[Ink], area: np.ndarray, window: Window, height: float
) -> tuple[list[Ink], np.ndarray, Window]:
    """The inks of a line, its area and their window, with the letters beyond it, and those beyond these."""
    for _ in range(_ROUNDS):
        wide = window_of(area, int(_BEYOND * height + 6))
        inks, window = [_widen(ink, window, wide) for ink in inks], wide
        free = ~scene.lettered[wide] & ~np.any([ink.core for ink in inks], axis=0)
        more = [letters_beyond(scene.picture[wide], free, ink, height, scene.likely[wide]) for ink in inks]
        if not np.any(more):
            break
        for ink, letters in zip(inks, more, strict=True):
            ink.core |= letters
        area = area.copy()
        area[wide] |= grow(np.any(more, axis=0), 0.12 * height + 2)
    narrow = _within(window_of(area, int(height + 6)), window)
    return [_narrow(ink, window, narrow) for ink in inks], area, narrow


def _widen(ink: Ink, window: Window, wide: Window) -> Ink:
    """An ink of a window of the cover as one of a wider window."""
    more = [(part.start - whole.start, whole.stop - part.stop) for part, whole in zip(window, wide, strict=True)]
    return replace(ink, core=np.pad(ink.core, more), colour=np.pad(ink.colour, [*more, (0, 0)], mode="edge"))


def _narrow(ink: Ink, wide: Window, window: Window) -> Ink:
    """An ink of a window of the cover as one of a window in it."""
    rows, columns = (slice(n.start - w.start, n.stop - w.start) for n, w in zip(window, wide, strict=True))
    return replace(ink, core=ink.core[rows, columns], colour=ink.colour[rows, columns])


def _within(window: Window, wide: Window) -> Window:
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
    what is behind that errs: such pixels, laid over a moved plate, would stand still around the letters."""
    towards = alpha * furthest(colour, behind) > least
    return towards | ((furthest(crop, behind) > 2 * least - VISIBLE) & (alpha > 0.1))


def with_style(scene: Scene, words: Words, strokes: np.ndarray) -> np.ndarray:
    """The mask of words, (h, w) float32 in their window: strokes and, where one is found, their style.

    strokes: (H, W) bool, those of all words."""
    crop, alpha, height = scene.picture[words.window], words.alpha, words.height
    others = strokes[words.window]
    changed, opacity = alpha > 0, np.minimum(alpha / _SOLID, 1)
    faint = np.zeros_like(alpha)
    style = find_style(crop, alpha, others & ~changed, height)
    if style:
        near = grow(alpha > 0.5, REACH * height)
        behind = push_pull(crop, near | others)
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
