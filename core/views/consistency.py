"""Does another picture still show the same thing, in the same hand, from another place? Pure numpy and OpenCV.

Identity  cosine of CLIP image embeddings (Radford et al. 2021), which the caller makes; None without a model.
Style     Bhattacharyya coefficient of the colour distributions in CIE Lab, smoothed over one bin.
Semantic  correlation of small pictures: the middle of one looked for in the other, a little turned and scaled.
Cam Move  1 - SSIM (Wang et al. 2004) of small greys whose light was made the same, counted only as far as Semantic
          holds: any unrelated picture has a low SSIM.

The formulas, and what is known of the figures they stand beside, are in docs/views.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache

import cv2
import numpy as np

from ..errors import ModelError
from ..pixels import middle, ramp, reduced, resized
from .calibration import LIMITS, WEIGHTS

_SSIM_SIDE = 96
_COLOUR_SIDE = 200
_BINS = (8, 16, 16)


@dataclass(frozen=True)
class Consistency:
    """identity: cosine -1..1, None where no model looked; style, semantic: 0..1; difference: 1 - SSIM, 0..1; cam_move:
    what of it counts; light: stops by which the picture is brighter (+) or darker (-); composite: 0..100, weighted by
    WEIGHTS over the figures there are."""

    identity: float | None
    style: float
    semantic: float
    difference: float
    cam_move: float
    light: float
    composite: float

    @property
    def likeness(self) -> float:
        """How much it is the same thing, wherever the camera stands: the composite without Cam Move, 0..1."""
        return _weighted({name: getattr(self, name) for name in WEIGHTS if name != "cam_move"})

    def to_dict(self) -> dict[str, float | None]:
        return {name: None if value is None else round(value, 4) for name, value in asdict(self).items()}


def compare(
    reference: np.ndarray, picture: np.ndarray, embeddings: tuple[np.ndarray, np.ndarray] | None = None
) -> Consistency:
    """Both pictures: (H, W, 3) uint8 sRGB of any sizes; embeddings: of the two, (D,) float, for Identity.

    Raises:
        ModelError: embeddings of different lengths, or without a direction.
    """
    identity = None if embeddings is None else cosine(*embeddings)
    semantic, difference = _semantic(reference, picture), _difference(reference, picture)
    figures = {
        "identity": identity,
        "style": _style(reference, picture),
        "semantic": semantic,
        "cam_move": difference * float(ramp(semantic, LIMITS.alien, LIMITS.same)),
    }
    light = _stops(picture) - _stops(reference)
    return Consistency(**figures, difference=difference, light=light, composite=100 * _weighted(figures))


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Of two vectors, -1..1. Raises ModelError: not two of one length that have a direction."""
    a, b = (np.asarray(vector, np.float64).ravel() for vector in (one, other))
    if a.shape != b.shape or not a.size:
        raise ModelError(f"embeddings of {a.size} and {b.size} numbers do not compare; both must come from one model")
    length = np.linalg.norm(a) * np.linalg.norm(b)
    if not (np.isfinite(length) and length > 0):
        raise ModelError("an embedding has no direction (zero or not a number); is this a CLIP image model?")
    return float(np.clip(a @ b / length, -1, 1))


def _weighted(figures: Mapping[str, float | None]) -> float:
    there = {name: max(0.0, value) for name, value in figures.items() if value is not None}
    return sum(WEIGHTS[name] * value for name, value in there.items()) / sum(WEIGHTS[name] for name in there)


def _style(reference: np.ndarray, picture: np.ndarray) -> float:
    one, other = _colours(reference), _colours(picture)
    return float(min(1.0, np.sqrt(one * other).sum()))


def _colours(picture: np.ndarray) -> np.ndarray:
    """Shares of the colours of Lab. Samples go to the bins around them: else what lies on an edge between two bins
    changes its distribution with the last bit."""
    lab = cv2.cvtColor(reduced(picture, _COLOUR_SIDE), cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float32)
    counts, _ = np.histogramdd(lab, bins=_BINS, range=((0, 256),) * 3)
    for axis in range(3):
        padded = np.pad(counts, [(1, 1) if a == axis else (0, 0) for a in range(3)], mode="edge")
        before, here, after = (np.take(padded, range(i, i + _BINS[axis]), axis) for i in range(3))
        counts = (before + 2 * here + after) / 4
    return counts / counts.sum()


def _semantic(reference: np.ndarray, picture: np.ndarray) -> float:
    one, other = (
        resized(p, LIMITS.small, LIMITS.small, cv2.INTER_LINEAR).astype(np.float32) for p in (reference, picture)
    )
    if min(one.std((0, 1)).max(), other.std((0, 1)).max()) < 1:  # a plain ground correlates with nothing
        return float(np.abs(one - other).mean() < 1)
    return max(0.0, (_found(one, other) + _found(other, one)) / 2)


def _found(ground: np.ndarray, picture: np.ndarray) -> float:
    """The best correlation of the middle of a picture with a place in another, both (S, S, 3) float32."""
    side, best = LIMITS.small, -1.0
    for matrix, part in _ways():
        moved = cv2.warpAffine(picture, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
        start = (side - part) // 2
        wanted = moved[start : start + part, start : start + part]
        if wanted.std((0, 1)).max() >= 1:
            found = cv2.matchTemplate(ground, wanted, cv2.TM_CCOEFF_NORMED)
            best = max(best, float(np.nan_to_num(found, nan=-1, posinf=-1, neginf=-1).clip(-1, 1).max()))
    return best


@lru_cache(maxsize=1)
def _ways() -> tuple[tuple[np.ndarray, int], ...]:
    """How a small picture is turned and scaled about its centre, and the side of the part that is looked for."""
    centre = (LIMITS.small - 1) / 2
    return tuple(
        (cv2.getRotationMatrix2D((centre, centre), turn, zoom), round(LIMITS.middle * LIMITS.small * min(1.0, zoom)))
        for turn in LIMITS.turns
        for zoom in LIMITS.zooms
    )


def _difference(reference: np.ndarray, picture: np.ndarray) -> float:
    one = cv2.cvtColor(reduced(reference, _SSIM_SIDE), cv2.COLOR_RGB2GRAY).astype(np.float32)
    fitted = middle(picture, one.shape[0], one.shape[1], cv2.INTER_LINEAR)
    other = cv2.cvtColor(fitted, cv2.COLOR_RGB2GRAY).astype(np.float32)
    spread = max(1.0, float(other.std()))  # light that changed is no camera that moved
    other = (other - other.mean()) * max(1.0, float(one.std())) / spread + one.mean()
    return float(np.clip(1 - _ssim(one, other), 0, 1))


def _ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Mean structural similarity of two (h, w) float32 pictures, 0..255: Gaussian window of 1.5 px."""

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (11, 11), 1.5)

    a, b = mean(one), mean(other)
    spread_a, spread_b = mean(one * one) - a * a, mean(other * other) - b * b
    shared = mean(one * other) - a * b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(((2 * a * b + c1) * (2 * shared + c2) / ((a * a + b * b + c1) * (spread_a + spread_b + c2))).mean())


def _stops(picture: np.ndarray) -> float:
    """Mean light in stops: log2 of the mean linear luminance."""
    grey = cv2.cvtColor(reduced(picture, _COLOUR_SIDE), cv2.COLOR_RGB2GRAY).astype(np.float64) / 255
    return float(np.log2((grey**2.2).mean() + 1e-4))
