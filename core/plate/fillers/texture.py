"""Filling a hole with the picture's own texture.

PatchMatch (Barnes et al. 2009) under the vote of overlapping patches (Wexler et al. 2007), from coarse to fine. Every
patch searches at once, so that numpy does the work; the same seed gives the same plate.
"""

from __future__ import annotations

import cv2
import numpy as np

from ...lettering.styles import push_pull
from ...pixels import grow
from ..filler import Filler

_R = 3  # patches are 7x7
_NEAR = 8  # px around where half the size found texture
_MARGIN = 24  # px of surroundings beside what the search needs


def fill_texture(picture: np.ndarray, hole: np.ndarray, seed: int = 0) -> np.ndarray:
    """picture: (H, W, 3) uint8; hole: (H, W) bool. Returns the picture with the hole filled, uint8.

    Each cluster of holes is filled from its own surroundings. Where those have no whole patch to offer (the hole
    is nearly everything) the smooth fill stays.
    """
    filled = picture.astype(np.float32)
    smooth = push_pull(filled, hole)
    random = np.random.default_rng(seed)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(grow(hole, 12).astype(np.uint8))
    for i in range(1, count):
        x, y, w, h = (int(v) for v in stats[i][:4])
        window = np.s_[max(0, y - _MARGIN) : y + h + _MARGIN, max(0, x - _MARGIN) : x + w + _MARGIN]
        own = hole[window] & (labels[window] == i)
        filled[window][own] = _fill_window(smooth[window], own, random)[own]
    return np.clip(filled + 0.5, 0, 255).astype(np.uint8)


def _fill_window(start: np.ndarray, hole: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """start: (h, w, 3) float32, the hole smoothly filled. Half size first: it finds where texture comes from, and near
    there the whole size looks."""
    half = cv2.resize(start, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    half_hole = cv2.resize(hole.astype(np.float32), half.shape[1::-1], interpolation=cv2.INTER_AREA) > 0.05
    if min(half_hole.shape) <= 6 * _R:
        return _Search(start, hole, random).run()
    coarse = _Search(half, half_hole, random)
    found = coarse.run()
    start = start.copy()
    start[hole] = cv2.resize(found, hole.shape[::-1], interpolation=cv2.INTER_LINEAR)[hole]
    fine = _Search(start, hole, random)
    return fine.run(passes=1, reach=_NEAR) if fine.go_on_from(coarse) else fine.run()


class _Search:
    """One scale: for each patch that touches the hole the most alike patch that does not."""

    def __init__(self, picture: np.ndarray, hole: np.ndarray, random: np.random.Generator):
        self.random = random
        self.picture = np.ascontiguousarray(np.pad(picture, ((_R, _R), (_R, _R), (0, 0)), mode="reflect"))
        (height, width, channels), side = self.picture.shape, 2 * _R + 1
        down, right, _ = self.picture.strides
        shape, strides = (height - side + 1, width - side + 1, side, side * channels), (down, right, down, 4)
        self.windows = np.lib.stride_tricks.as_strided(self.picture, shape, strides, writeable=False)  # row by row
        self.hole = np.pad(hole, _R)
        inner = np.zeros_like(self.hole)
        inner[_R:-_R, _R:-_R] = True
        touched = cv2.dilate(self.hole.astype(np.uint8), np.ones((2 * _R + 1, 2 * _R + 1))) > 0
        self.source = inner & ~touched
        self.rows, self.columns = np.nonzero(touched & inner)
        self.number = np.full(self.hole.shape, -1)
        self.number[self.rows, self.columns] = np.arange(len(self.rows))
        rows, columns = np.nonzero(self.source)
        if len(rows):
            pick = random.integers(0, len(rows), len(self.rows))
            self.from_row, self.from_column = rows[pick], columns[pick]

    def go_on_from(self, half: _Search) -> bool:
        """Begin where a search at half size ended; False where that found nothing."""
        if not half.source.any() or not len(half.rows) or not self.source.any():
            return False
        rows, columns = ((own - _R) // 2 + _R for own in (self.rows, self.columns))
        height, width = half.hole.shape
        known = half.number[np.minimum(rows, height - 1), np.minimum(columns, width - 1)]
        from_row = 2 * (half.from_row[known] - _R) + (self.rows - _R) % 2 + _R
        from_column = 2 * (half.from_column[known] - _R) + (self.columns - _R) % 2 + _R
        inside = (known >= 0) & (from_row < self.hole.shape[0]) & (from_column < self.hole.shape[1])
        inside[inside] = self.source[from_row[inside], from_column[inside]]
        self.from_row, self.from_column = (
            np.where(inside, there, chance)
            for there, chance in ((from_row, self.from_row), (from_column, self.from_column))
        )
        return True

    def run(self, rounds: int = 2, passes: int = 2, reach: int | None = None) -> np.ndarray:
        """The picture with the hole filled. reach: px, how far from what is known to serve it is looked at first; half
        the picture without it."""
        if self.source.any() and len(self.rows):
            for _ in range(rounds):
                self._match(passes, reach or max(self.hole.shape) // 2)
                self._vote()
        return self.picture[_R:-_R, _R:-_R]

    def _patches(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return self.windows[rows - _R, columns - _R].reshape(len(rows), -1)

    def _match(self, passes: int, furthest: int) -> None:
        self.targets = self._patches(self.rows, self.columns)
        self.cost = self._distance(self.from_row, self.from_column, np.arange(len(self.rows)))
        every = np.arange(len(self.rows))
        height, width = self.hole.shape
        for _ in range(passes):
            for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):  # what serves a neighbour may serve here
                beside = self.number[
                    np.clip(self.rows + down, 0, height - 1), np.clip(self.columns + right, 0, width - 1)
                ]
                known = beside >= 0
                beside = np.where(known, beside, every)
                self._try(self.from_row[beside] - down * known, self.from_column[beside] - right * known)
            reach = furthest
            while reach >= 1:
                away = self.random.integers(-reach, reach + 1, (2, len(self.rows)))
                self._try(self.from_row + away[0], self.from_column + away[1])
                reach //= 3

    def _distance(self, rows: np.ndarray, columns: np.ndarray, which: np.ndarray) -> np.ndarray:
        difference = self._patches(rows, columns)
        difference -= self.targets[which]
        return np.einsum("ij,ij->i", difference, difference)

    def _try(self, rows: np.ndarray, columns: np.ndarray) -> None:
        inside = (rows >= 0) & (columns >= 0) & (rows < self.hole.shape[0]) & (columns < self.hole.shape[1])
        inside[inside] = self.source[rows[inside], columns[inside]]
        which = np.flatnonzero(inside)
        cost = self._distance(rows[which], columns[which], which)
        better = cost < self.cost[which]
        which = which[better]
        self.from_row[which], self.from_column[which], self.cost[which] = rows[which], columns[which], cost[better]

    def _vote(self) -> None:
        trust = np.exp(-self.cost / (2 * np.percentile(self.cost, 60) + 1e-3)).astype(np.float32) + 1e-6
        width, colours = self.hole.shape[1], self.picture.reshape(-1, 3)
        total, weight = np.zeros_like(colours), np.zeros(len(colours), np.float32)
        here, there = self.rows * width + self.columns, self.from_row * width + self.from_column
        for down in range(-_R, _R + 1):
            for right in range(-_R, _R + 1):
                away = down * width + right
                total[here + away] += trust[:, None] * colours[there + away]
                weight[here + away] += trust
        voted = self.hole.ravel() & (weight > 0)
        colours[voted] = total[voted] / weight[voted][:, None]


FILLER = Filler(
    fill=lambda picture, hole, *, seed, folders: fill_texture(picture, hole, seed),
    licence="part of coverloop",
    size_rule="any",
    rank=2,
    trial=0.6,
)
