"""An ink: one colour of a line of type, where it covers, and what else is printed in it.

A colour varies linearly over a line (gradient fills). Coverage is the projection on the line from background to
lettering colour (linear compositing, as in matting). Where the ground is too near the ink to tell, even colour and
stroke width decide; so they do for letters beyond the line's area.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..pixels import disc, grow, morphed

_ONES = np.ones((1, 3), np.float32)
_SAMPLES = 2500  # pixels a fit looks at
_FLAT = 15.0  # grey levels: an ink that varies less is of one colour
_WORK_HEIGHT = 80  # px: around higher lines letters are looked for scaled down to this
# A letter beyond its line is of the ink's colour, ends sharply all around, is as thin as its strokes, and the detector
# finds it likely: all of these, since each alone is common in pictures.
_LETTER = 0.12, 1.8  # size of a letter or a part of one, in heights of its line
_SPECK = 0.006  # square heights: what is smaller is none
_THING = 2.0  # so many times thicker than strokes ever get
_WEAK = 0.15  # score of an ink that is hardly lettering: what has its colour is no letter


@dataclass
class Ink:
    """One colour of a line of type. core: (h, w) bool, covered by more than half; colour: (h, w, 3) float32 sRGB
    0..255, what it is everywhere; score: 0..1, how much it is like lettering; likely: mean chance of its pixels to be
    stroke, as the detector sees it; explains: share of the line's chances, squared, that it covers; uneven: grey levels
    by which the better third of its pixels is off that colour; thickest: half the width of its thickest part, in
    heights of the line."""

    core: np.ndarray
    colour: np.ndarray
    score: float
    likely: float
    explains: float
    uneven: float
    thickest: float

    @property
    def rank(self) -> float:
        """The candidate of a line where this is greatest is taken: lettering is what the detector sees there, all of
        it, even in colour and thin. A fitted conditional logit (McFadden 1974)."""
        seen = self.score * (self.likely + 0.05) ** 2.5 * (self.explains + 0.02) ** 2
        return seen / max(self.uneven, 3.0) * float(np.exp(-27 * self.thickest))


def fit_colour(crop: np.ndarray, weight: np.ndarray, start: np.ndarray) -> np.ndarray:
    """A colour varying linearly over the crop that fits the weighted pixels near `start`. Returns (h, w, 3) float32."""
    height, width = weight.shape
    rows, columns = sample(weight)
    colours, weights = crop[rows, columns], weight[rows, columns]
    middle = np.array([columns.mean(), rows.mean()])
    size = np.array([columns.std(), rows.std()]) + 1.0  # a line is wide and low: each way in its own measure
    place = np.stack([np.ones(len(rows)), (columns - middle[0]) / size[0], (rows - middle[1]) / size[1]], 1)
    plane = np.zeros((3, 3))
    plane[0] = start
    for _ in range(6):
        off = colours - place @ plane
        near = weights * np.exp(-np.einsum("ij,ij->i", off, off) / (2 * 22.0**2))
        calm = np.diag([1e-4, 0.05, 0.05]) * (near.sum() + 1e-6)  # keeps a solid colour solid
        pulled = np.vstack([plane[0], np.zeros((2, 3))])
        plane = np.linalg.solve(
            place.T @ (place * near[:, None]) + calm, place.T @ (colours * near[:, None]) + calm @ pulled
        )
    across, down = ((np.arange(n) - m) / z for n, m, z in zip((width, height), middle, size, strict=True))
    rows_of = (plane[0] + down[:, None] * plane[2]).astype(np.float32)
    columns_of = (across[:, None] * plane[1]).astype(np.float32)
    return np.clip(rows_of[:, None] + columns_of[None], 0, 255)


def sample(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.nonzero(weight > 0.02)
    if len(rows) > _SAMPLES:
        pick = np.random.default_rng(0).choice(len(rows), _SAMPLES, replace=False)
        rows, columns = rows[pick], columns[pick]
    return rows, columns


def coverage(crop: np.ndarray, behind: np.ndarray, colour: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far each pixel lies on the way from background to lettering colour, and whether it lies on that way.

    All (h, w, 3) float32. Returns (alpha, fits): alpha unclipped; fits False where the colour is off the line or there
    is too little contrast to tell.
    """
    way, gone = colour - behind, crop - behind
    square = dot(way, way)
    along = dot(gone, way)
    alpha = along / (square + 40)
    contrast = np.sqrt(square)
    off = np.maximum(dot(gone, gone) - 2 * alpha * along + alpha * alpha * square, 0)
    return alpha, (off < (0.45 * contrast + 6) ** 2) & (contrast > 10)


def furthest(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Largest difference of the three channels, (h, w); seven times as fast as numpy's own maximum over so few."""
    off = cv2.absdiff(a, b)
    return np.maximum(np.maximum(off[..., 0], off[..., 1]), off[..., 2])


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return cv2.transform(cv2.multiply(a, b), _ONES)


def own_colour(crop: np.ndarray, line: np.ndarray, ink: Ink) -> np.ndarray:
    """Pixels of the line that have the ink's colour to a few levels, in parts no thicker than its strokes; (h, w) bool.

    They are lettering also where their ground is nearly as dark (a crossing dark thing, the strokes' own glow), which
    `coverage` cannot tell.
    """
    off = furthest(crop, ink.colour)
    same = (off < _even(off[ink.core])) & line
    thin = _thin(same, ridge_of(ink.core))
    return same & (cv2.morphologyEx((thin | ink.core).astype(np.uint8), cv2.MORPH_OPEN, disc(1)) > 0)


def gaps(crop: np.ndarray, line: np.ndarray, ink: Ink) -> np.ndarray:
    """Pieces of stroke missing between others, because a hair line has hardly a pixel of its very colour; (h, w) bool.

    Such a piece is on the way from its ground to the ink, about as even as it, no thicker than its strokes, and meets
    them in two places.
    """
    ridge, off = ridge_of(ink.core), furthest(crop, ink.colour)
    reach = disc(2 * float(np.quantile(ridge, 0.9)) + 2)
    opened, closed = (morphed(crop, how, reach) for how in (cv2.MORPH_OPEN, cv2.MORPH_CLOSE))
    share, fits = coverage(crop, further(ink.colour, opened, closed), ink.colour)
    clear = (share > 0.5) & (share < 1.7) & fits & line
    even = float(np.quantile(off[ink.core], 0.7))
    found = np.zeros(line.shape, bool)
    for near, piece in _parts(_thin(clear | ink.core, ridge) & ~ink.core):
        meets, _ = cv2.connectedComponents((grow(piece, 1) & ink.core[near]).astype(np.uint8))
        if meets > 2 and np.quantile(off[near][piece], 0.3) < even:
            found[near] |= piece
    return found


def tips(crop: np.ndarray, line: np.ndarray, ink: Ink) -> np.ndarray:
    """Ends of strokes that stick out of the line's area; (h, w) bool."""
    return _past(crop, line, ink)[0]


def _past(crop: np.ndarray, line: np.ndarray, ink: Ink) -> tuple[np.ndarray, np.ndarray]:
    """What goes on past the line's area in the ink's colour, as thin as it: what is soon over, as the end of a stroke
    is, and what runs on, as the rim of a cup does; both (h, w) bool."""
    ridge, off = ridge_of(ink.core), furthest(crop, ink.colour)
    reach = 4 * float(np.quantile(ridge, 0.9)) + 2
    past = _thin((off < _even(off[ink.core])) & grow(line, reach) & (~line | ink.core), ridge) & ~line
    end = ~grow(line, reach - 1)
    over, on = np.zeros(line.shape, bool), np.zeros(line.shape, bool)
    for near, piece in _parts(past):
        if (grow(piece, 1) & ink.core[near]).any():
            (on if (piece & end[near]).any() else over)[near] |= piece
    return over, on


def look_alikes(crop: np.ndarray, line: np.ndarray, ink: Ink, others: np.ndarray) -> np.ndarray:
    """Picture of the ink's colour in which strokes may be lost, or that was taken for them; (h, w) bool.

    What is of that colour but far thicker than the strokes, and what of the ink hangs together with something that runs
    on past the line, as the rim of a cup does. others: (h, w) bool, where other lines are: what is there is no picture.
    """
    found = np.zeros(line.shape, bool)
    if ink.core.any():
        ridge, off = ridge_of(ink.core), furthest(crop, ink.colour)
        core = ink.core & ~others
        alike = core | ((off < _even(off[ink.core])) & line & ~others)
        least = 12 * float(np.quantile(ridge, 0.9)) ** 2  # smaller ones are where strokes meet
        for near, part in _parts(alike & ~_thin(alike, ridge)):
            if np.count_nonzero(part) > least:
                found[near] |= part
        running = grow(_past(crop, line, ink)[1] & ~others, 1)
        for near, part in _parts(core):
            if (part & running[near]).any():
                found[near] |= part
    return found


def _parts(mask: np.ndarray) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """The connected parts of a mask, each as (window with four pixels around it, mask of the part in that window)."""
    count, parts, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    for part in range(1, count):
        x, y, across, down = (int(v) for v in boxes[part][:4])
        near = np.s_[max(0, y - 4) : y + down + 4, max(0, x - 4) : x + across + 4]
        yield near, parts[near] == part


def further(colour: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of two backgrounds, at each pixel the one that differs more from the lettering colour; all (h, w, 3) float32."""
    a, b = one - colour, other - colour
    return np.where((dot(a, a) > dot(b, b))[..., None], one, other)


def letters_beyond(crop: np.ndarray, free: np.ndarray, ink: Ink, height: float, likely: np.ndarray) -> np.ndarray:
    """Letters of the same ink that the detector left out: the end of a word, one of a stack; (h, w) bool.

    crop: (h, w, 3) float32 sRGB 0..255, some heights wide on all sides; free: (h, w) bool, where they may lie; ink: of
    the line; height: of the line, px; likely: (h, w) float32 0..1, chance to be stroke. With a gradient from the top of
    a line to its bottom a letter is looked for beside it only. High lines are searched scaled down.
    """
    factor = min(1.0, _WORK_HEIGHT / height)
    if factor < 1 and ink.core.any():
        size = free.shape[::-1]
        crop, likely, colour, core, room = (
            cv2.resize(part.astype(np.float32), None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            for part in (crop, likely, ink.colour, ink.core, free)
        )
        small = replace(ink, core=core > 0.5, colour=colour)
        found = letters_beyond(crop, room > 0.5, small, _WORK_HEIGHT, likely)
        return (cv2.resize(found.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.4) & free
    found = np.zeros(free.shape, bool)
    if ink.score < _WEAK or not ink.core.any():
        return found
    colour, free = _further_on(ink, free, height)
    off, ridge = furthest(crop, colour), ridge_of(ink.core)
    width, reach = float(np.median(ridge)), disc(2 * float(np.quantile(ridge, 0.9)) + 2)
    opened, closed = (morphed(crop, how, reach) for how in (cv2.MORPH_OPEN, cv2.MORPH_CLOSE))
    share, fits = coverage(crop, further(colour, opened, closed), colour)
    clear = ((share > 0.5) & (share < 1.7) & fits) | (off < _even(off[ink.core]))
    for near, part in _parts(_thin(clear & free, ridge)):
        size, long = np.count_nonzero(part), max(int(np.ptp(at)) + 1 for at in np.nonzero(part))
        if size < _SPECK * height**2 or not _LETTER[0] * height < long < _LETTER[1] * height:
            continue
        if not 0.4 * width < np.median(ridge_of(np.pad(part, 1))) < 2.1 * width:
            continue
        rim = grow(part, 3) & ~grow(part, 1)
        ends, away = (np.abs(share[near][rim]) < 0.35).mean(), np.quantile(off[near][rim], 0.2)
        apart, full = np.quantile(off[near][part], 0.3), np.median(share[near][part])
        stroke = likely[near][part].mean()
        same = (apart < 12 and full > 0.85 and stroke > 0.06) or (apart < 20 and full > 0.8 and stroke > 0.4)
        sure = apart < 8 and full > 0.95 and stroke > 0.15 and size > 5 * _SPECK * height**2
        if same and away > 40 and ends > (0.8 if sure else 0.9):
            found[near] |= part
    return found


def _further_on(ink: Ink, free: np.ndarray, height: float) -> tuple[np.ndarray, np.ndarray]:
    """The colour (h, w, 3) float32 the ink would have past the line, and where it is known, of `free` (h, w) bool."""
    rows, columns = np.nonzero(ink.core)
    colour = np.median(ink.colour[ink.core], axis=0)[None, None]
    if float(np.abs(ink.colour[ink.core] - colour).max()) > _FLAT:
        colour = ink.colour[:, columns].mean(1, keepdims=True)  # a gradient from top to bottom, the same further on
        free = free.copy()
        free[: max(0, rows.min() - int(0.15 * height))] = free[rows.max() + int(0.15 * height) :] = False
        if float(np.abs(ink.colour - colour)[ink.core].max()) > _FLAT:
            free[:] = False  # another gradient: what colour it would have further on is a guess
    return np.ascontiguousarray(np.broadcast_to(colour, (*free.shape, 3)), np.float32), free


def _even(off: np.ndarray) -> float:
    """Grey levels within which a pixel has the ink's own colour; off: how far the ink's pixels are from it, flat."""
    return float(np.clip(1.5 * np.median(off), 5, 12))


def _thin(same: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    """Of the pixels `same` (h, w) bool those in parts no thicker than strokes with this ridge."""
    radius = _widest(ridge)
    inner = cv2.distanceTransform(np.pad(same, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1] > radius
    return same & ~grow(inner, radius + 1)


def without_things(core: np.ndarray) -> np.ndarray:
    """An ink's pixels (h, w) bool without parts so much thicker than its strokes that no letter has them."""
    ridge = ridge_of(core)
    if not len(ridge) or ridge.max() < _THING * _widest(ridge):
        return core
    things = np.zeros_like(core)
    inner = cv2.distanceTransform(np.pad(core, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    for near, part in _parts(core & ~_thin(core, ridge)):
        if float(inner[near][part].max()) >= _THING * _widest(ridge):
            things[near] |= part
    return core & ~things


def _widest(ridge: np.ndarray) -> float:
    """Half the width, px, from which on a part is thicker than strokes with this ridge."""
    return 1.3 * float(np.quantile(ridge, 0.9)) + 1


def ridge_of(core: np.ndarray) -> np.ndarray:
    """Half the strokes' widths along their middle, px, flat."""
    inner = cv2.distanceTransform(core.astype(np.uint8), cv2.DIST_L2, 3)
    return inner[core & (inner >= cv2.dilate(inner, np.ones((3, 3))) - 1e-3)]
