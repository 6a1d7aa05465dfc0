"""Does the lettering hold still: what differs from the cover inside the strokes, on every frame."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..rules import Look, Rule, Setting

RULES = (
    Rule(
        "lettering_mean_diff",
        "mean absolute grey difference to the cover (to frame 0 without one) inside the glyph cores, worst frame",
        high=2.0,
        too_high="the lettering changes",
        to_lower="lay it over the frames again (Lettering Back); where the encoder made it, lower crf",
        margin=0.05,
    ),
    Rule(
        "lettering_max_diff",
        "largest such difference, each pixel with those of the core around it (3x3); coding noise adds to it",
        high=24.0,
        too_high="a spot in the lettering changes",
        to_lower="lay it over the frames again (Lettering Back); where the encoder made it, lower crf",
        margin=0.5,
    ),
)


def begin(setting: Setting) -> _Lettering | None:
    core = None if setting.lettering is None else _glyph_core(setting.lettering)
    return None if core is None else _Lettering(setting.reference, core)


_CORE = 64  # px: a mean over fewer tells the noise of one of them


def _glyph_core(letters: np.ndarray) -> np.ndarray | None:
    """(H, W) bool: inside the strokes, two pixels at 1080 from their edge; whole strokes where those are thinner.

    Strokes are where a mask of `core/lettering` is (nearly) opaque, so without shadow and glow, through which a picture
    may be seen to move; a plain mask is taken from 0.5.
    """
    inside = (letters > 0.95).astype(np.uint8)
    inside = inside if inside.any() else (letters > 0.5).astype(np.uint8)
    steps = max(1, round(min(letters.shape) / 540))
    core = cv2.erode(inside, np.ones((3, 3), np.uint8), iterations=steps)
    core = core if np.count_nonzero(core) >= _CORE else inside
    return core.astype(bool) if core.any() else None


class _Lettering:
    """What of each frame differs from the reference where letters are."""

    def __init__(self, reference: np.ndarray, core: np.ndarray) -> None:
        rows, columns = np.flatnonzero(core.any(1)), np.flatnonzero(core.any(0))
        self._box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        self._inside = core[self._box]
        self._weight = self._inside.astype(np.float32)
        self._around = cv2.blur(self._weight, (3, 3), borderType=cv2.BORDER_CONSTANT)
        self._truth = cv2.cvtColor(reference[self._box], cv2.COLOR_RGB2GRAY)

    def look(self, look: Look) -> tuple[float, float]:
        """(mean, largest) absolute difference, grey levels. One pixel alone is nothing that anyone sees."""
        differences = cv2.absdiff(look.grey[self._box], self._truth).astype(np.float32) * self._weight
        around = cv2.blur(differences, (3, 3), borderType=cv2.BORDER_CONSTANT)
        local = around[self._inside] / self._around[self._inside]
        return float(differences[self._inside].mean()), float(local.max())

    def figures(self, kept: Sequence[tuple[float, float]]) -> dict[str, float | None]:
        means, largest = zip(*kept, strict=True)
        return {"lettering_mean_diff": max(means), "lettering_max_diff": max(largest)}
