"""Where a clip is cut to loop. Source: Schodl et al., Video Textures (2000); the wanted length is our own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ClipError
from .calibration import CUTTING, FILLING
from .seen import MIN_FRAMES, Seen, check


@dataclass(frozen=True)
class Cut:
    """The loop is frames[start:end]. `gap`: step from its last frame to its first, in usual steps. `cost`: `find_cut`.
    `between`: frames that are still to come at the join, where a length is wanted."""

    start: int
    end: int
    gap: float
    cost: float
    between: int | None = None


def trim(frames: Any, start: int = 0, end: int = 0) -> Any:
    """Drop frames at both ends of an array or tensor of (N, H, W, 3). Raises ClipError when fewer than 6 are left."""
    if start < 0 or end < 0 or len(frames) - start - end < MIN_FRAMES:
        raise ClipError(
            f"trimming {start} + {end} of {len(frames)} frames leaves too few; at least {MIN_FRAMES} must stay"
        )
    return frames[start : len(frames) - end]


def find_cut(
    frames: np.ndarray, *, max_start: int = 0, min_length: int | None = None, length: int | None = None
) -> Cut:
    """The best loop frames[start:end] inside a clip: frames meet and velocity meets velocity.

    For each pair the join step is compared with the step before it and the one after it, as pictures, so that size
    and direction of the motion count (48 px, blurred, in units of the median step); shortening costs a little.
    max_start: how far the start may move (0 keeps frame 0 first). min_length: default 60 % of the clip, at least 6.
    length: frames that the loop with its in-betweens is to have. The cut is then the best of those from which
    in-betweens lead to exactly that many; where the clip is too short for any, the best cut is as without.

    Raises:
        ClipError: fewer than 6 frames, or all frames alike.
    """
    return cut_of(check(frames), max_start=max_start, min_length=min_length, length=length)


def cut_of(seen: Seen, *, max_start: int = 0, min_length: int | None = None, length: int | None = None) -> Cut:
    """As `find_cut`, of a clip that is checked."""
    if length is not None and (best := cuts_of(seen, length, max_start)):
        return best[0]
    count = len(seen)
    shortest = min(count, max(MIN_FRAMES, round(CUTTING.least * count) if min_length is None else min_length))
    places = seen.points
    moves = np.diff(places, axis=0)
    usual = max(float(np.median(np.abs(moves).mean(1))), 1e-6)
    if length is None and (whole := _whole(places, moves, usual)):
        return whole
    best = Cut(0, count, math.inf, math.inf)
    for start in range(min(max_start, count - shortest) + 1):
        ends = np.arange(start + shortest, count + 1)
        joins = places[start] - places[ends - 1]
        gaps = np.abs(joins).mean(1) / usual
        turns = np.abs(joins - moves[ends - 2]).mean(1) + np.abs(joins - moves[start]).mean(1)
        costs = turns / (2 * usual) + CUTTING.shorter * (count - (ends - start)) / count
        if length is not None:
            costs = costs + CUTTING.off_length * np.abs(ends - start + np.maximum(np.round(gaps) - 1, 0) - length)
        i = int(costs.argmin())
        if costs[i] < best.cost:
            best = Cut(start, int(ends[i]), float(gaps[i]), float(costs[i]))
    return best


def most_between(length: int) -> int:
    """In-betweens at the join of a loop of `length` frames, at most."""
    return max(8, round(FILLING.most_share * length))


def cuts_of(seen: Seen, length: int, max_start: int = 0) -> list[Cut]:
    """Cuts with a number of in-betweens that makes exactly `length` frames, the cheapest first; one for each start and
    number. Costs: how much the way across the join turns from the motion on both sides, taken in as many steps as
    there will be; how far it is; how much slower or faster than usual those steps are."""
    count, most = len(seen), most_between(length)
    places = seen.points
    moves = np.diff(places, axis=0)
    usual = max(float(np.median(np.abs(moves).mean(1))), 1e-6)
    found = []
    for start in range(min(max_start, count - MIN_FRAMES) + 1):
        ends = np.arange(max(start + MIN_FRAMES, start + length - most), min(count, start + length) + 1)
        if not len(ends):
            continue
        between = length - (ends - start)
        joins = (places[start] - places[ends - 1]) / (between + 1)[:, None]
        paces = np.abs(joins).mean(1) / usual
        turns = np.abs(joins - moves[ends - 2]).mean(1) + np.abs(joins - moves[start]).mean(1)
        beside = (np.abs(moves[ends - 2]).mean(1) + np.abs(moves[start]).mean()) / (2 * usual)
        off = np.abs(np.log2(np.maximum(paces, 1e-3) / np.clip(beside, 0.5, 1.5)))
        costs = CUTTING.turning * turns / (2 * usual) + CUTTING.far * between
        costs = costs + CUTTING.uneven * np.maximum(off - CUTTING.pace_free, 0)
        found += [
            Cut(start, int(end), float(pace * (more + 1)), float(cost), int(more))
            for end, pace, more, cost in zip(ends, paces, between, costs, strict=True)
        ]
    return sorted(found, key=lambda cut: (cut.cost, cut.start, -cut.end))


def _whole(places: np.ndarray, moves: np.ndarray, usual: float) -> Cut | None:
    """The whole clip, where it closes as it is: its motion turns no more at the join than at other places, and does
    not stand, as it would where the last frame repeats the first."""
    join = places[0] - places[-1]
    turns = np.abs(np.diff(moves, axis=0)).mean(1)
    at_join = [float(np.abs(join - moves[-1]).mean()), float(np.abs(join - moves[0]).mean())]
    gap, beside = float(np.abs(join).mean()), [float(np.abs(moves[i]).mean()) for i in (0, -1)]
    if max(at_join) > CUTTING.like_others * float(np.percentile(turns, 95)):
        return None
    if gap < 0.5 * sum(beside) / 2 and min(beside) > 0.5 * usual:
        return None
    return Cut(0, len(places), gap / usual, sum(at_join) / (2 * usual))
