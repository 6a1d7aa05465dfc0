"""What is no cover, told apart by measuring: tiny, of another shape, a placeholder, a photo of a disc, a scan's margin.

A concern is a name; the pages have the sentence. Nothing is refused for one: who gave the picture decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..core.pixels import resized


@dataclass(frozen=True)
class Calibration:
    """side: below it a loop is made of too few pixels. aspect: how far from square a cover may be (Cover Art Archive:
    0.95 to 1.05). levels: distinct grey levels, of 64, that all pixels but a hundredth take in a placeholder. corner:
    spread of grey levels in the corners around a disc. edge: share of directions in which the rim, and the hole, of a
    disc show. margin: width of a scan's margin as a share of the side; spread: its levels."""

    side: int = 500
    aspect: float = 1.05
    levels: int = 3
    corner: float = 9.0
    edge: float = 0.85
    margin: float = 0.02
    spread: float = 4.0


LIMITS = Calibration()


def concerns_about(image: np.ndarray) -> list[str]:
    """Why a picture may be no cover: names of `small`, `shape`, `placeholder`, `disc`, `margin`. image: (H, W, 3) uint8
    sRGB."""
    height, width = image.shape[:2]
    grey = cv2.cvtColor(resized(image, 256, 256), cv2.COLOR_RGB2GRAY)
    found = []
    if min(height, width) < LIMITS.side:
        found.append("small")
    if max(height, width) > LIMITS.aspect * min(height, width):
        found.append("shape")
    if _is_flat(grey):
        return [*found, "placeholder"]
    if _is_disc(grey):
        found.append("disc")
    elif _has_margin(grey):
        found.append("margin")
    return found


def _is_flat(grey: np.ndarray) -> bool:
    counts = np.sort(np.bincount(grey.ravel() >> 2, minlength=64))[::-1]
    covered = np.cumsum(counts) / grey.size
    return int(np.searchsorted(covered, 0.99)) + 1 <= LIMITS.levels


def _is_disc(grey: np.ndarray) -> bool:
    """Plain corners, and from the middle in nearly every direction one rim near the border and one hole."""
    y, x = np.mgrid[0:256, 0:256] - 127.5
    outside = grey[np.hypot(x, y) > 134]
    if outside.std() > LIMITS.corner:
        return False
    polar = cv2.warpPolar(grey.astype(np.float32), (128, 180), (127.5, 127.5), 127.5, cv2.WARP_POLAR_LINEAR)
    steps = np.abs(np.diff(cv2.blur(polar, (3, 3)), axis=1))
    return _circle(steps[:, 90:], 2) and _circle(steps[:, 2:40], 2)


def _circle(steps: np.ndarray, around: int) -> bool:
    """Whether in nearly every direction there is a step at about one radius. steps: (directions, radii)."""
    radius = int(steps.sum(0).argmax())
    ring = steps[:, max(0, radius - around) : radius + around + 1].max(1)
    return bool((ring > 12).mean() > LIMITS.edge)


def _has_margin(grey: np.ndarray) -> bool:
    """A plain light strip along one or more borders, and none like it along the others, as a scanner leaves it. A frame
    all around is a design."""
    wide = max(2, round(256 * LIMITS.margin))
    strips = (grey[:wide], grey[-wide:], grey[:, :wide], grey[:, -wide:])
    plain = [bool(strip.std() < LIMITS.spread and strip.mean() > 225) for strip in strips]
    return 0 < sum(plain) < 4
