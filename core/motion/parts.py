"""Parts of a picture that `scene.py` finds by simple measures: flat grounds, free-standing shapes, lamps, flames.

All on the small picture of a scene (shorter side 256 px), in CIELAB.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..pixels import disc, ramp
from .calibration import FINDING


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
    calm = ramp(spread, 2 * FINDING.flat_step, FINDING.flat_step).astype(np.float32)
    return cv2.GaussianBlur(calm, (0, 0), 1)


def plain(lab: np.ndarray, flat_: np.ndarray) -> np.ndarray:
    """(h, w) float32, 1 on flat grounds that are nearly white or nearly black: any change of tone shows there."""
    light = cv2.GaussianBlur(np.ascontiguousarray(lab[..., 0]), (0, 0), 1)
    ends = np.maximum(
        ramp(light, FINDING.white - 4, FINDING.white), ramp(light, FINDING.black + 4, FINDING.black)
    ).astype(np.float32)
    return cv2.GaussianBlur(cv2.dilate(ends * (flat_ > 0.3), disc(2)), (0, 0), 2)


def ground(lab: np.ndarray, flat_: np.ndarray) -> np.ndarray:
    """(h, w) bool: the one flat colour that most of the picture's rim and much of the picture has; empty if none."""
    calm = flat_ > 0.6
    rim = np.zeros(calm.shape, bool)
    rim[:6] = rim[-6:] = rim[:, :6] = rim[:, -6:] = True
    if (calm & rim).sum() < 0.5 * rim.sum():
        return np.zeros(calm.shape, bool)
    colour = np.median(lab[calm & rim], axis=0)
    near = np.linalg.norm(lab - colour, axis=2) < FINDING.ground_reach
    near = cv2.morphologyEx((near & (flat_ > 0.3)).astype(np.uint8), cv2.MORPH_OPEN, disc(1)) > 0
    return near if near.mean() > FINDING.ground_share else np.zeros(calm.shape, bool)


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
        if not (free and FINDING.shape_least < area / filled.size < FINDING.shape_most):
            continue
        inside = labels == i
        if flat_[inside].mean() < FINDING.shape_flat:
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


def lamps(lab: np.ndarray) -> np.ndarray:
    """(h, w) float32: lamps, screens, neon: light or bright colour that stands out from dark around it."""
    light = np.ascontiguousarray(lab[..., 0])
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    glow = light + 0.35 * np.minimum(chroma, 60)
    around = cv2.GaussianBlur(glow, (0, 0), 18)
    over = ramp(glow - around, FINDING.lamp_over, 2 * FINDING.lamp_over) * ramp(glow, FINDING.lamp_light, 80)
    over = over * ramp(cv2.GaussianBlur(light, (0, 0), 24), 52, 38)
    mask = (over > 0.4).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    kept = [i for i in range(1, count) if 6 <= stats[i, cv2.CC_STAT_AREA] <= FINDING.lamp_most * mask.size]
    return cv2.GaussianBlur((over * np.isin(labels, kept)).astype(np.float32), (0, 0), 2.0)


def flames(lab: np.ndarray) -> np.ndarray:
    """(h, w) float32: bright orange and yellow in the dark."""
    light, a, b = cv2.split(lab)
    hot = (np.hypot(a, b) > FINDING.flame_chroma) & (b > 0.6 * np.abs(a)) & (b > 25) & (a > -5) & (light > 45)
    hot = hot & (cv2.GaussianBlur(light, (0, 0), 30) < 45)
    mask = cv2.morphologyEx(hot.astype(np.uint8), cv2.MORPH_OPEN, disc(1))
    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 4)
