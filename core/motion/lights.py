"""What gives light in a picture: lamps, screens and neon with a halo around them, and flames with a hot core.

White cloth, paper and stones are as bright as lamps are; light that falls off around a thing tells them apart. All on
the small picture (shorter side 256 px), in CIELAB.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..pixels import disc, ramp
from .calibration import LIGHTS


@dataclass(frozen=True)
class Glowing:
    """mask: (h, w) float32 0..1; confidence: 0..1 that it gives light; source: where the surest part is brightest,
    shares of width and height, and how wide its halo is, px at 256."""

    mask: np.ndarray
    confidence: float = 0.0
    source: tuple[float, float] = (0.5, 0.5)
    halo: float = 0.0


def find_lamps(lab: np.ndarray) -> Glowing:
    """Light or bright colour that stands out from dark around it and lights what is beside it."""
    light = np.ascontiguousarray(lab[..., 0])
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    glow = light + 0.35 * np.minimum(chroma, 60)
    around = cv2.GaussianBlur(glow, (0, 0), 18)
    over = ramp(glow - around, LIGHTS.over, 2 * LIGHTS.over) * ramp(glow, LIGHTS.least, 80)
    over = over * ramp(cv2.GaussianBlur(light, (0, 0), 24), *LIGHTS.dark_around)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((over > 0.4).astype(np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA]
    kept = [i for i in range(1, count) if LIGHTS.spot_least <= areas[i] <= LIGHTS.spot_most * light.size]
    halos = {i: _halo(glow, labels, i, stats[i]) for i in kept}
    lit = [i for i in kept if halos[i] >= LIGHTS.halo]
    mask = cv2.GaussianBlur((over * np.isin(labels, lit)).astype(np.float32), (0, 0), 2.0)
    share = float(mask.mean())
    if not lit or not LIGHTS.share_least < share < LIGHTS.share_most:
        return Glowing(np.zeros_like(light))
    best = max(lit, key=lambda i: halos[i] * float(np.sqrt(areas[i])))
    row, column = np.argwhere(labels == best)[int(glow[labels == best].argmax())]
    source = ((float(column) + 0.5) / light.shape[1], (float(row) + 0.5) / light.shape[0])
    told = float(areas[lit].sum()) / float(areas[kept].sum())  # of all that is as bright, what has a halo
    return Glowing(mask, told * float(ramp(halos[best], 0.4 * LIGHTS.halo, 1.6 * LIGHTS.halo)), source, halos[best])


def _halo(glow: np.ndarray, labels: np.ndarray, which: int, box: np.ndarray) -> float:
    """Lightness by which the nearest surroundings of a part are above those further off."""
    x, y, w, h = (int(v) for v in box[:4])
    far = 22
    window = np.s_[max(0, y - far) : y + h + far, max(0, x - far) : x + w + far]
    away = cv2.distanceTransform((labels[window] != which).astype(np.uint8), cv2.DIST_L2, 5)
    others = (labels[window] > 0) & (labels[window] != which)
    rings = [glow[window][(away > low) & (away <= high) & ~others] for low, high in ((3, 6), (9, 13), (16, 22))]
    if any(ring.size < 12 for ring in rings):
        return 0.0
    near, middle, outer = (float(np.median(ring)) for ring in rings)
    falls = min(near - middle, near - outer)  # evenly, not once
    return falls if falls > LIGHTS.even * float(rings[0].std()) else 0.0  # and to all sides alike


def find_flames(lab: np.ndarray) -> Glowing:
    """Yellow-hot cores within orange, standing free in the dark, taller than wide."""
    light, a, b = cv2.split(lab)
    hot = (np.hypot(a, b) > LIGHTS.flame_chroma) & (b > 0.6 * np.abs(a)) & (b > 25) & (a > -5) & (light > 45)
    core = (light > LIGHTS.core_light) & (b > 15)
    part = cv2.morphologyEx((hot | core).astype(np.uint8), cv2.MORPH_OPEN, disc(1))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(part)
    flames, surest = np.zeros(light.shape, np.float32), 0.0
    for i in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[i])
        inside = labels == i
        free = x > 2 and y > 2 and x + w < light.shape[1] - 2
        if not free or not LIGHTS.flame_least < area / light.size < LIGHTS.flame_most:
            continue
        ring = cv2.dilate(inside.astype(np.uint8), disc(8)) > inside
        told = (
            float(ramp(core[inside].mean(), *LIGHTS.core_share))
            * float(ramp(np.median(light[ring]), *LIGHTS.dark_flame))
            * float(ramp(h / w, 0.7, 1.2))
        )
        if told > 0.25:
            flames[inside] = 1
            surest = max(surest, told)
    return Glowing(cv2.GaussianBlur(flames, (0, 0), 3), surest)
