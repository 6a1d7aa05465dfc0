"""Motion as optical flow (DIS) sees it: how much moves, how fast, and does the join follow from it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import cv2
import numpy as np

from ..moved import moved
from ..rules import Look, Rule, Setting
from .steps import VISIBLE

RULES = (
    Rule(
        "seam_residual",
        "what flow cannot explain at the join / the same at other places of the ring (median)",
        high=1.4,
        too_high="the picture at the join does not follow from the motion",
        to_lower="close it with Close Loop or coverloop close; where the encoder made it, lower crf",
        margin=0.05,
        seen_in="visible_step",
        seen_from=VISIBLE,
    ),
    Rule("seam_acceleration", "change of flow across the join / elsewhere (median); tells a turn of the motion"),
    Rule("motion_mean", "px/s for a shorter side of 1080 px, over the picture and the ring"),
    Rule(
        "motion_p95",
        "px/s at 1080, 95th percentile over the picture, of each pixel's mean speed over the ring",
        high=60.0,
        too_high="the fastest parts are hurried",
        to_lower="ask for less motion (--motion calm, or a lower strength)",
        margin=0.1,
    ),
    Rule("active_area", "share of the picture whose mean speed is at least 2 px/s at 1080"),
)


class _Flow:
    def __init__(self, fps: float) -> None:
        self._fps = fps

    def look(self, look: Look) -> np.ndarray:
        return look.small

    def figures(self, kept: Sequence[np.ndarray]) -> dict[str, float | None]:
        grey = np.stack(kept)
        return {**_motion(grey, self._fps, 1080 / min(grey.shape[1:]))}


def begin(setting: Setting) -> _Flow:
    return _Flow(setting.fps)


def _motion(grey: np.ndarray, fps: float, scale: float) -> dict[str, float]:
    n = len(grey)
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # pyright: ignore[reportAttributeAccessIssue]
    bytes_ = [np.round(frame).astype(np.uint8) for frame in grey]
    # a sixth of a second apart: slow motion is a few hundredths of a pixel from frame to frame, too little for flow
    apart = max(1, min(round(fps / 6), n // 4))
    starts = np.unique(np.linspace(0, n, min(n, 16), endpoint=False).astype(int))
    flows = [moved(bytes_[t], bytes_[(t + apart) % n]) for t in starts]
    speed = np.mean([np.hypot(*np.moveaxis(flow, 2, 0)) for flow in flows], axis=0) * (fps / apart * scale)
    chosen = {n - 2, n - 1, 0} | {int(t) for t in np.linspace(1, n - 3, min(n - 3, 8))}
    needed = sorted({t % n for t in itertools.chain(chosen, (t + 1 for t in chosen))})
    pairs = {t: dis.calc(bytes_[t], bytes_[(t + 1) % n], None) for t in needed}
    residual = {t: _residual(grey[t], grey[(t + 1) % n], pairs[t]) for t in needed}
    turning = {t: float(np.hypot(*np.moveaxis(pairs[(t + 1) % n] - pairs[t], 2, 0)).mean()) for t in chosen}
    away = [t for t in chosen if t not in (n - 2, n - 1)]
    return {
        "seam_residual": residual[n - 1] / max(float(np.median([residual[t] for t in away])), 0.1),
        "seam_acceleration": max(turning[n - 2], turning[n - 1])
        / max(float(np.median([turning[t] for t in away])), 0.01),
        "motion_mean": float(speed.mean()),
        "motion_p95": float(np.percentile(speed, 95)),
        "active_area": float((speed >= 2.0).mean()),
    }


def _residual(a: np.ndarray, b: np.ndarray, flow: np.ndarray) -> float:
    y, x = np.mgrid[: a.shape[0], : a.shape[1]].astype(np.float32)
    back = cv2.remap(b, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return float(np.abs(back - a).mean())
