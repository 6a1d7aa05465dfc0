"""Watching words by their outlines on the cover, without any mask.

A word is watched at its own strongest edges: the few pixels around each must go on looking as on the cover, brighter or
darker as a whole, but neither shifted nor washed out. Light over a word, grain and a picture that moves gently behind
it stay below the bounds; a drift of a pixel or two, a part that tears off and a fade do not. Knows neither how words
are found nor how the loop was made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .calibration import WATCHING
from .rules import Look, Word


@dataclass(frozen=True)
class WordSeen:
    """What became of a word. box: x0, y0, x1, y1 px of the frame. moved: share of its edges that were shifted or faded
    for part of the loop, 0..1; None where it has too few to tell."""

    text: str | None
    box: tuple[int, int, int, int]
    moved: float | None


class WordWatch:
    """Watches words over the frames of a loop."""

    def __init__(self, reference: np.ndarray, words: Sequence[Word]):
        """reference: (H, W, 3) uint8, the cover at the size of the frames."""
        height, width = reference.shape[:2]
        self._size = height, width
        self._scale = min(1.0, WATCHING.side / min(height, width))
        self._words = list(words)
        self._outlines = [np.asarray(word.polygon, np.float64) for word in self._words]
        whole = self._looked_at(cv2.cvtColor(reference, cv2.COLOR_RGB2GRAY))
        chosen = self._strong_edges(whole)
        self._pixels = np.unique(np.concatenate([np.zeros(0, np.intp), *chosen]))
        """Flat indices into a frame at the size that is looked at, sorted; each word has its places among them."""
        self._of_word = [np.searchsorted(self._pixels, one) for one in chosen]
        if len(self._pixels):
            self._reach = _box(self._pixels, whole.shape[1])
            self._inside = _within(self._pixels, whole.shape[1], self._reach)
            self._truth = whole[self._reach]
            self._mean, self._variance = self._moments(self._truth)

    def _looked_at(self, grey: np.ndarray) -> np.ndarray:
        if self._scale < 1:
            size = round(self._size[1] * self._scale), round(self._size[0] * self._scale)
            grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        return cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 0.8)

    def _strong_edges(self, grey: np.ndarray) -> list[np.ndarray]:
        """Of each word the flat indices of its watched pixels."""
        slope = np.hypot(cv2.Sobel(grey, -1, 1, 0, scale=0.25), cv2.Sobel(grey, -1, 0, 1, scale=0.25))
        chosen = []
        for outline in self._outlines:
            inside = np.zeros(grey.shape, np.uint8)
            cv2.fillPoly(inside, [np.round((outline + 0.5) * self._scale - 0.5).astype(np.int32)], 1)
            places = np.flatnonzero(inside)
            steep = slope.ravel()[places]
            edges = steep[steep >= WATCHING.edge]
            least = WATCHING.share_of_strongest * float(np.percentile(edges, 90)) if len(edges) else 0.0
            chosen.append(places[steep >= max(WATCHING.edge, least)])
        return chosen

    def _around(self, image: np.ndarray) -> np.ndarray:
        """Mean of the window around each watched pixel."""
        mean = cv2.blur(image, (WATCHING.window, WATCHING.window), borderType=cv2.BORDER_REPLICATE)
        return mean.ravel()[self._inside]

    def _moments(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean = self._around(image)
        return mean, self._around(image * image) - mean * mean + WATCHING.noise**2

    def look(self, look: Look) -> np.ndarray:
        """Which watched pixels are lost in a frame, eight to a byte."""
        if not len(self._pixels):
            return np.zeros(0, np.uint8)
        frame = self._looked_at(look.grey)[self._reach]
        mean, variance = self._moments(frame)
        shared = self._around(frame * self._truth) - mean * self._mean + WATCHING.noise**2
        unlike = shared < WATCHING.alike * np.sqrt(variance * self._variance)
        return np.packbits(unlike | (variance < WATCHING.contrast**2 * self._variance))

    def share_lost(self, kept: np.ndarray, index: int) -> float:
        """Share of a word's edges that is lost in a frame, 0..1. kept: what `look` gave."""
        places = self._of_word[index]
        return float(np.unpackbits(kept, count=len(self._pixels))[places].mean()) if len(places) else 0.0

    def seen(self, kept: Sequence[np.ndarray]) -> list[WordSeen]:
        """What became of each word."""
        lost = np.zeros(len(self._pixels), np.uint32)
        for one in kept:
            lost += np.unpackbits(one, count=len(lost))
        gone = lost >= max(1, math.ceil(WATCHING.lasting * len(kept)))
        seen = []
        for word, outline, places in zip(self._words, self._outlines, self._of_word, strict=True):
            low, high = outline.min(0), outline.max(0)
            box = (math.floor(low[0]), math.floor(low[1]), math.ceil(high[0]), math.ceil(high[1]))
            moved = round(float(gone[places].mean()), 4) if len(places) >= WATCHING.fewest else None
            seen.append(WordSeen(word.text, box, moved))
        return seen


def _box(pixels: np.ndarray, width: int) -> tuple[slice, slice]:
    """The part of a picture of this width that holds these pixels and the windows around them."""
    rows, columns = np.divmod(pixels, width)
    pad = WATCHING.window
    return (
        slice(max(0, int(rows.min()) - pad), int(rows.max()) + pad + 1),
        slice(max(0, int(columns.min()) - pad), min(width, int(columns.max()) + pad + 1)),
    )


def _within(pixels: np.ndarray, width: int, box: tuple[slice, slice]) -> np.ndarray:
    """Flat indices into a picture as flat indices into `box` of it."""
    rows, columns = np.divmod(pixels, width)
    return (rows - box[0].start) * (box[1].stop - box[1].start) + columns - box[1].start
