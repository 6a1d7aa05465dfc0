"""What is measured of the small pictures of a clip. Knows neither files nor what is done with a clip.

Pictures are (N, h, w) float32 grey levels 0..255, all different frames of the source (none that is shown twice).
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from ..core.pixels import ring_steps
from .calibration import CAMERA, CLOSING, CUT, DUPLICATE, STILL

_SIDE = 48


def blurred(grey: np.ndarray) -> np.ndarray:
    """(N, 48, 48): grain and coding noise average out."""
    small = (cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for picture in grey)
    return np.stack([cv2.GaussianBlur(picture, (0, 0), 1.0) for picture in small])


def stillness(small: np.ndarray) -> float:
    """Grey levels that the spots which move most depart from their median. small: as `blurred` gives; its light may
    change as a whole, that is no motion."""
    level = small - small.mean((1, 2), keepdims=True)
    over = min(STILL.over, len(level))
    total = np.cumsum(np.concatenate([np.zeros_like(level[:1]), level]), axis=0, dtype=np.float64)
    level = (total[over:] - total[:-over]) / over
    return float(np.percentile(np.abs(level - np.median(level, axis=0)).mean(0), STILL.percentile))


def cuts(small: np.ndarray) -> list[int]:
    """Numbers of the pictures that begin a new shot: a step far above the others, to another picture.

    A flash or a change of light is none: the pictures still correlate.
    """
    if len(small) < 3:
        return []
    steps = np.abs(np.diff(small, axis=0)).mean((1, 2))
    usual = max(float(np.percentile(steps, 90)) if len(steps) > 20 else float(np.median(steps)), 0.2)
    found = []
    for i in np.flatnonzero(steps > CUT.above * usual):
        if _correlation(small[i], small[i + 1]) < CUT.unlike:
            found.append(int(i) + 1)
    return found


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-6))


def flicker(grey: np.ndarray) -> float:
    """Grey levels that the mean of a picture is off the middle of the means beside it, the median over time."""
    means = grey.mean((1, 2))
    return float(np.median(np.abs(means[1:-1] - (means[:-2] + means[2:]) / 2))) if len(means) > 2 else 0.0


def camera(grey: np.ndarray, per_second: float) -> float:
    """Of the diagonal, a second: how far one motion takes nearly all of the picture, at its corners.

    Corners of things (Shi and Tomasi 1994) are followed (Lucas and Kanade 1981, in pyramids) over a quarter of a
    second, and one similarity is fitted to them by RANSAC. It is a camera's where the cells of a grid agree with it.
    """
    apart = max(1, round(CAMERA.apart * per_second))
    pairs = list(pairwise(range(0, len(grey), apart)))
    return float(np.median([_together(grey[a], grey[b]) for a, b in pairs])) * per_second / apart if pairs else 0.0


def _together(a: np.ndarray, b: np.ndarray) -> float:
    first, second = (np.clip(picture, 0, 255).astype(np.uint8) for picture in (a, b))
    points = cv2.goodFeaturesToTrack(first, CAMERA.points, 0.01, 3)
    if points is None:
        return 0.0
    there, found, _ = cv2.calcOpticalFlowPyrLK(first, second, points, np.empty_like(points), winSize=(11, 11))
    kept = found.ravel() == 1
    start, end = points.reshape(-1, 2)[kept], there.reshape(-1, 2)[kept]
    if len(start) < CAMERA.cells:
        return 0.0
    way, agrees = cv2.estimateAffinePartial2D(start, end, ransacReprojThreshold=CAMERA.within)
    if way is None:
        return 0.0
    height, width = first.shape
    cells = (start[:, 1] * 6 // height).astype(int) * 6 + (start[:, 0] * 6 // width).astype(int)
    followed = np.bincount(cells, minlength=36)
    along = np.bincount(cells, weights=agrees.ravel().astype(float), minlength=36)
    have = followed > 0
    if have.sum() < CAMERA.cells or (along[have] >= 0.5 * followed[have]).mean() < CAMERA.agree:
        return 0.0
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)
    moved = corners @ way[:, :2].T + way[:, 2] - corners
    return float(np.hypot(*moved.T).mean() / np.hypot(height, width))


def closes(small: np.ndarray) -> tuple[bool, bool]:
    """Whether the end leads over to the beginning, and whether the last picture is the first again (and is one too
    many). small: as `blurred` gives.

    As in `core/loop/cut`: the join is a step like the others, and motion turns no more there than elsewhere.
    """
    if len(small) < 6:
        return False, False
    steps, usual = ring_steps(small)
    again = usual > 0 and float(steps[-1]) < CLOSING.repeats * min(float(steps[0]), float(steps[-2]))
    if again:
        small = small[:-1]
        steps, usual = ring_steps(small)
    moves = np.diff(small, axis=0)
    turns = np.abs(np.diff(moves, axis=0)).mean((1, 2))
    join = small[0] - small[-1]
    at_join = max(np.abs(join - moves[-1]).mean(), np.abs(join - moves[0]).mean())
    like = float(steps[-1]) <= CLOSING.join * max(float(np.percentile(steps[:-1], 95)), CLOSING.seen)
    return bool(like and at_join <= CLOSING.turn * max(float(np.percentile(turns, 95)), CLOSING.seen)), bool(again)


def fingerprint(grey: np.ndarray) -> list[str]:
    """Perceptual hashes of 64 bits each, in hexadecimal: of pictures over time, then of where it moves.

    Signs of the lowest 8 x 8 cosine terms against their median (pHash, Zauner 2010).
    """
    which = np.arange(DUPLICATE.looks) * len(grey) // DUPLICATE.looks
    moving = np.abs(grey - grey.mean(0)).mean(0)
    return [_hash(picture) for picture in (*grey[which], moving)]


def _hash(picture: np.ndarray) -> str:
    small = cv2.resize(picture.astype(np.float32), (32, 32), interpolation=cv2.INTER_AREA)
    terms = cv2.dct(small)[:8, :8].ravel()
    terms[0] = 0
    return np.packbits(terms > np.median(terms)).tobytes().hex()


def alike(a: list[str], b: list[str], ring: bool) -> bool:
    """Whether two fingerprints are of one clip. ring: both close, and either may begin anywhere."""
    if _bits(a[-1], b[-1]) > DUPLICATE.moving:
        return False
    looks = len(a) - 1
    shifts = range(looks) if ring else range(1)
    return any(
        sum(_bits(a[i], b[(i + shift) % looks]) for i in range(looks)) <= DUPLICATE.bits * looks for shift in shifts
    )


def _bits(a: str, b: str) -> int:
    return (int(a, 16) ^ int(b, 16)).bit_count()
