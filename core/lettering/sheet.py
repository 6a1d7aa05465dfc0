"""A picture of what the lettering steps did, for the graph and for `coverloop text`."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..image import fit
from .find import TextRegion

LIFT, KEEP = (80, 255, 120), (255, 170, 60)


def lettering_sheet(
    cover: np.ndarray, regions: Sequence[TextRegion], mask: np.ndarray, plate: np.ndarray, size: int = 640
) -> np.ndarray:
    """Cover with the regions outlined (green: lifted, orange: kept), glyph mask and clean plate, side by side.

    cover, plate: (H, W, 3) uint8; mask: (H, W) float 0..1. Returns (size, about 3 * size, 3) uint8.
    """
    outlined = cover.copy()
    thickness = max(1, round(min(cover.shape[:2]) / 400))
    for region in regions:
        outline = np.round(np.asarray(region.polygon)).astype(np.int32)
        cv2.polylines(outlined, [outline], True, LIFT if region.lift else KEEP, thickness, cv2.LINE_AA)
    grey = np.repeat(np.round(mask * 255).astype(np.uint8)[..., None], 3, axis=2)
    return np.concatenate([fit(part, size) for part in (outlined, grey, plate)], axis=1)
