"""The whole chain from a clip to a loop: trim, tone, cut, close."""

from __future__ import annotations

import dataclasses
import logging
import math
from fractions import Fraction

import numpy as np

from ..errors import ClipError
from ..pixels import reduced, ring_steps
from .between import FlowWarp, Interpolator
from .calibration import CUTTING, STEPS
from .close import Closing, close
from .cut import Cut, cut_of, cuts_of, trim
from .local import tile_steps
from .retime import retime
from .seen import Seen, check
from .tone import tone_match

log = logging.getLogger(__name__)


def best_cut(frames: np.ndarray, *, max_start: int = 0, length: int | None = None) -> Cut:
    """The best cut: as `find_cut`, but where a length is wanted its cheapest cuts are closed as small previews, and the
    one whose ring has the evenest steps is it. Raises ClipError, see `find_cut`."""
    return _best_of(check(frames), max_start, length)


def _best_of(seen: Seen, max_start: int, length: int | None) -> Cut:
    if length is None:
        return cut_of(seen, max_start=max_start)
    tried: list[Cut] = []
    for cut in cuts_of(seen, length, max_start):
        if all(abs(cut.end - other.end) + abs(cut.start - other.start) > 1 for other in tried):
            tried.append(cut)
        if len(tried) == CUTTING.tried:
            break
    if len(tried) < 2:
        return tried[0] if tried else cut_of(seen, max_start=max_start, length=length)
    small = np.stack([reduced(frame, CUTTING.preview) for frame in seen.small])
    return min(tried, key=lambda cut: _unevenness(small[cut.start : cut.end], length) + 0.1 * cut.cost)


def _unevenness(clip: np.ndarray, length: int) -> float:
    """How far the steps of the closed clip, and those of its tiles at the join, are from even ones."""
    grey = Seen.of(close(clip, FlowWarp(), length=length)[0]).grey
    steps, median = ring_steps(grey)
    tiles = tile_steps(grey)
    usual = np.maximum(np.percentile(tiles[:-1], 95, axis=0), 0.5 * median)
    found = (steps.max() / median / 1.25, 0.6 / max(steps.min() / median, 0.01), float((tiles[-1] / usual).max()) / 1.5)
    return sum(max(0.0, math.log(value)) for value in found)


def close_clip(
    frames: np.ndarray,
    fps: float | Fraction,
    *,
    cover: np.ndarray | None = None,
    lettering: np.ndarray | None = None,
    trim_start: int = 0,
    trim_end: int = 0,
    max_start: int | None = None,
    count: int | None = None,
    interpolator: Interpolator | None = None,
) -> tuple[np.ndarray, Closing]:
    """The whole chain: trim, tone, cut, close.

    frames: (N, H, W, 3) uint8. cover, lettering: see `tone.tone_match`. max_start: how far the start may move; by
    default not at all with a cover (frame 0 shows it) and a quarter of the clip without. fps is only checked.
    count: frames of the loop, exactly. They are the clip's own and in-betweens at the join; only a clip too short for
    that is resampled.
    When no closing has a smaller largest step than the clip as it came, that is returned and the report says so.

    Raises:
        ClipError: fewer than 6 frames, all alike, wrong dtype or shape, bad trim or count.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise ClipError(f"{fps} frames per second; it must be above 0")
    clip = trim(frames, trim_start, trim_end)
    seen = check(clip)
    interpolator = interpolator or FlowWarp()
    steps, median = ring_steps(seen.grey)
    came = float(steps.max() / median) if median > 0 else math.inf
    steady, tone = tone_match(clip, cover=cover, lettering=lettering)
    limit = max_start if max_start is not None else 0 if cover is not None else len(clip) // 4
    if steady is not clip:
        seen = check(steady)
    cut = _best_of(seen, limit, count)
    part = slice(cut.start, cut.end)
    closed, report = close(steady[part], interpolator, length=count, seen=seen[part])
    report = dataclasses.replace(report, cut=cut, tone=tone, largest_step_before=came)
    if report.largest_step > max(came, STEPS.hole):
        log.warning("closing made the largest step %.2f of %.2f; the clip is left as it was", report.largest_step, came)
        closed, report = clip, dataclasses.replace(report, kept_as_it_was=True, largest_step=came)
    if count is not None and count != len(closed):
        closed = retime(closed, count, interpolator)
    return closed, report
