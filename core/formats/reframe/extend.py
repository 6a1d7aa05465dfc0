"""The ground of a picture goes on beyond its edges.

Outwards from an edge: its colours, with the slope they have there, which levels off; and what is finer, mirrored, which
fades. So flat grounds stay flat, gradients and skies go on, textures go on as textures, and what cannot go on ends in
blur. All of it is a fixed sum over the pixels of a frame: frames of a loop make a loop.
"""

from __future__ import annotations

import cv2
import numpy as np

from ...pixels import ramp, resized
from ..calibration import EXTENDING
from .layout import Layout

_SMALL = 96
"""px of the shorter side at which broad colours are carried on."""


class Extension:
    """Extends frames to a layout. ground: (h, w, 3) uint8, the picture without lettering; hidden: (h, w) float32, 1
    where frames show what must not go on beyond the edge: there the ground is taken. Both of any size."""

    def __init__(self, layout: Layout, ground: np.ndarray, hidden: np.ndarray):
        self.layout = layout
        at, side = layout, min(layout.tall, layout.broad)
        self._ground = resized(ground, at.broad, at.tall).astype(np.float32)
        self._hidden = resized(hidden, at.broad, at.tall, cv2.INTER_LINEAR)[..., None]
        self.margins = (at.top, at.height - at.top - at.tall, at.left, at.width - at.left - at.broad)
        self._small = max(2.0, side / _SMALL)
        away = _away(self.margins, at.tall, at.broad) / side
        self._shapes = ramp(away, EXTENDING.shapes_end, 0.0).astype(np.float32)[..., None]
        self._texture = ramp(away, EXTENDING.texture_end, 0.0).astype(np.float32)[..., None]
        grain = self._ground - _blurred(self._ground, EXTENDING.broad * side)
        self._usual = np.float32(1.0 + EXTENDING.grain * 1.48 * float(np.median(np.abs(grain[::4, ::4]))))
        self._inside = np.s_[at.top : at.top + at.tall, at.left : at.left + at.broad]

    def over(self, frame: np.ndarray) -> np.ndarray:
        """frame: (h, w, 3) uint8 of the cover's shape -> (height, width, 3) uint8 of the layout."""
        fitted = resized(frame, self.layout.broad, self.layout.tall)
        made = self.around(fitted)
        made[self._inside] = fitted
        return made

    def around(self, fitted: np.ndarray) -> np.ndarray:
        """The same with the ground inside too. fitted: (tall, broad, 3) uint8."""
        source = fitted.astype(np.float32)
        source += (self._ground - source) * self._hidden
        broad, inner = self._broad_colours(source)
        top, bottom, left, right = self.margins
        fine = cv2.copyMakeBorder(source - inner, top, bottom, left, right, cv2.BORDER_REFLECT)
        shapes = _blurred(fine, EXTENDING.broad * min(fitted.shape[:2]))
        texture = np.clip(fine - shapes, -self._usual, self._usual)
        broad += texture * self._texture + shapes * self._shapes
        return np.clip(broad + 0.5, 0, 255).astype(np.uint8)

    def _broad_colours(self, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Broad colours of the whole picture, (height, width, 3), and those of the inside, which meet the edges as
        they are continued."""
        at, step = self.layout, self._small
        rows, columns = max(8, round(at.tall / step)), max(8, round(at.broad / step))
        small = cv2.resize(source, (columns, rows), interpolation=cv2.INTER_AREA)
        top, bottom = (round(margin * rows / at.tall) for margin in self.margins[:2])
        left, right = (round(margin * columns / at.broad) for margin in self.margins[2:])
        tall = _continued(small, top, bottom)
        whole = _continued(tall.transpose(1, 0, 2), left, right).transpose(1, 0, 2)
        # Placed by the same grid as the inside, whose cells need not be whole where the picture ends.
        right_step, down_step = columns / at.broad, rows / at.tall
        grid = np.array(
            [
                [right_step, 0, (0.5 - at.left) * right_step - 0.5 + left],
                [0, down_step, (0.5 - at.top) * down_step - 0.5 + top],
            ],
            np.float32,
        )
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (at.width, at.height)
        wide = cv2.warpAffine(np.ascontiguousarray(whole), grid, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        return wide, wide[self._inside].copy()


def _continued(small: np.ndarray, before: int, after: int) -> np.ndarray:
    """(h, w, 3) float32 -> (before + h + after, w, 3): along the first axis both ends go on."""
    parts = [small]
    if before:
        parts.insert(0, _outwards(small, before)[::-1])
    if after:
        parts.append(_outwards(small[::-1], after))
    return np.concatenate(parts)


def _outwards(small: np.ndarray, count: int) -> np.ndarray:
    """`count` rows beyond the first one, the nearest first."""
    side = min(small.shape[:2])
    depth = max(3, round(EXTENDING.band * side))
    band = small[:depth]
    weights = (np.arange(depth) - (depth - 1) / 2).astype(np.float32)
    slope = np.tensordot(weights, band, (0, 0)) / (weights**2).sum()
    slope = cv2.GaussianBlur(slope[None], (0, 0), 4, borderType=cv2.BORDER_REPLICATE)[0]
    reach = max(1.0, EXTENDING.reach * side)
    rows = []
    edge = small[0]
    for number in range(1, count + 1):
        gone = reach * (1 - np.exp(-number / reach))
        spread = 0.4 + EXTENDING.spread * number
        colours = cv2.GaussianBlur(edge[None], (0, 0), spread, borderType=cv2.BORDER_REPLICATE)[0]
        calm = cv2.GaussianBlur(slope[None], (0, 0), spread, borderType=cv2.BORDER_REPLICATE)[0]
        rows.append(colours - EXTENDING.drift * np.tanh(calm * gone / EXTENDING.drift))
    return np.clip(np.stack(rows), 0, 255)


def _blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur, wide ones at a smaller size."""
    step = max(1, int(sigma / 2))
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (max(1, width // step), max(1, height // step)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / step)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _away(margins: tuple[int, int, int, int], tall: int, broad: int) -> np.ndarray:
    """(height, width) float32: px from the nearest pixel of the inside."""
    top, bottom, left, right = margins
    down = np.concatenate([np.arange(top, 0, -1), np.zeros(tall), np.arange(1, bottom + 1)])
    across = np.concatenate([np.arange(left, 0, -1), np.zeros(broad), np.arange(1, right + 1)])
    return np.hypot(down[:, None], across[None]).astype(np.float32)
