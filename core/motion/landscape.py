"""Sky and water: what hangs together with the upper border, and what lies below a horizon down to the shore."""

from __future__ import annotations

import cv2
import numpy as np

from ..pixels import ramp
from .calibration import LANDSCAPE
from .measured import SIDE, Measured, colour_steps
from .parts import grab_cut


def sky_of(seen: Measured, subject: np.ndarray) -> np.ndarray:
    """(h, w) float32: what hangs together with the upper border without a sharp edge between, and above the horizon if
    there is one; fades out towards sharp edges, so that the moon, a roof or a ridge has still air around it.

    subject: (h, w) float32 0..1, which is no sky."""
    if seen.horizon is not None:
        above = np.repeat((np.arange(seen.height) < seen.horizon)[:, None], seen.width, axis=1)
        plain = (_settled(seen, above) > 0.5) & ~seen.sharp
    else:
        plain = (colour_steps(seen.lab, 1.2) < LANDSCAPE.sky_step) & (seen.textured < 0.4)
    plain = (plain & (subject < 0.2)).astype(np.uint8)
    if seen.horizon is None:
        plain = cv2.morphologyEx(plain, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = _touching(plain, slice(0, 3), LANDSCAPE.sky_meets)
    if seen.horizon is None and mask.any():
        shade = LANDSCAPE.sky_shade * float(np.percentile(seen.light[mask > 0], 75))  # cliffs and caves are darker
        plain[cv2.GaussianBlur(seen.light, (0, 0), 2) <= shade] = 0
        mask = _touching(plain, slice(0, 3), LANDSCAPE.sky_meets)
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    soft = _eased(mask, SIDE / 20)
    if seen.horizon is None and mask[int(0.75 * seen.height) :].mean() < 0.9:  # the ground begins somewhere below
        soft *= 1 - ramp(np.linspace(0, 1, seen.height, dtype=np.float32), *LANDSCAPE.sky_ends)[:, None]
    return soft


def water_of(seen: Measured) -> np.ndarray:
    """(h, w) float32: below a horizon, down to the shore: what is plain or has level streaks."""
    if seen.horizon is None:
        return np.zeros((seen.height, seen.width), np.float32)
    shore = seen.horizon
    energy, _, level = seen.structure
    calm = (1 - ramp(np.sqrt(energy), *LANDSCAPE.water_calm)) + ramp(level, *LANDSCAPE.water_level)
    first = seen.lab[shore + 4 : shore + 4 + seen.height // 10].reshape(-1, 3)
    unlike = np.abs(seen.lab - np.median(first, 0)) / np.maximum(first.std(0), LANDSCAPE.water_spread)
    unlike = cv2.GaussianBlur(unlike.max(2), (0, 0), 1)
    rows = np.arange(seen.height)[:, None]
    candidate = ((calm > 0.5) & (unlike < LANDSCAPE.water_unlike) & (rows > shore + 1)).astype(np.uint8)
    candidate = cv2.morphologyEx(candidate, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    candidate = _touching(candidate, slice(shore + 4, shore + 12), LANDSCAPE.water_meets)
    below = candidate[shore + 6 :]
    candidate[shore + 6 :] = np.minimum.accumulate(below, axis=0)  # whatever stands before it ends it
    still_shore = ramp(rows.astype(np.float32), shore + 1, shore + 14)
    return _eased(candidate * (1 - _standing(seen)), SIDE / 32) * still_shore


def _standing(seen: Measured) -> np.ndarray:
    """(h, w) uint8: reeds, posts, masts; what has no ripples."""
    light = cv2.GaussianBlur(seen.light, (0, 0), 1)
    upright = np.abs(cv2.Sobel(light, cv2.CV_32F, 1, 0)) > np.abs(cv2.Sobel(light, cv2.CV_32F, 0, 1))
    stands = cv2.dilate((seen.sharp & upright).astype(np.uint8), np.ones((3, 3), np.uint8))
    return cv2.morphologyEx(stands, cv2.MORPH_OPEN, np.ones((8, 1), np.uint8))


def _touching(candidate: np.ndarray, rows: slice, share: float) -> np.ndarray:
    """Connected parts of `candidate` that meet the given rows over at least `share` of the width; uint8."""
    count, labels = cv2.connectedComponents(candidate, connectivity=4)
    meeting = np.bincount(labels[rows].ravel(), minlength=count) / labels[rows].size
    meeting[0] = 0
    return np.isin(labels, np.flatnonzero(meeting > share)).astype(np.uint8)


def _settled(seen: Measured, above: np.ndarray) -> np.ndarray:
    """Take out of a first guess what has the colours of the other side (GrabCut, at half size)."""
    half = cv2.resize(seen.small, (seen.width // 2, seen.height // 2), interpolation=cv2.INTER_AREA)
    guess = cv2.resize(above.astype(np.uint8), half.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    labels = np.where(guess > 0, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    mask = grab_cut(half, labels, 2).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = cv2.resize(mask.astype(np.float32), (seen.width, seen.height), interpolation=cv2.INTER_LINEAR)
    return cv2.GaussianBlur(mask, (0, 0), 3)


def _eased(mask: np.ndarray, reach: float) -> np.ndarray:
    """A uint8 0/1 mask that rises over `reach` px inside its edge; the border of the picture is no edge."""
    framed = cv2.copyMakeBorder(mask, 8, 8, 8, 8, cv2.BORDER_REPLICATE)
    inside = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[8:-8, 8:-8]
    return cv2.GaussianBlur(ramp(inside, 0, reach).astype(np.float32), (0, 0), 2)
