"""An already cut clip made a ring whose steps are even.

Frame N is frame 0 in everything here. Step sizes are mean absolute grey differences at 256 px and are told as ratios
to the median step.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from ..pixels import ring_steps
from .between import FlowWarp, Gap, Interpolator
from .calibration import FILLING, STEPS, TONING
from .cut import Cut, most_between
from .grain import usual_grain
from .local import find_jumps, led_over
from .own import own_ways
from .pace import march, timing
from .seen import MIN_FRAMES, Seen, check, grey, smaller
from .tone import Tone, join_shift, shift


@dataclass(frozen=True)
class Closing:
    """What was done to close a clip."""

    cut: Cut
    inserted: int
    """In-betweens at the join."""
    repaired: int
    """In-betweens at holes elsewhere."""
    dropped: int
    """Repeated or stalled frames left out."""
    led_over: int
    """Jumps of part of the picture that were led over in place."""
    own_ways: int
    """Parts that in-betweens would blur, and that go there and back through their own frames instead."""
    interpolator: str
    largest_step_before: float
    largest_step: float
    smallest_step: float
    seam_ratio: float
    tone: Tone | None = None
    kept_as_it_was: bool = False
    """True when no closing was better than the input, which is then returned unchanged."""

    def to_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def close(
    frames: np.ndarray,
    interpolator: Interpolator | None = None,
    *,
    length: int | None = None,
    seen: Seen | None = None,
) -> tuple[np.ndarray, Closing]:
    """Make an already cut clip a ring whose steps are even. Frame 0 stays frame 0.

    frames: (N, H, W, 3) uint8. interpolator: default FlowWarp. length: frames that the ring is to have; it has exactly
    that many where the clip has no more and in-betweens at the join (less than half of the ring) can make up for
    what is missing, else as many as come of themselves. seen: these frames, where they have been seen before.
    - stalled frames (step under 0.15 of the median) are left out;
    - tone missing at the join is spread over the whole ring;
    - the join, and any other step that stands out, gets as many in-betweens as make its steps like those around it.
      Their times are found on a small preview, so that each step is as large as the motion on both sides asks for;
    - a jump of part of the picture is led over in place.

    Raises:
        ClipError: as `find_cut`.
    """
    seen = seen or check(frames)
    interpolator = interpolator or FlowWarp()
    before, _ = ring_steps(seen.grey)
    keep = _without_stalls(seen.grey)
    ring, seen = _tone_closed(*((frames, seen) if len(keep) == len(frames) else (frames[keep], seen[keep])))
    plan = _plan(seen, length)
    ring, seen = ring[: plan.kept], seen[: plan.kept]
    grain = usual_grain([(ring[k - 1], ring[k]) for k in (-1, 1)])
    gaps = [_gap(ring, seen, hole, plan, interpolator) for hole in plan.holes]
    filled = dict(zip((hole.step for hole in plan.holes), interpolator.fill(gaps, grain), strict=True))
    parts = []
    small = []
    drawn: set[int] = set()
    for i, frame in enumerate(ring):
        parts += [frame, *filled.get(i, [])]
        small += [seen.small[i], *map(smaller, filled.get(i, []))]
        drawn.update(range(len(parts) - len(filled.get(i, [])), len(parts)))
    closed, seen, local = led_over(np.stack(parts), Seen(np.stack(small)), interpolator, grain)
    closed, seen, own = own_ways(closed, seen, drawn, ring)
    after, middle = ring_steps(seen.grey)
    ratios = after / middle
    inserted = len(filled.get(len(ring) - 1, []))
    report = Closing(
        cut=Cut(0, len(frames), float(before[-1] / np.median(before)), 0.0),
        inserted=inserted,
        repaired=len(closed) - len(ring) - inserted,
        dropped=len(frames) - len(ring),
        led_over=local,
        own_ways=own,
        interpolator=interpolator.name,
        largest_step_before=float(before.max() / np.median(before)),
        largest_step=float(ratios.max()),
        smallest_step=float(ratios.min()),
        seam_ratio=float(ratios[-1]),
    )
    return closed, report


@dataclass(frozen=True)
class _Hole:
    step: int
    """From this frame to the next on the ring."""
    number: int | None
    """In-betweens; None: as many as its steps ask for."""


@dataclass(frozen=True)
class _Plan:
    kept: int
    """Frames of the clip that stay."""
    holes: list[_Hole]
    steps: np.ndarray
    median: float


def _plan(ring: Seen, length: int | None) -> _Plan:
    """Which steps of the ring get in-betweens, and how many where the length decides it."""
    steps, median = ring_steps(ring.grey)
    ratios = steps / median
    local = {jump.step for jump in find_jumps(ring.grey)}
    holes = {i: max(1, round(ratios[i]) - 1) for i in _holes(ratios) - local}
    last = len(ring) - 1
    if length is None:
        return _Plan(len(ring), [_Hole(i, None) for i in sorted(holes)], steps, median)
    holes.pop(last, None)
    missing = length - len(ring) - sum(holes.values())
    if missing < 0:  # as long as it is to be, or longer: nothing can be put in
        holes, missing = {}, length - len(ring)
    if missing > most_between(length):
        return _Plan(len(ring), [_Hole(i, None) for i in sorted(_holes(ratios) - local)], steps, median)
    found = [_Hole(i, number) for i, number in sorted(holes.items())]
    if missing > 0:
        found.append(_Hole(last, missing))
    return _Plan(min(len(ring), length), found, steps, median)


def _without_stalls(grey: np.ndarray) -> list[int]:
    """The frames to keep: those that repeat the one before them while the motion goes on are not; frame 0 always is.

    Motion that comes to rest by itself, as at the turn of a sway, is none: the steps around are small there, too.
    """
    steps, median = ring_steps(grey)
    count = len(grey)
    if median <= 0 or steps.min() >= STEPS.stall * median:
        return list(range(count))

    def goes_on(i: int) -> bool:
        """Before and after the stalled step i the motion is far from standing."""
        sides = []
        for way in (-1, 1):
            k = next((k for k in range(1, count) if steps[(i + way * k) % count] >= STEPS.stall * median), 1)
            sides.append(steps[(i + way * k) % count])
        return min(sides) >= STEPS.goes_on * median

    keep = [0]
    for i in range(1, count):
        if np.abs(grey[i] - grey[keep[-1]]).mean() >= STEPS.stall * median or not goes_on(i - 1):
            keep.append(i)
    beside = min(steps[-2], steps[0])
    while len(keep) > MIN_FRAMES and np.abs(grey[keep[-1]] - grey[0]).mean() < min(STEPS.stall * median, 0.3 * beside):
        keep.pop()
    return keep if len(keep) >= MIN_FRAMES else list(range(count))


def _tone_closed(frames: np.ndarray, seen: Seen) -> tuple[np.ndarray, Seen]:
    levels, missing = join_shift(frames[-2], frames[-1], frames[0], frames[1])
    least, most = TONING.at_join
    missing = np.where(np.abs(missing) < least, 0, np.clip(missing, -most, most))
    if not missing.any():
        return frames, seen
    closed = np.stack([shift(frame, levels, missing * (i / len(frames))) for i, frame in enumerate(frames)])
    return closed, Seen.of(closed)


def _holes(ratios: np.ndarray) -> set[int]:
    """Indices i where the step from frame i to the next wants in-betweens."""
    count = len(ratios)
    found = {count - 1} if ratios[-1] > STEPS.join * max(1.0, min(ratios[-2], ratios[0])) else set()
    for i in range(count - 1):
        around = np.median([ratios[(i + k) % count] for k in range(-4, 5) if k and (i + k) % count != count - 1])
        if ratios[i] > STEPS.hole and ratios[i] > STEPS.hole * around:
            found.add(i)
    return found


def _gap(ring: np.ndarray, seen: Seen, hole: _Hole, plan: _Plan, interpolator: Interpolator) -> Gap:
    """The gap of a hole, with times at which its in-betweens make steps like those around it."""
    count, i = len(ring), hole.step
    a, b = ring[i], ring[(i + 1) % count]
    step = plan.steps[i] / plan.median
    speeds = [float(np.clip(plan.steps[k % count] / plan.median, 0.7, 1.3)) for k in (i - 1, i + 1)]
    dense = np.linspace(0, 1, min(21, max(9, math.ceil(step) + 5)))
    small = seen.small[i], seen.small[(i + 1) % count]
    path = [small[0], *interpolator.between(*small, list(dense[1:-1])), small[1]]
    pictures = np.stack([grey(picture) for picture in path])
    table = np.stack([np.abs(pictures - picture).mean((1, 2)) for picture in pictures]) / plan.median
    if hole.number is not None:
        return Gap(a, b, tuple(march(table, dense, speeds, hole.number)[1]), i)
    most = max(1, min(count, 3 * math.ceil(step)))
    number, times = timing(table, dense, speeds, most)
    if _far(seen.points, i) > FILLING.dissolve * (number + 1):
        times = timing(table, dense, [FILLING.dissolve_speed * speed for speed in speeds], 2 * most)[1]
    return Gap(a, b, tuple(times), i)


def _far(places: np.ndarray, i: int) -> float:
    """Distance from frame i to the next in usual steps, on blurred pictures, where it keeps growing with motion."""
    moves = np.abs(np.diff(places, axis=0, append=places[:1])).mean(1)
    return float(moves[i] / max(float(np.median(moves)), 1e-6))
