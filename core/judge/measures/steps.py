"""Steps around the ring: does the join show, does anything jump, stall or repeat.

The ratios are those of Schodl et al., Video Textures (2000), made into a ring.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ...pixels import reduced, ring_steps
from ..rules import Look, Rule, Setting

STILL = 0.02
"""Grey levels: a median step under this is a still picture, and ratios are taken against it instead."""
VISIBLE = 0.3
"""Grey levels: steps under this neither jump nor stall for anyone who looks."""
_TILE_SHARE = 0.3
"""A tile of 4x4 counts this much of its own step: one that changes by a whole level is seen by itself."""
_SEEN = {"seen_in": "visible_step", "seen_from": VISIBLE}

RULES = (
    Rule(
        "seam_ratio",
        "step from the last frame to the first / median step; a repeated frame has 0, a stall",
        0.5,
        1.6,
        "the loop stalls at the join",
        "the join jumps",
        "leave out the last frame where it repeats the first (Trim Ends)",
        "close it with Close Loop or coverloop close",
        0.05,
        **_SEEN,
    ),
    Rule(
        "largest_step",
        "largest step anywhere on the ring / median step",
        high=2.0,
        too_high="a step on the ring jumps",
        to_lower="look at the frame that largest_step_at names; Close Loop fills holes, Match Tone takes out flashes",
        margin=0.05,
        **_SEEN,
    ),
    Rule("largest_step_at", "index of the frame that the largest step starts from"),
    Rule(
        "smallest_step",
        "smallest step / median step; under 0.15 the eye sees a stall",
        0.15,
        too_low="the loop stalls",
        to_raise="leave out frames that repeat; Close Loop does",
        margin=0.01,
        **_SEEN,
    ),
    Rule("median_step", "mean absolute grey difference of neighbouring frames at 256 px, median, grey levels"),
    Rule("visible_step", "largest step of the picture or, at three tenths, of a tile of 4x4, grey levels"),
    Rule(
        "tile_seam",
        "worst of 4x4 tiles: its step at the join / max(p95 of its other steps, half the picture's median step)",
        high=2.0,
        too_high="part of the picture jumps at the join",
        to_lower="close it with Close Loop or coverloop close; for Ambient Motion take another seed",
        margin=0.05,
        **_SEEN,
    ),
    Rule(
        "duplicates",
        "frames that are equal to an earlier one",
        high=0,
        too_high="frames are repeated",
        to_lower="leave them out; Close Loop does, and lower frames per second need fewer",
    ),
)


@dataclass(frozen=True)
class _Kept:
    small: np.ndarray
    print: bytes
    """Tells it from other frames."""


class _Steps:
    def look(self, look: Look) -> _Kept:
        sharp = reduced(look.grey, 512)
        return _Kept(look.small, hashlib.blake2b(sharp.tobytes(), digest_size=16).digest())

    def figures(self, kept: Sequence[_Kept]) -> dict[str, float | None]:
        grey = np.stack([one.small for one in kept])
        steps, median = ring_steps(grey)
        ratios = steps / max(median, STILL)
        tiles = _tiles(grey)
        return {
            "seam_ratio": float(ratios[-1]),
            "largest_step": float(ratios.max()),
            "largest_step_at": int(ratios.argmax()),
            "smallest_step": float(ratios.min()),
            "median_step": median,
            "visible_step": max(float(steps.max()), _TILE_SHARE * float(tiles.max())),
            "tile_seam": _tile_seam(tiles, median),
            "duplicates": len(kept) - len({one.print for one in kept}),
        }


def begin(setting: Setting) -> _Steps:
    return _Steps()


def _tiles(grey: np.ndarray) -> np.ndarray:
    """(N, h, w) -> (N, 4, 4) steps of tiles."""
    tiles = np.empty((len(grey), 4, 4), np.float32)
    for i, frame in enumerate(grey):
        step = np.abs(grey[(i + 1) % len(grey)] - frame)
        tiles[i] = cv2.resize(step, (4, 4), interpolation=cv2.INTER_AREA)
    return tiles


def _tile_seam(tiles: np.ndarray, median: float) -> float:
    usual = np.maximum(np.percentile(tiles[:-1], 95, axis=0), max(0.5 * median, STILL))
    return float((tiles[-1] / usual).max())
