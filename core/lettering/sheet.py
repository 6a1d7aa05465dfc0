"""A picture of what the lettering steps did, for the graph and for `coverloop text`."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..image import fit
from .regions import TextRegion

LIFT, KEEP = (80, 255, 120), (255, 170, 60)


def lettering_sheet(
    cover: np.ndarray,
    regions: Sequence[TextRegion],
    mask: np.ndarray,
    plate: np.ndarray,
    held: np.ndarray | None = None,
    size: int = 640,
) -> np.ndarray:
    """Cover with the regions outlined (green: lifted, orange: kept) and what is held tinted, glyph mask and clean
    plate, side by side.

    cover, plate: (H, W, 3) uint8; mask: (H, W) float 0..1; held: (H, W) bool. Returns (size, about 3 * size, 3) uint8.
    """
    outlined = cover.copy()
    if held is not None:
        outlined[held] = (outlined[held].astype(np.float32) * 0.5 + np.array(KEEP) * 0.5).astype(np.uint8)
    thickness = max(1, round(min(cover.shape[:2]) / 400))
    for region in regions:
        outline = np.round(np.asarray(region.polygon)).astype(np.int32)
        cv2.polylines(outlined, [outline], True, LIFT if region.lift else KEEP, thickness, cv2.LINE_AA)
    grey = np.repeat(np.round(mask * 255).astype(np.uint8)[..., None], 3, axis=2)
    return np.concatenate([fit(part, size) for part in (outlined, grey, plate)], axis=1)
