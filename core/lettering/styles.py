"""Layer styles: the shadow, glow or outline that was laid under the strokes, found and measured.

A style is the strokes' own coverage, widened, softened or moved, in one colour and one opacity. Which one, if any, is
decided by how well its gradients explain the picture's gradients around the strokes: slow changes of the picture cancel
out, and texture does not follow the shape of letters. (Regression in the gradient domain, as Dekel et al. 2017 use to
measure watermarks.) Colour and opacity come from the same regression: shadow over light and dark tells them apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..pixels import disc, grow

# Share of the gradients' energy a style must explain: the picture by itself seems to have a little of each.
_EXPLAINED = {"shadow": 0.14, "glow": 0.2, "outline": 0.22}
# On rough pictures a glow explains little, but all along the line, and changes much: no picture is that wide, steady
# and deep by chance, and one that is _VERY_DEEP is seldom steady.
_WIDE_GLOW, _EXPLAINED_WIDE, _STEADY_WIDE, _DEEP_WIDE = 0.1, 0.05, 10.0, 35.0
_VERY_DEEP, _EXPLAINED_VERY_DEEP, _STEADY_VERY_DEEP = 70.0, 0.025, 6.5
# On rough pictures a shadow explains little, but all along the line: a picture that happens to be darker there is not
# both this steady and this much explained where the shadow would lie.
_STEADY, _EXPLAINED_THERE = 6.0, 0.25
_DEEP, _EXPLAINED_DEEP = 50.0, 0.1  # a change by this many levels needs less
# The fringe that resampling and JPEG leave around strokes is explained well as an outline, but it is weak: no more
# than this share of the strokes' own contrast.
_FRINGE = 0.08
VISIBLE = 10.0  # grey levels: what a change must reach to count as lettering
_WORK_HEIGHT = 48  # px: lines are scaled down to this height for the search
_NARROW = 0.03  # a glow this tight is an outline with soft edges
_FAINT_SCALE = 5.0  # spreads opacities of 0 to 0.1 over the lower half of a mask
_STEPS = {"right": 0.02, "down": 0.02, "size": 0.014, "full": 0.2}
_BOUNDS = {"right": (-0.2, 0.2), "down": (-0.2, 0.2), "size": (0.02, 0.2), "full": (0.2, 1.0)}
REACH = 0.42  # of the line's height: how far from a stroke its style can be seen


@dataclass(frozen=True)
class Style:
    """kind: "shadow", "glow" or "outline"; opacity: (h, w) float32 0..1; colour: (3,) sRGB 0..255; explained 0..1."""

    kind: str
    opacity: np.ndarray
    colour: np.ndarray
    explained: float


@dataclass(frozen=True)
class _Shape:
    """How a style is made from coverage; lengths in heights of the line."""

    kind: str
    size: float  # sigma of the blur, or radius of the outline
    full: float = 1.0  # blurred coverage at which the style is fully there
    right: float = 0.0
    down: float = 0.0

    def of(self, alpha: np.ndarray, height: float) -> np.ndarray:
        if self.kind == "outline":
            return cv2.dilate(alpha, disc(self.size * height))
        soft = soften(alpha, self.size * height)
        if self.right or self.down:
            move = np.array([[1, 0, self.right * height], [0, 1, self.down * height]], np.float32)
            soft = cv2.warpAffine(soft, move, alpha.shape[::-1], flags=cv2.INTER_LINEAR)
        return np.minimum(soft / self.full, 1)


def mask_of_opacity(opacity: np.ndarray, changed: np.ndarray, faint: np.ndarray) -> np.ndarray:
    """The glyph mask, (h, w) float32: `opacity` where the picture is visibly `changed`, else that of `faint` ends."""
    seen = 0.502 + 0.498 * np.clip(opacity, 0, 1)
    return np.where(changed, seen, np.minimum(_FAINT_SCALE * faint, 0.498)).astype(np.float32)


def opacity_of(mask: np.ndarray) -> np.ndarray:
    """Opacity 0..1 of the lettering from a glyph mask 0..1: 2 * mask - 1 above 0.5, mask / 5 (a faint end) below."""
    return np.where(mask > 0.5, 2 * mask - 1, mask / _FAINT_SCALE).clip(0, 1).astype(np.float32)


def soften(picture: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), sigma) if sigma > 0.3 else picture


def find_style(crop: np.ndarray, alpha: np.ndarray, others: np.ndarray, height: float) -> Style | None:
    """The style under the strokes of one line, or None.

    crop: (h, w, 3) float32 sRGB 0..255; alpha: (h, w) float32 0..1, the strokes' coverage; others: (h, w) bool, strokes
    of other lines; height: of the line in px.
    """
    near = grow(alpha > 0.5, REACH * height)
    blocked = grow(alpha > 0.1, 1) | grow(others, 3)
    factor = min(1.0, _WORK_HEIGHT / height)
    small = [_shrink(part.astype(np.float32), factor) for part in (crop, alpha, near, blocked)]
    fit = _Fit(small[0], small[2] > 0.5, small[3] > 0.3)
    if not fit.enough:
        return None
    own = np.median(small[0][small[1] > 0.8], axis=0) if (small[1] > 0.8).any() else None
    best: tuple[float, _Shape, float, np.ndarray] | None = None
    for shape in _shapes(height * factor):
        explained, opacity, colour = fit.measure(shape.of(small[1], height * factor))
        if best is None or explained > best[0]:
            best = explained, shape, opacity, colour
    if best is None:
        return None
    explained, shape, opacity, colour = best
    evidence = fit.evidence(shape.of(small[1], height * factor), opacity, colour, height * factor)
    if not _believed(shape, explained, evidence, fit.contrast(own)):
        return None
    if shape.kind != "outline" and shape.size > _NARROW:
        shape, opacity, colour = _refined(fit, shape, opacity, colour, small[1], height * factor)
    else:
        opacity = 1.0  # too narrow to measure, and an outline is printed solid: what is under it is filled
    full = np.clip(opacity * shape.of(alpha, height), 0, 1).astype(np.float32)
    return Style(shape.kind, full, colour, explained)


@dataclass(frozen=True)
class _Evidence:
    """steady: mean over standard error of the style's strength in blocks along the line; there: explained energy where
    the style changes; change: (3,) median grey levels it changes the picture by."""

    steady: float
    there: float
    change: np.ndarray


def _believed(shape: _Shape, explained: float, evidence: _Evidence, contrast: float) -> bool:
    deep = float(np.abs(evidence.change).max())
    if shape.kind == "shadow":
        darker = float(evidence.change.sum()) < 0
        enough = evidence.there > (_EXPLAINED_DEEP if deep > _DEEP else _EXPLAINED_THERE)
        return explained > _EXPLAINED["shadow"] or (darker and deep > VISIBLE and evidence.steady > _STEADY and enough)
    wide = shape.kind == "glow" and shape.size >= _WIDE_GLOW
    if wide and evidence.steady > _STEADY_WIDE and deep > _DEEP_WIDE and explained > _EXPLAINED_WIDE:
        return True
    if wide and evidence.steady > _STEADY_VERY_DEEP and deep > _VERY_DEEP and explained > _EXPLAINED_VERY_DEEP:
        return True
    return explained > _EXPLAINED[shape.kind] and deep > max(VISIBLE, _FRINGE * contrast)


def _shrink(part: np.ndarray, factor: float) -> np.ndarray:
    return cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else part


def _shapes(height: float) -> Iterator[_Shape]:
    for size in (0.03, 0.06, 0.1, 0.15):
        for full in (1.0, 0.6, 0.35):
            yield _Shape("glow", size, full)
    for away in (0.05, 0.09, 0.14):
        for eighth in range(8):
            turn = eighth * np.pi / 4
            yield _Shape("shadow", 0.045, 1.0, away * float(np.cos(turn)), away * float(np.sin(turn)))
    for radius in range(1, max(2, int(0.13 * height)) + 1):
        yield _Shape("outline", radius / height)


def _refined(
    fit: _Fit, shape: _Shape, opacity: float, colour: np.ndarray, alpha: np.ndarray, height: float
) -> tuple[_Shape, float, np.ndarray]:
    """The shadow or glow beside `shape` that explains most, its opacity and colour; softness, strength and place are
    searched in turn."""
    fit.allow(shape.of(alpha, height), opacity, colour)
    best = fit.measure(shape.of(alpha, height))
    names = ("right", "down", "size") if shape.kind == "shadow" else ("full", "size")
    for step in (1.0, 0.5):
        for name, way in itertools.product(names, (-step, step)):
            moved = getattr(shape, name) + way * _STEPS[name]
            other = replace(shape, **{name: float(np.clip(moved, *_BOUNDS[name]))})
            found = fit.measure(other.of(alpha, height))
            if found[0] > best[0]:
                shape, best = other, found
    return shape, best[1], best[2]


class _Fit:
    """Gradients of a picture around strokes, to be explained by gradients of a style's shape."""

    def __init__(self, crop: np.ndarray, near: np.ndarray, blocked: np.ndarray):
        self._open = (~blocked).astype(np.float32)
        self._share = np.maximum(soften(self._open, 1), 1e-3)
        rows, columns = np.nonzero(near & ~blocked)
        self.enough = len(rows) >= 60
        if not self.enough:
            return
        if len(rows) > 4000:
            pick = np.random.default_rng(0).choice(len(rows), 4000, replace=False)
            rows, columns = rows[pick], columns[pick]
        self._at = rows, columns
        self._every = self._gradients(crop)
        self._limit = 6 * (1.5 * float(np.median(np.abs(self._every))) + 0.3)  # edges of the picture do not decide
        self._clip(self._limit)
        behind = push_pull(crop, near | blocked)[rows, columns]
        self._behind = np.concatenate([behind, behind])

    def _clip(self, limit: float) -> None:
        self._given = np.clip(self._every, -limit, limit)
        self._energy = float((self._given**2).sum()) + 1e-6

    def allow(self, shape: np.ndarray, opacity: float, colour: np.ndarray) -> None:
        """Let gradients twice as strong as this style's count in full: on a plain picture it has the strongest."""
        made = self._gradients(shape) * opacity * (colour - self._behind)
        self._clip(max(self._limit, 2 * float(np.abs(made).max())))

    def _gradients(self, picture: np.ndarray) -> np.ndarray:
        """Gradients of the picture smoothed without looking at blocked pixels: (2 N, channels)."""
        wide = (slice(None), slice(None), None) if picture.ndim == 3 else (slice(None), slice(None))
        calm = soften(picture * self._open[wide], 1) / self._share[wide]
        across, down = np.zeros_like(calm), np.zeros_like(calm)
        across[:, :-1] = calm[:, 1:] - calm[:, :-1]
        down[:-1] = calm[1:] - calm[:-1]
        found = np.concatenate([across[self._at], down[self._at]])
        return found if picture.ndim == 3 else found[:, None]

    def contrast(self, own: np.ndarray | None) -> float:
        """Grey levels between the strokes' colour and what is around them."""
        return 0.0 if own is None else float(np.abs(own - np.median(self._behind, axis=0)).max())

    def evidence(self, shape: np.ndarray, opacity: float, colour: np.ndarray, height: float) -> _Evidence:
        """How surely a style of this shape (h, w), opacity and colour is there."""
        e = self._gradients(shape)
        change = opacity * (colour - self._behind)
        made = e * change
        agree, size = (made * self._given).sum(1), (made * made).sum(1)
        block = max(4, int(0.5 * height))
        blocks = (self._at[1] // block) * 4096 + self._at[0] // block
        _, of = np.unique(np.concatenate([blocks, blocks]), return_inverse=True)
        strength = agree.sum() / (size.sum() + 1e-6)
        off = np.bincount(of.ravel(), agree - strength * size)
        there = np.abs(e[:, 0]) > 0.1 * np.abs(e).max()
        left = float(((self._given - made)[there] ** 2).sum())
        return _Evidence(
            steady=float(agree.sum() / (np.sqrt((off**2).sum()) + 1e-6)),
            there=1 - left / (float((self._given[there] ** 2).sum()) + 1e-6),
            change=np.median(change, axis=0),
        )

    def measure(self, shape: np.ndarray) -> tuple[float, float, np.ndarray]:
        """(explained energy 0..1, opacity 0..1, colour (3,)) of the best style of this shape (h, w) float32 0..1."""
        e = self._gradients(shape)
        square = float((e * e).sum())
        if square < 0.05:
            return 0.0, 0.0, np.zeros(3)
        best = (-1.0, 0.0, np.zeros(3))
        moved = e * self._behind
        for opacity in (0.3, 0.45, 0.6, 0.75, 0.9, 1.0):
            colour = ((e * (self._given + opacity * moved)).sum(0) / square) / opacity
            colour = np.clip(colour, 0, 255)
            change = e * colour - moved
            fitted = float((change * self._given).sum()) / (float((change * change).sum()) + 1e-6)
            fitted = float(np.clip(fitted, 0.2, 1.0))  # opacity once more, the colour being held within its bounds
            left = float(((self._given - fitted * change) ** 2).sum())
            if 1 - left / self._energy > best[0]:
                best = (1 - left / self._energy, fitted, colour)
        return best


def push_pull(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Fill a hole smoothly from its rim (push-pull pyramid, Gortler et al. 1996).

    picture: (h, w, 3) float32; hole: (h, w) bool. Returns the picture with the hole filled.
    """
    weight = (~hole).astype(np.float32)
    colour = picture * weight[..., None]
    levels = []
    while min(weight.shape) > 2 and float(weight.min()) < 1e-3:
        levels.append((colour, weight))
        colour, weight = cv2.pyrDown(colour), cv2.pyrDown(weight)
    filled = colour / np.maximum(weight, 1e-6)[..., None]
    for colour, weight in reversed(levels):
        above = cv2.pyrUp(filled, dstsize=(weight.shape[1], weight.shape[0]))
        filled = colour + (1 - np.clip(weight, 0, 1))[..., None] * above
    return np.where(hole[..., None], filled, picture).astype(np.float32)
