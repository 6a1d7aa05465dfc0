"""A jump that only part of the picture makes is led over where it is; the rest keeps its own frames and its pace.

Per region, as in Video Textures (Schodl et al. 2000) and Liao et al., "Automated Video Looping with Progressive
Dynamism" (2013); the region's way is in-betweens over a few frames that are there already, so the count stays.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from .between import Gap, Interpolator
from .calibration import LOCAL
from .grain import Grain
from .seen import Seen, smaller


class Jump(NamedTuple):
    step: int
    """From this frame to the next on the ring."""
    tiles: np.ndarray
    """(h, w) bool: where."""
    ratio: float
    """Of the worst tile, to its usual step."""


def tile_steps(grey: np.ndarray) -> np.ndarray:
    """(N, h, w) float greys of a ring -> (N, rows, columns) mean steps of tiles."""
    count, height, width = grey.shape
    side = min(height, width) / LOCAL.grid
    size = max(1, round(width / side)), max(1, round(height / side))
    steps = (np.abs(grey[(i + 1) % count] - grey[i]) for i in range(count))
    return np.stack([cv2.resize(step, size, interpolation=cv2.INTER_AREA) for step in steps])


def find_jumps(grey: np.ndarray) -> list[Jump]:
    """Steps of a ring, (N, h, w) float greys, where some tiles jump and most of the picture does not."""
    tiles = tile_steps(grey)
    count = len(tiles)
    usual = np.median(tiles, axis=0)
    floor = np.maximum(usual, 0.5 * float(np.median(tiles.mean((1, 2)))))
    found = []
    for i, step in enumerate(tiles):
        others = [(i + k) % count for k in range(-4, 5) if k]
        around = np.maximum(floor, np.median(tiles[others], axis=0))
        peak = step >= tiles[others].max(0)
        # what moves through a tile is as quick in those beside it just before and after; what jumps is not
        passing = cv2.dilate(np.maximum(tiles[i - 1], tiles[(i + 1) % count]), np.ones((3, 3), np.uint8))
        where = (
            peak & (step > LOCAL.jump * around) & (step - around > LOCAL.least_step) & (step > LOCAL.sudden * passing)
        )
        if not where.any() or where.mean() > LOCAL.largest_share:
            continue
        rest = cv2.dilate(where.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0
        if not rest.any() or step[rest].mean() <= LOCAL.calm * float(np.median(tiles[:, rest].mean(1))):
            found.append(Jump(i, where, float((step / around)[where].max())))
    return found


def led_over(ring: np.ndarray, seen: Seen, interpolator: Interpolator, grain: Grain) -> tuple[np.ndarray, Seen, int]:
    """The ring, (N, H, W, 3) uint8, with its local jumps led over in place, as seen, and how many those were.

    Frame 0 stays as it is. A way that makes the worst step of its tiles no smaller is not taken.
    """
    done = 0
    for jump in find_jumps(seen.grey):
        places = _window(jump, len(ring))
        if places is None:
            continue
        first, last = places
        times = tuple(k / (last - first) for k in range(1, last - first))
        gap = Gap(ring[first], ring[last % len(ring)], times, jump.step)
        (pictures,) = interpolator.fill([gap], grain)
        mask = _soft(jump.tiles, ring.shape[1:3])
        drawn = slice(first + 1, last)
        tried = [_blended(frame, new, mask) for frame, new in zip(ring[drawn], pictures, strict=True)]
        small = seen.small.copy()
        small[drawn] = [smaller(frame) for frame in tried]
        mended = Seen(small)
        if _worst(mended.grey, first, last, jump.tiles) < _worst(seen.grey, first, last, jump.tiles):
            ring = ring.copy() if not done else ring  # the first time: it is the caller's
            ring[drawn] = tried
            seen, done = mended, done + 1
    return ring, seen, done


def _blended(below: np.ndarray, above: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.round(below + (above.astype(np.float32) - below) * mask).astype(np.uint8)


def _window(jump: Jump, count: int) -> tuple[int, int] | None:
    """Frames that the way leads from and to; between them lie those that are drawn anew, frame 0 never among them."""
    steps = int(min(LOCAL.window, max(3, math.ceil(jump.ratio)), count // 3))
    first = jump.step - (steps - 1) // 2
    first = min(max(first, 0), count - steps)
    return (first, first + steps) if steps >= 2 else None


def _soft(tiles: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(H, W, 1) float 0..1: one where tiles jump, falling off over the tile beside."""
    grown = cv2.dilate(tiles.astype(np.float32), np.ones((3, 3), np.uint8))
    side = min(shape[0] / tiles.shape[0], shape[1] / tiles.shape[1])
    full = cv2.resize(grown, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST)
    return np.clip(cv2.GaussianBlur(full, (0, 0), max(side / 4, 0.5)), 0, 1)[..., None]


def _worst(grey: np.ndarray, first: int, last: int, tiles: np.ndarray) -> float:
    part = np.stack([grey[k % len(grey)] for k in range(first, last + 1)])
    return float(tile_steps(part)[:-1][:, tiles].max())
