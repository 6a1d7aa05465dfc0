"""Which pixels of a line of type are stroke: its colour, its coverage, and how sure that is.

Works on one crop around one line. Steps and where they come from:
1. Colours that are frequent in the line and rare just around it are lettering (colour histogram back-projection, Swain
   and Ballard 1991, as a posterior against the surrounding ring), taken block by block because the ring changes.
2. Strokes are thinner than the line is high: white and black top-hats (Serra 1982) in both polarities give local
   contrast, as Sauvola's local threshold does, but keep edges of the picture that run through the line. Behind strokes
   is the opened picture or the closed one, whichever differs more from their colour: a line may cross light and dark.
3. Mean shift over the pixels that are both, or that the detector takes for stroke, gives candidate colours; each is
   fitted as a colour that varies linearly over the line (gradient fills) by reweighted least squares.
4. Each candidate is judged by what it would cut out: made of lettering colours, even in stroke width (stroke width
   transform, Epshtein 2010), not too little, and likelier stroke than its ground in the features of the detector. The
   best one wins: this is what tells blue type from blue paint.
5. A second candidate that surrounds the winner, or that it surrounds, is a second ink: fill and outline.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from ..pixels import LUMA, disc, grow, morphed
from .ink import Ink, coverage, dot, fit_colour, further, furthest, ridge_of, sample, without_things

_BINS = 32  # per Lab channel
_WORK_HEIGHT = 80  # px: higher lines are searched scaled down to this
_SAME = 6.0  # grey levels: candidates nearer than this everywhere are one
_FULL = 0.4  # of a line's area: strokes leave more of it free, a ground does not
_APART = 1.3  # strokes are this many times likelier stroke than the line's whole area
_THROUGH = 0.1  # how much; lettering is often printed a little transparent, 0.92 is usual
_NEXT_WORDS = 0.35  # score from which a second colour is words, not picture


def find_strokes(
    crop: np.ndarray, line: np.ndarray, others: np.ndarray, height: float, likely: np.ndarray, hair: bool = False
) -> list[Ink]:
    """The inks of one line of type, the likeliest first; empty where nothing in it looks like strokes.

    crop: (h, w, 3) float32 sRGB 0..255; line: (h, w) bool, the line's area; others: (h, w) bool, every line's area, so
    that the surroundings are free of lettering; height: of the line, px; likely: (h, w) float32, chance 0..1 that a
    pixel is stroke, as `ppocr.Seen` has it; hair: its strokes are thin, what is far thicker is none of them.
    """
    if height > _WORK_HEIGHT:
        return _find_small(crop, line, others, height, likely, hair)
    around = grow(line, 0.6 * height) & ~others & ~line
    lab = cv2.cvtColor(np.clip(crop + 0.5, 0, 255).astype(np.uint8), cv2.COLOR_RGB2LAB)
    chance = _lettering_colours(lab, line, others, height)
    reach = disc(0.17 * height + 2)
    grounds = {bright: _without_strokes(crop, reach, bright) for bright in (True, False)}
    middle = np.median(crop[around], axis=0) if around.any() else np.median(crop.reshape(-1, 3), axis=0)
    fine = disc(0.05 * height + 1)
    x, y, across, down = cv2.boundingRect(line.astype(np.uint8))
    box = np.s_[max(0, y - 3) : y + down + 3, max(0, x - 3) : x + across + 3]
    inks: list[Ink] = []
    tried: list[np.ndarray] = []
    for bright, ground in grounds.items():
        clear, thin = (
            np.clip((np.abs((crop - behind) @ LUMA) - 5) / 20, 0, 1) * line
            for behind in (ground, _without_strokes(crop, fine, bright))
        )
        for weight in (chance * clear, clear, likely * clear, likely * thin):
            if np.count_nonzero(weight > 0.05) < 20:
                continue
            for start in _frequent(crop, weight):
                colour = fit_colour(crop, weight, start)
                corners = colour[[0, 0, -1, -1], [0, -1, 0, -1]]  # it varies linearly
                if any(float(np.abs(corners - other).max()) < _SAME for other in tried):
                    continue
                tried.append(corners)
                behind = further(colour[box], grounds[True][box], grounds[False][box])  # it may cross light and dark
                found = _judge(crop[box], line[box], colour[box], behind, chance[box], likely[box], height, hair)
                if found:
                    core = np.zeros(line.shape, bool)
                    core[box] = found.core
                    inks.append(replace(found, core=core, colour=colour))
    inks.sort(key=lambda ink: -ink.rank)
    return inks[:1] + _second_ink(inks, middle, line)


def _find_small(
    crop: np.ndarray, line: np.ndarray, others: np.ndarray, height: float, likely: np.ndarray, hair: bool
) -> list[Ink]:
    """`find_strokes` on the crop scaled down to _WORK_HEIGHT: display type is found as well there, and much faster."""
    factor = _WORK_HEIGHT / height
    size = line.shape[::-1]
    small = cv2.resize(crop, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    areas = [
        cv2.resize(a.astype(np.uint8), small.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0 for a in (line, others)
    ]
    likely = cv2.resize(likely, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    inks = find_strokes(small, areas[0], areas[1], _WORK_HEIGHT, likely, hair)
    for ink in inks:
        ink.core = (cv2.resize(ink.core.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.4) & line
        ink.colour = cv2.resize(ink.colour, size, interpolation=cv2.INTER_LINEAR)
    return inks


def _second_ink(inks: list[Ink], middle: np.ndarray, line: np.ndarray) -> list[Ink]:
    """The ink that goes with the first, if any. As outline with fill: one lies around the other nearly everywhere (a
    shadow lies on one side). As the next words in another colour: the two stay clear of each other. Its colour is not a
    mixture of the first ink and the picture (a soft edge)."""
    for other in inks[1:]:
        if other.score < 0.5 * inks[0].score:
            break
        first, second = inks[0].colour[line].mean(0), other.colour[line].mean(0)
        way = first - middle
        along = float(np.clip((second - middle) @ way / (way @ way + 1e-6), 0, 1))
        apart = min(float(np.linalg.norm(second - middle - along * way)), float(np.linalg.norm(second - first)))
        if apart <= 40:
            continue
        ground = np.count_nonzero(other.core) > _FULL * np.count_nonzero(line)
        if not ground and max(_around(inks[0].core, other.core), _around(other.core, inks[0].core)) > 0.8:
            return [other]
        if other.score > _NEXT_WORDS and clear_of(inks[0], other):
            return [other]
    return []


def clear_of(one: Ink, other: Ink) -> bool:
    """Whether two inks are words beside each other, not fill and outline."""
    return bool((grow(one.core, 2) & other.core).sum() < 0.02 * other.core.sum())


def _around(inner: np.ndarray, outer: np.ndarray) -> float:
    """Share of the rim of `inner` that `outer` lies on."""
    rim = grow(inner, 2) & ~grow(inner, 1)
    return float(grow(outer, 1)[rim].mean()) if rim.any() else 0.0


def _without_strokes(crop: np.ndarray, reach: np.ndarray, bright: bool) -> np.ndarray:
    """What is behind strokes brighter (or darker) than their surroundings and thinner than `reach`."""
    return morphed(crop, cv2.MORPH_OPEN if bright else cv2.MORPH_CLOSE, reach)


def _lettering_colours(lab: np.ndarray, line: np.ndarray, others: np.ndarray, height: float) -> np.ndarray:
    """(h, w) float32 0..1: how much more frequent each pixel's colour is in the line than around it nearby."""
    total, seen = np.zeros(line.shape, np.float32), np.zeros(line.shape, np.float32)
    rows, columns = np.nonzero(line)
    block, pad = int(max(24, 2.5 * height)), int(0.6 * height + 4)
    for y in range(rows.min(), rows.max() + 1, block // 2):
        for x in range(columns.min(), columns.max() + 1, block // 2):
            if np.count_nonzero(line[y : y + block, x : x + block]) < 20:
                continue
            top, left = max(0, y - pad), max(0, x - pad)
            wide = np.s_[top : y + block + pad, left : x + block + pad]
            ring = grow(line[wide], 0.6 * height) & ~others[wide] & ~line[wide]
            inside = np.zeros(ring.shape, bool)
            here = np.s_[y - top : y - top + block, x - left : x - left + block]
            inside[here] = line[wide][here]
            if np.count_nonzero(ring) < 20:
                continue
            share = _posterior(lab[wide], inside, ring)
            total[wide] += share * inside
            seen[wide] += inside
    return total / np.maximum(seen, 1)


def _posterior(lab: np.ndarray, inside: np.ndarray, ring: np.ndarray) -> np.ndarray:
    index = (lab.astype(np.int32) * _BINS) >> 8
    flat = (index[..., 0] * _BINS + index[..., 1]) * _BINS + index[..., 2]
    within, without = (_smooth(np.bincount(flat[area], minlength=_BINS**3), area) for area in (inside, ring))
    return np.clip((within - without) / (within + 1e-7), 0, 1)[flat]


def _smooth(counts: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Blur a colour histogram by 1.2 bins along each axis; returns shares, flat."""
    cube = (counts.astype(np.float32) / max(1, np.count_nonzero(area))).reshape(_BINS, _BINS * _BINS)
    kernel = cv2.getGaussianKernel(7, 1.2)
    one = np.ones((1, 1))
    for _ in range(3):  # blur along the first axis, then turn the cube so that the next axis comes first
        cube = cv2.sepFilter2D(cube, -1, one, kernel, borderType=cv2.BORDER_CONSTANT)
        cube = cube.reshape(_BINS, _BINS, _BINS).transpose(1, 2, 0).reshape(_BINS, _BINS * _BINS)
    return cube.ravel()


def _frequent(crop: np.ndarray, weight: np.ndarray, most: int = 3) -> list[np.ndarray]:
    """Up to `most` colours around which the weighted pixels gather (mean shift, bandwidth 16 levels)."""
    rows, columns = sample(weight)
    colours, weights = crop[rows, columns], weight[rows, columns]
    count = min(20, len(rows))
    starts = np.random.default_rng(0).choice(len(rows), count, replace=False, p=weights / weights.sum())
    points = colours[starts].copy()
    pull = np.zeros(1)
    for _ in range(8):
        away = sum((points[:, None, i] - colours[:, i]) ** 2 for i in range(3))
        pull = weights * np.exp(-away / (2 * 16.0**2))
        points = (pull @ colours) / (pull.sum(1, keepdims=True) + 1e-9)
    chosen: list[np.ndarray] = []
    for i in np.argsort(-pull.sum(1)):
        if all(((points[i] - other) ** 2).sum() > 28**2 for other in chosen):
            chosen.append(points[i])
    return chosen[:most]


def pure(core: np.ndarray, crop: np.ndarray, colour: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """The pixels of `core` (h, w) bool that are printed: of the ink's colour (h, w, 3), or beside one that is.

    Ink is even in colour, a picture that resembles it is not, so the better third of the pixels says how far off the
    others may be. What is behind may shine through evenly, by up to _THROUGH.
    """
    if not core.any():
        return core
    off = furthest(crop, colour)
    even = max(10.0, 2.0 * float(np.quantile(off[core], 0.3)))
    away = behind - behind[core & (off < even)].mean(0)
    some = core & (off < even + _THROUGH * np.sqrt(dot(away, away)))
    square = float((away[some] ** 2).sum()) + 1.0
    through = np.clip(float((away[some] * (crop - colour)[some]).sum()) / square, 0, _THROUGH)
    off = furthest(crop, colour + np.float32(through) * away)
    return core & grow(core & (off < even), 2)


def _judge(
    crop: np.ndarray,
    line: np.ndarray,
    colour: np.ndarray,
    behind: np.ndarray,
    chance: np.ndarray,
    likely: np.ndarray,
    height: float,
    hair: bool,
) -> Ink | None:
    """Score of a candidate: share of lettering colours x exp(-0.8 spread of stroke width) x filled share ^ 0.3
    x exp(0.3 crisp - 0.2 leak), less what lies beyond, fills the line or is no likelier stroke than the rest of it.

    crisp: share of the strokes' rim that has left them within a pixel, as type does and painted shapes do not; leak:
    share of the strokes that run out of the line's area. Beyond are pixels that go on in the same direction past the
    candidate's colour: it is then only the colour of the strokes' soft edges.
    """
    alpha, fits = coverage(crop, behind, colour)
    core = pure((alpha > 0.5) & (alpha < 1.7) & fits & line, crop, colour, behind)
    core = without_things(core) if hair else core
    if np.count_nonzero(core) < 15:
        return None
    ridge = ridge_of(core)
    spread = float(ridge.std() / (ridge.mean() + 1e-6))
    filled = np.count_nonzero(core) / np.count_nonzero(line)
    beyond = np.count_nonzero((alpha > 1.35) & fits & line)
    whole = np.count_nonzero(core) / (np.count_nonzero(core) + beyond)
    edge = grow(core, 1) & ~core
    crisp = float((np.abs(alpha[edge]) < 0.35).mean()) if edge.any() else 0.0
    leak = _leak(core, line)
    score = float(chance[core].mean() * np.exp(-0.8 * spread + 0.3 * crisp - 0.2 * leak) * filled**0.3 * whole**2)
    seen = float(likely[core].mean())
    apart = (seen + 0.01) / (float(likely[line].mean()) + 0.01)
    score *= float(np.exp(-6 * max(0.0, filled - _FULL))) * min(1.0, apart / _APART) ** 3
    chances = likely[line] ** 2
    return Ink(
        core,
        colour,
        score,
        likely=seen,
        explains=float(chances[core[line]].sum() / (chances.sum() + 1e-6)),
        uneven=float(np.quantile(furthest(crop, colour)[core], 0.3)),
        thickest=float(ridge.max()) / height,
    )


def _leak(core: np.ndarray, line: np.ndarray) -> float:
    """Share of `core` in connected parts that reach the rim of `line`."""
    _, parts = cv2.connectedComponents(core.astype(np.uint8))
    rim = line & (cv2.erode(line.astype(np.uint8), np.ones((3, 3))) == 0)
    reaching = np.unique(parts[rim & core])
    return float(np.isin(parts[core], reaching).mean())
