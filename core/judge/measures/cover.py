"""Is the cover kept: frame 0 against it, outside the lettering."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from ..rules import Look, Rule, Setting

RULES = (
    Rule(
        "first_frame_ssim",
        "SSIM (Wang 2004, grey) of frame 0 and the cover, outside the lettering",
        0.97,
        1.0,
        "the first frame does not keep the cover",
        to_raise="let the loop begin at the frame that shows the cover (Trim Ends, Find Cut), and match its tone",
        margin=0.001,
    ),
    Rule(
        "first_frame_psnr",
        "dB, RGB, outside the lettering; 100 when equal",
        30.0,
        too_low="the first frame differs from the cover",
        to_raise="let the loop begin at the frame that shows the cover, match its tone, or lower crf",
        margin=0.1,
    ),
    Rule(
        "first_frame_colour",
        "largest difference of a channel's mean, levels, outside the lettering",
        high=3.0,
        too_high="the first frame's colour is off the cover's",
        to_lower="Match Tone with the cover sets it right",
        margin=0.05,
    ),
)


class _FirstFrame:
    def __init__(self, found: tuple[float, float, float]) -> None:
        self._found = found

    def look(self, look: Look) -> None:
        return None

    def figures(self, kept: Sequence[None]) -> dict[str, float | None]:
        return dict(zip((rule.name for rule in RULES), self._found, strict=True))


def begin(setting: Setting) -> _FirstFrame | None:
    if setting.cover is None:
        return None
    return _FirstFrame(_first_frame(setting.first, setting.cover, setting.lettering))


def ssim_map(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Structural similarity of two (H, W) grey pictures, 0..255, per pixel; Wang et al. 2004, Gaussian window 1.5."""
    a, b = a.astype(np.float32), b.astype(np.float32)

    def blur(image: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(image, (11, 11), 1.5)

    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b, cov = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2, blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return (2 * mean_a * mean_b + c1) * (2 * cov + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))


def _first_frame(first: np.ndarray, cover: np.ndarray, letters: np.ndarray | None) -> tuple[float, float, float]:
    weight = np.ones(first.shape[:2], np.float32)
    if letters is not None:
        reach = 2 * max(5, round(min(first.shape[:2]) / 200)) + 1  # 5: the radius of SSIM's window
        weight -= cv2.dilate((letters > 0.1).astype(np.float32), np.ones((reach, reach), np.uint8))
    if not weight.any():
        weight[:] = 1
    total = float(weight.sum())
    similar = ssim_map(cv2.cvtColor(first, cv2.COLOR_RGB2GRAY), cv2.cvtColor(cover, cv2.COLOR_RGB2GRAY))
    apart = (first.astype(np.float32) - cover) * weight[..., None]
    error = float((apart**2).sum()) / (3 * total)
    psnr = 100.0 if error < 1e-5 else min(100.0, 10 * math.log10(255**2 / error))
    colour = float(np.abs(apart.sum((0, 1), dtype=np.float64)).max() / total)
    return float((similar * weight).sum() / total), psnr, colour
