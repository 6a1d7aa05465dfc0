"""A loop at another rate, without a hole at its join."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from ..errors import ClipError
from ..limits import FRAMES
from .between import FlowWarp, Gap, Interpolator
from .grain import usual_grain


def retime(frames: np.ndarray, count: int, interpolator: Interpolator | None = None) -> np.ndarray:
    """One turn of a ring in `count` frames. The gap from the last frame to the first is a step like any other.

    frames: (N, H, W, 3) uint8. Frame 0 stays frame 0; a new frame that falls on one of the ring is that one, the others
    lie between their two neighbours. With as many frames as there are, nothing is done.

    Raises:
        ClipError: count under 2 or over `limits.FRAMES`, or no clip.
    """
    if frames.ndim != 4 or len(frames) < 2 or frames.dtype != np.uint8:
        raise ClipError(f"frames are {frames.dtype} {frames.shape}; they must be (N, H, W, 3) uint8 with N >= 2")
    if not 2 <= count <= FRAMES.high:
        raise ClipError(f"{count} frames is outside 2..{FRAMES.high}; change the duration or the rate")
    if count == len(frames):
        return frames
    interpolator = interpolator or FlowWarp()
    grain = usual_grain([(frames[k - 1], frames[k]) for k in (0, len(frames) // 3, 2 * len(frames) // 3)])
    out = np.empty((count, *frames.shape[1:]), np.uint8)
    between: dict[int, list[tuple[int, float]]] = {}
    for k in range(count):
        place = Fraction(k * len(frames), count)
        if place.denominator == 1:
            out[k] = frames[int(place)]
        else:
            between.setdefault(math.floor(place), []).append((k, float(place % 1)))

    def gaps() -> Iterator[Gap]:
        for i, places in between.items():
            yield Gap(frames[i], frames[(i + 1) % len(frames)], tuple(time for _, time in places), i)

    for places, pictures in zip(between.values(), interpolator.fill(gaps(), grain), strict=True):
        for (k, _), picture in zip(places, pictures, strict=True):
            out[k] = picture
    return out
