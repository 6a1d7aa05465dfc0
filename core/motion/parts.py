"""Flat grounds and what stands free on them.

All on the small picture of a scene (shorter side 256 px), in CIELAB.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..pixels import disc, ramp
from .calibration import FLAT


@dataclass(frozen=True)
class FreeShape:
    """A part that stands free on a flat ground. center: shares of width and height; radius: share of the shorter side;
    reach: (h, w) float32, 1 on the shape, falling to 0 within the ground around it; inside: (h, w) bool."""

    center: tuple[float, float]
    radius: float
    reach: np.ndarray
    inside: np.ndarray


def flat(lab: np.ndarray) -> np.ndarray:
    """(h, w) float32, 1 where colour hardly changes around a point: plain paper, plain print, plain black."""
    mean = cv2.blur(lab, (5, 5))
    spread = np.sqrt(np.maximum(cv2.blur(lab * lab, (5, 5)) - mean * mean, 0)).max(2)
    calm = ramp(spread, 2 * FLAT.step, FLAT.step).astype(np.float32)
    return cv2.GaussianBlur(calm, (0, 0), 1)


def plain(lab: np.ndarray, flat_: np.ndarray) -> np.ndarray:
    """(h, w) float32, 1 on flat grounds that are nearly white or nearly black: any change of tone shows there."""
    light = cv2.GaussianBlur(np.ascontiguousarray(lab[..., 0]), (0, 0), 1)
    ends = np.maximum(ramp(light, FLAT.white - 4, FLAT.white), ramp(light, FLAT.black + 4, FLAT.black)).astype(
        np.float32
    )
    return cv2.GaussianBlur(cv2.dilate(ends * (flat_ > 0.3), disc(2)), (0, 0), 2)


def ground(lab: np.ndarray, flat_: np.ndarray) -> np.ndarray:
    """(h, w) bool: the one flat colour that most of the picture's rim and much of the picture has; empty if none."""
    calm = flat_ > 0.6
    rim = np.zeros(calm.shape, bool)
    rim[:6] = rim[-6:] = rim[:, :6] = rim[:, -6:] = True
    if (calm & rim).sum() < 0.5 * rim.sum():
        return np.zeros(calm.shape, bool)
    colour = np.median(lab[calm & rim], axis=0)
    near = np.linalg.norm(lab - colour, axis=2) < FLAT.ground_reach
    near = cv2.morphologyEx((near & (flat_ > 0.3)).astype(np.uint8), cv2.MORPH_OPEN, disc(1)) > 0
    return near if near.mean() > FLAT.ground_share else np.zeros(calm.shape, bool)


def free_shapes(ground_: np.ndarray, flat_: np.ndarray) -> tuple[FreeShape, ...]:
    """What stands free on the ground, each part with all that is inside it; parts that touch the rim are left out."""
    if not ground_.any():
        return ()
    height, width = ground_.shape
    over = cv2.morphologyEx((~ground_).astype(np.uint8), cv2.MORPH_CLOSE, disc(3))
    contours, _ = cv2.findContours(over, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(over)
    cv2.drawContours(filled, contours, -1, 1, -1)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(filled)
    found = []
    for i in range(1, count):
        x, y, w, h, area = (int(value) for value in stats[i])
        free = x > 2 and y > 2 and x + w < width - 2 and y + h < height - 2
        if not (free and FLAT.shape_least < area / filled.size < FLAT.shape_most):
            continue
        inside = labels == i
        if flat_[inside].mean() < FLAT.shape_flat:
            continue
        to_it = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5)
        others = ((labels != i) & (labels > 0)).astype(np.uint8)
        others[0] = others[-1] = others[:, 0] = others[:, -1] = 1
        to_others = cv2.distanceTransform(1 - others, cv2.DIST_L2, 5)
        reach = ramp(to_it / np.maximum(to_it + to_others, 1e-3), 0.85, 0.1) * ramp(to_it, 40.0, 2.0)
        center = (float(centres[i][0] + 0.5) / width, float(centres[i][1] + 0.5) / height)
        radius = float(np.hypot(w, h)) / 2 / min(height, width)
        found.append(FreeShape(center, radius, np.maximum(reach, inside).astype(np.float32), inside))
    return tuple(sorted(found, key=lambda shape: -shape.radius)[:24])


def grab_cut(image: np.ndarray, labels: np.ndarray, rounds: int) -> np.ndarray:
    """(h, w) bool: GrabCut (Rother 2004) from first labels, always with the same random numbers."""
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    front, back = (cv2.GC_FGD, cv2.GC_PR_FGD), (cv2.GC_BGD, cv2.GC_PR_BGD)
    if np.isin(labels, front).any() and np.isin(labels, back).any():
        cv2.grabCut(image, labels, None, *models, rounds, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
    return np.isin(labels, front)
