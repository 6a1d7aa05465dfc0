"""Closing a clip into a ring: where to cut, what to put into the gap, and how to change its rate without a hole.

Frame N is frame 0 in everything here. Step sizes are mean absolute grey differences at 256 px, as in `core/judge`, and
are told as ratios to the median step. Source of the cut: Schodl et al., Video Textures (2000); the rest is our own.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from ..errors import ClipError
from ..limits import FRAMES
from ..pixels import reduced, ring_steps
from .between import FLOW_SIDE, FlowWarp, Grain, Interpolator, usual_grain
from .pace import march, timing
from .tone import Tone, join_shift, shift, tone_match

log = logging.getLogger(__name__)

MIN_FRAMES = 6
JOIN_FILL = 1.3
"""A join step this far above the median, and above both steps beside it, gets in-betweens; below, one more picture
would make a stall of the two halves."""
HOLE_FILL = 1.6
"""A step elsewhere that is this far above the median and above its neighbourhood is a hole, and is filled too."""
STALL = 0.15
STILL = 0.2
"""Grey levels at 48 px: a clip is still when hardly a spot (3 in 1000) departs further from its median over time, on
average. Stills have 0.03 to 0.15 (x264's own settings, crf 16 to 30), a sway of 0.1 px 0.26, a dot of 6 px that sways
by 6 px 0.28."""
_DISSOLVE = 1.5
"""When the way across a gap is this much longer on blurred pictures than its in-betweens cover at the usual step, the
pictures do not follow from each other by motion: they dissolve, and that should take longer."""
_DISSOLVE_SPEED = 0.65
_STEP_SIDE = 256
_LIKE_OTHERS = 1.3
_SHORTER = 2.0
"""What a cut pays for shortening the clip, in steps of mismatch for the whole length: a tenth for a fifth of a step."""


@dataclass(frozen=True)
class Cut:
    """The loop is frames[start:end]. `gap`: step from its last frame to its first, in usual steps. `cost`: find_cut."""

    start: int
    end: int
    gap: float
    cost: float


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


def trim(frames: np.ndarray, start: int = 0, end: int = 0) -> np.ndarray:
    """Drop frames at both ends. frames: (N, H, W, 3). Raises ClipError when fewer than 6 would be left."""
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
    length: where the loop with its in-betweens should come near this many frames, other lengths cost more.

    Raises:
        ClipError: fewer than 6 frames, or all frames alike.
    """
    count = len(frames)
    _check(frames)
    shortest = min(count, max(MIN_FRAMES, round(0.6 * count) if min_length is None else min_length))
    points = _points(frames)
    moves = np.diff(points, axis=0)
    usual = float(np.median(np.abs(moves).mean(1)))
    if length is None and (whole := _whole(points, moves, usual)):
        return whole
    best = Cut(0, count, math.inf, math.inf)
    for start in range(min(max_start, count - shortest) + 1):
        ends = np.arange(start + shortest, count + 1)
        joins = points[start] - points[ends - 1]
        gaps = np.abs(joins).mean(1) / usual
        turns = np.abs(joins - moves[ends - 2]).mean(1) + np.abs(joins - moves[start]).mean(1)
        costs = turns / (2 * usual) + _SHORTER * (count - (ends - start)) / count
        if length is not None:
            costs = costs + 0.15 * np.abs(ends - start + np.maximum(np.round(gaps) - 1, 0) - length)
        i = int(costs.argmin())
        if costs[i] < best.cost:
            best = Cut(start, int(ends[i]), float(gaps[i]), float(costs[i]))
    return best


def _whole(points: np.ndarray, moves: np.ndarray, usual: float) -> Cut | None:
    """The whole clip, where it closes as it is: its motion turns no more at the join than at other places, and does
    not stand, as it would where the last frame repeats the first."""
    join = points[0] - points[-1]
    turns = np.abs(np.diff(moves, axis=0)).mean(1)
    at_join = [float(np.abs(join - moves[-1]).mean()), float(np.abs(join - moves[0]).mean())]
    gap, beside = float(np.abs(join).mean()), [float(np.abs(moves[i]).mean()) for i in (0, -1)]
    if max(at_join) > _LIKE_OTHERS * float(np.percentile(turns, 95)):
        return None
    if gap < 0.5 * sum(beside) / 2 and min(beside) > 0.5 * usual:
        return None
    return Cut(0, len(points), gap / usual, sum(at_join) / (2 * usual))


def _check(frames: np.ndarray) -> None:
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8:
        raise ClipError(f"frames are {frames.dtype} {frames.shape}; they must be (N, H, W, 3) uint8")
    if len(frames) < MIN_FRAMES:
        raise ClipError(f"the clip has {len(frames)} frames; closing it needs at least {MIN_FRAMES}")
    if min(frames.shape[1:3]) < 32:
        raise ClipError(f"frames are {frames.shape[2]}x{frames.shape[1]}; the shorter side must be at least 32 px")
    seen = _blurred(frames)
    moved = np.abs(seen - np.median(seen, axis=0)).mean(0)
    if np.percentile(moved, 99.7) < STILL:
        raise ClipError(f"all {len(frames)} frames are alike, but for coding noise; there is no motion to close")


def _blurred(frames: np.ndarray) -> np.ndarray:
    """(N, h, w, 3) float: each frame at 48 px, blurred: differences grow with displacement, grain averages out."""
    small = (reduced(reduced(frame, _STEP_SIDE).astype(np.float32), 48) for frame in frames)
    return np.stack([cv2.GaussianBlur(frame, (0, 0), 1.5) for frame in small])


def _points(frames: np.ndarray) -> np.ndarray:
    """(N, d) float: the frames as places; see `_blurred`.

    Without their mean colour: a tone that has drifted is put right at the join and need not decide where to cut.
    """
    seen = _blurred(frames)
    return (seen - seen.mean((1, 2), keepdims=True)).reshape(len(frames), -1)


def _grey(frame: np.ndarray) -> np.ndarray:
    return reduced(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), _STEP_SIDE).astype(np.float32)


def close(
    frames: np.ndarray, interpolator: Interpolator | None = None, *, length: int | None = None
) -> tuple[np.ndarray, Closing]:
    """Make an already cut clip a ring whose steps are even. Frame 0 stays frame 0.

    frames: (N, H, W, 3) uint8. interpolator: default FlowWarp. length: frames wanted; kept to where the in-betweens
    that this takes leave the join's steps between 0.75 and 1.35 of the median.
    - stalled frames (step under 0.15 of the median) are left out;
    - tone missing at the join is spread over the whole ring;
    - the join, and any other step that stands out, gets as many in-betweens as make its steps like those around it.
      Their times are found on a small preview, so that each step is as large as the motion on both sides asks for.

    Raises:
        ClipError: as `find_cut`.
    """
    _check(frames)
    interpolator = interpolator or FlowWarp()
    before, _ = ring_steps(np.stack([_grey(frame) for frame in frames]))
    kept = _without_stalls(frames)
    ring = _tone_closed(kept)
    grey = np.stack([_grey(frame) for frame in ring])
    steps, median = ring_steps(grey)
    holes = _holes(steps / median)
    points = _points(ring)
    wanted = None if length is None else length - len(ring)
    parts, inserted, repaired = [], 0, 0
    for i, frame in enumerate(ring):
        parts.append(frame[None])
        if i in holes:
            at_join = i == len(ring) - 1
            far = _far(points, i)
            beside = [(ring[k - 1], ring[k]) for k in (i, i + 3 - len(ring))]
            grain = usual_grain(beside)
            more = _fill(ring, i, steps, median, interpolator, far, wanted if at_join else None, grain)
            inserted, repaired = (len(more), repaired) if at_join else (inserted, repaired + len(more))
            parts.extend(picture[None] for picture in more)
    closed = np.concatenate(parts)
    after, middle = ring_steps(np.stack([_grey(frame) for frame in closed]))
    ratios = after / middle
    report = Closing(
        cut=Cut(0, len(frames), float(before[-1] / np.median(before)), 0.0),
        inserted=inserted,
        repaired=repaired,
        dropped=len(frames) - len(kept),
        interpolator=interpolator.name,
        largest_step_before=float(before.max() / np.median(before)),
        largest_step=float(ratios.max()),
        smallest_step=float(ratios.min()),
        seam_ratio=float(ratios[-1]),
    )
    return closed, report


def _without_stalls(frames: np.ndarray) -> np.ndarray:
    """Frames that repeat the one before them while the motion goes on are dropped; frame 0 never is.

    Motion that comes to rest by itself, as at the turn of a sway, is none: the steps around are small there, too.
    """
    grey = np.stack([_grey(frame) for frame in frames])
    steps, median = ring_steps(grey)
    count = len(frames)
    if median <= 0 or steps.min() >= STALL * median:
        return frames

    def goes_on(i: int) -> bool:
        """Before and after the stalled step i the motion is far from standing."""
        sides = []
        for way in (-1, 1):
            k = next((k for k in range(1, count) if steps[(i + way * k) % count] >= STALL * median), 1)
            sides.append(steps[(i + way * k) % count])
        return min(sides) >= 0.4 * median

    keep = [0]
    for i in range(1, count):
        if np.abs(grey[i] - grey[keep[-1]]).mean() >= STALL * median or not goes_on(i - 1):
            keep.append(i)
    beside = min(steps[-2], steps[0])
    while len(keep) > MIN_FRAMES and np.abs(grey[keep[-1]] - grey[0]).mean() < min(STALL * median, 0.3 * beside):
        keep.pop()
    return frames[keep] if len(keep) >= MIN_FRAMES else frames


def _tone_closed(frames: np.ndarray) -> np.ndarray:
    levels, missing = join_shift(frames[-2], frames[-1], frames[0], frames[1])
    missing = np.where(np.abs(missing) < 0.5, 0, np.clip(missing, -12, 12))
    if not missing.any():
        return frames
    return np.stack([shift(frame, levels, missing * (i / len(frames))) for i, frame in enumerate(frames)])


def _holes(ratios: np.ndarray) -> set[int]:
    """Indices i where the step from frame i to the next wants in-betweens."""
    count = len(ratios)
    found = {count - 1} if ratios[-1] > JOIN_FILL * max(1.0, min(ratios[-2], ratios[0])) else set()
    for i in range(count - 1):
        around = np.median([ratios[(i + k) % count] for k in range(-4, 5) if k and (i + k) % count != count - 1])
        if ratios[i] > HOLE_FILL and ratios[i] > HOLE_FILL * around:
            found.add(i)
    return found


def _far(points: np.ndarray, i: int) -> float:
    """Distance from frame i to the next in usual steps, on blurred pictures, where it keeps growing with motion."""
    moves = np.abs(np.diff(points, axis=0, append=points[:1])).mean(1)
    return float(moves[i] / max(float(np.median(moves)), 1e-6))


def _fill(
    ring: np.ndarray,
    i: int,
    steps: np.ndarray,
    median: float,
    interpolator: Interpolator,
    far: float,
    wanted: int | None,
    grain: Grain,
) -> list[np.ndarray]:
    """In-betweens for the gap from frame i to the next on the ring."""
    count = len(ring)
    a, b = ring[i], ring[(i + 1) % count]
    speeds = [float(np.clip(steps[k % count] / median, 0.7, 1.3)) for k in (i - 1, i + 1)]
    most = max(1, min(count, 3 * math.ceil(steps[i] / median)))
    dense = np.linspace(0, 1, min(21, max(9, math.ceil(steps[i] / median) + 5)))
    small = reduced(a, FLOW_SIDE), reduced(b, FLOW_SIDE)  # the size at which the flow warp finds its flow, too
    path = [small[0], *interpolator.between(*small, list(dense[1:-1])), small[1]]
    greys = np.stack([_grey(picture) for picture in path])
    table = np.stack([np.abs(greys - grey).mean((1, 2)) for grey in greys]) / median
    number, times = timing(table, dense, speeds, most)
    if far > _DISSOLVE * (number + 1):
        number, times = timing(table, dense, [_DISSOLVE_SPEED * speed for speed in speeds], 2 * most)
    if wanted is not None and 0 < wanted <= most and wanted != number:
        scale, other = march(table, dense, speeds, wanted)
        if 0.75 <= scale <= 1.35:
            times = other
    return interpolator.between(a, b, times, grain, i)


def retime(frames: np.ndarray, count: int, interpolator: Interpolator | None = None) -> np.ndarray:
    """One turn of a ring in `count` frames. The gap from the last frame to the first is a step like any other.

    frames: (N, H, W, 3) uint8. Frame 0 stays frame 0; new frames fall between their two neighbours on the ring.

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
    wanted: dict[int, list[tuple[int, float]]] = {}
    for k in range(count):
        place = Fraction(k * len(frames), count)
        wanted.setdefault(math.floor(place), []).append((k, float(place % 1)))
    for i, places in wanted.items():
        a, b = frames[i], frames[(i + 1) % len(frames)]
        between = [(k, time) for k, time in places if time > 0]
        pictures = interpolator.between(a, b, [time for _, time in between], grain, i) if between else []
        for (k, _), picture in zip(between, pictures, strict=True):
            out[k] = picture
        for k, time in places:
            if time == 0:
                out[k] = a
    return out


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
    """The whole chain: trim, tone, cut, close and, with `count`, retime to that many frames.

    frames: (N, H, W, 3) uint8. cover, lettering: see `tone.tone_match`. max_start: how far the start may move; by
    default not at all with a cover (frame 0 shows it) and a quarter of the clip without. fps is only checked.
    When no closing has a smaller largest step than the clip as it came, that is returned and the report says so.

    Raises:
        ClipError: fewer than 6 frames, all alike, wrong dtype or shape, bad trim or count.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise ClipError(f"{fps} frames per second; it must be above 0")
    clip = trim(frames, trim_start, trim_end)
    _check(clip)
    interpolator = interpolator or FlowWarp()
    steps, median = ring_steps(np.stack([_grey(frame) for frame in clip]))
    came = float(steps.max() / median) if median > 0 else math.inf
    steady, tone = tone_match(clip, cover=cover, lettering=lettering)
    limit = max_start if max_start is not None else 0 if cover is not None else len(clip) // 4
    cut = find_cut(steady, max_start=limit, length=count)
    closed, report = close(steady[cut.start : cut.end], interpolator, length=count)
    report = dataclasses.replace(report, cut=cut, tone=tone, largest_step_before=came)
    if report.largest_step > max(came, HOLE_FILL):
        log.warning("closing made the largest step %.2f of %.2f; the clip is left as it was", report.largest_step, came)
        closed, report = clip, dataclasses.replace(report, kept_as_it_was=True, largest_step=came)
    if count is not None:
        closed = retime(closed, count, interpolator)
    return closed, report
