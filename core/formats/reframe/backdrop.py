"""The cover whole, before a calm enlargement of itself that moves as it does."""

from __future__ import annotations

import cv2
import numpy as np

from ...pixels import middle, resized
from .layout import Layout

_SMALL = 160
"""px of the shorter side at which the backdrop is blurred."""
_BLUR, _DIM, _SHADOW = 7.0, 0.62, 0.55


class Backdrop:
    """Lays frames of a cover before their own enlargement."""

    def __init__(self, layout: Layout):
        self.layout = layout
        self._inside = np.s_[layout.top : layout.top + layout.tall, layout.left : layout.left + layout.broad]
        shade = np.zeros((layout.height, layout.width), np.float32)
        shade[self._inside] = 1
        step = max(1, min(layout.height, layout.width) // 270)
        small = cv2.resize(shade, (layout.width // step, layout.height // step), interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), 9, borderType=cv2.BORDER_REPLICATE)
        soft = cv2.resize(small, (layout.width, layout.height), interpolation=cv2.INTER_LINEAR)
        self._gain = (_DIM * (1 - _SHADOW * soft))[..., None].astype(np.float32)

    def over(self, frame: np.ndarray) -> np.ndarray:
        """frame: (h, w, 3) uint8 of the cover's shape -> (height, width, 3) uint8 of the layout."""
        at = self.layout
        scale = _SMALL / min(at.height, at.width)
        small = middle(frame, round(at.height * scale), round(at.width * scale)).astype(np.float32)
        small = cv2.GaussianBlur(small, (0, 0), _BLUR, borderType=cv2.BORDER_REFLECT_101)
        wide = cv2.resize(small, (at.width, at.height), interpolation=cv2.INTER_CUBIC)
        made = np.clip(wide * self._gain + 0.5, 0, 255).astype(np.uint8)
        made[self._inside] = resized(frame, at.broad, at.tall)
        return made
