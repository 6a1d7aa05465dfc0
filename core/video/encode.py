"""Clips into files: H.264 that opens no seam of its own, and posters. Knows nothing of motion.

How the encode keeps the join shut. The step from the last frame back to the first is taken between two frames that
x264 treats quite differently: the last is the end of a long chain of predictions (and is starved of bits, since nothing
refers to it), the first is coded on its own. On a calm clip their coding noise alone is a visible pop. So:
- `mbtree=0` does not starve the last frame; `keyint=infinite:scenecut=0` leaves no second pop inside the turn;
- the last frame is coded on its own like the first, so that still parts get nearly the same noise on both sides of the
  join and the B-frames before it lead over to it;
- small dead zones and no early skips: a motion of a few hundredths of a pixel is coded when it happens, not saved up;
- the calmer the clip, the finer the quantiser, since noise is seen against motion; small ones finer still, as fewer
  pixels average their noise away;
- of a nearly still clip the one thing that moves is the coder: what frames that refer to others leave out is caught up
  in one step at the next frame on its own. There the last frame refers to the first, and long runs of B-frames lead
  from the one to the other.
What that was worth is in `docs/video.md`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from .. import limits
from ..errors import ClipError, UsageError
from ..files import whole_file
from .calibration import FINER
from .mux import Coded, checked_frames, mux

CRF = 16
PRESET = "veryfast"
_PRESETS = ("ultrafast", "superfast", PRESET, "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo")
FINEST = 1
"""crf 0 is lossless: another profile of H.264, which most players refuse."""
_X264 = (
    "mbtree=0:keyint=infinite:scenecut=0:deadzone-inter=6:deadzone-intra=6:trellis=0:no-dct-decimate=1:no-fast-pskip=1"
)
_NEARLY_STILL = "bframes=16:b-adapt=0:b-pyramid=none:ipratio=2:ref=4"
# Offsets that may be negative let the first frame begin at zero without an edit list, which some players ignore.
LAYOUT = {"movflags": "+faststart+use_metadata_tags+negative_cts_offsets", "use_editlist": "0"}


def encode(
    frames: Iterable[np.ndarray],
    path: str | Path,
    *,
    fps: float | Fraction,
    crf: int = CRF,
    preset: str = PRESET,
    metadata: Mapping[str, str] | None = None,
    mbps: float | None = None,
    b_frames: bool = True,
) -> None:
    """Write a loop as MP4: H.264 yuv420p, Rec.709 (matrix and tags), limited range, faststart, no audio, no edit list.

    frames: (H, W, 3) uint8 RGB each, all of one size, read one at a time (a generator is fine). An odd last row
        or column is dropped, since yuv420p has even sides.
    crf: x264's constant rate factor, 0 as 1; a clip whose frames differ little is coded up to 9 finer, and one of
        360 px 6 finer (see above).
    metadata: extra keys of the file, such as title and comment.
    mbps: megabits a second, held whatever the picture needs, instead of a quality. b_frames: without them the order of
        decoding is that of showing, and its times begin at zero too.

    The file appears under `path` only when it is whole.

    Raises:
        ClipError: no frames, frames of different size or dtype, or smaller than 16 px.
        UsageError: the file cannot be written, fps or crf beyond `limits` or an unknown preset.
    """
    path, rate = Path(path), frame_rate(fps)
    checked, how = h264(frames, LAYOUT, crf=crf, preset=preset, mbps=mbps, b_frames=b_frames)
    with whole_file(path) as part:
        mux(checked, part, how, rate, metadata or {})


def h264(
    frames: Iterable[np.ndarray],
    layout: Mapping[str, str],
    *,
    crf: int,
    preset: str,
    mbps: float | None,
    b_frames: bool,
) -> tuple[Iterable[np.ndarray], Coded]:
    """The frames, all of them, and how x264 is to code them; see `encode`. layout: of the container."""
    if not limits.CRF.holds(crf):
        raise UsageError(f"crf {crf} is outside {limits.CRF}; 16 is hard to tell from the frames")
    if preset not in _PRESETS:
        raise UsageError(f"preset {preset!r}: x264 has {', '.join(_PRESETS)}")
    checked = checked_frames(frames)
    settings = _X264 if b_frames else f"{_X264}:bframes=0"
    if mbps is not None:
        kbps = round(1000 * mbps)
        settings += ":rc-lookahead=2:sync-lookahead=0:threads=2"  # frames that wait are large where a rate is held
        rate = f"nal-hrd=cbr:bitrate={kbps}:vbv-maxrate={kbps}:vbv-bufsize={kbps}"
        return checked, _coded({"preset": preset, "x264-params": f"{settings}:{rate}"}, layout)
    checked, seen = seen_against_motion(checked, crf)
    nearly_still = seen.nearly_still and b_frames
    if nearly_still:
        settings += f":{_NEARLY_STILL}"
    options = {"crf": str(max(seen.crf, FINEST)), "preset": preset, "x264-params": settings}
    return checked, _coded(options, layout, last_alone=not nearly_still)


def _coded(options: Mapping[str, str], layout: Mapping[str, str], last_alone: bool = True) -> Coded:
    return Coded("mp4", "libx264", "yuv420p", {"profile": "high", **options}, layout, last_alone)


class Seen(NamedTuple):
    """crf for a clip: the calmer it is, the finer. nearly_still: its own steps are less than those of its coder. step:
    grey levels at 256 px, of its first frames; None for one frame alone."""

    crf: int
    nearly_still: bool
    step: float | None


def seen_against_motion(frames: Iterable[np.ndarray], crf: int) -> tuple[Iterable[np.ndarray], Seen]:
    """The frames, all of them, and what their first ones say of how to code them.

    Raises:
        ClipError: there are none.
    """
    rest = iter(frames)
    head = list(itertools.islice(rest, FINER.frames))
    if not head:
        raise ClipError("no frames to encode; a loop needs at least one")
    step, side = _step(head), min(head[0].shape[:2])
    return _after(head, rest), Seen(crf - _finer(step, side, crf), step is not None and step < FINER.nearly_still, step)


def _after(head: list[np.ndarray], rest: Iterable[np.ndarray]) -> Iterable[np.ndarray]:
    """Both, one after the other; what was handed on is held no longer."""
    while head:
        yield head.pop(0)
    yield from rest


def _step(head: list[np.ndarray]) -> float | None:
    """Grey levels from frame to frame at 256 px, the median over the first frames; None for one frame alone."""
    small = [cv2.resize(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), (256, 256), interpolation=cv2.INTER_AREA) for f in head]
    steps = [np.abs(a.astype(np.float32) - b).mean() for a, b in itertools.pairwise(small)]
    return float(np.median(steps)) if steps else None


def _finer(step: float | None, side: int, crf: int) -> int:
    """How much lower than `crf` to go for a clip of so large a step and so many px of its shorter side."""
    step = FINER.step if step is None else max(step, FINER.stillest)
    most = FINER.very_calm_most if step < FINER.very_calm else FINER.calm_most
    calm = max(0, min(most, round(6 * math.log2(FINER.step / step))))
    small = max(0, round(6 * math.log2(FINER.side / side)))
    return max(0, min(calm + small, crf - FINER.least))


def frame_rate(fps: float | Fraction) -> Fraction:
    """An exact rate: 23.976, 29.97 and 59.94 become 24000/1001, 30000/1001 and 60000/1001.

    Raises:
        UsageError: not a number in `limits.FPS`.
    """
    if not limits.FPS.holds(fps):
        raise UsageError(f"{fps} frames per second is outside {limits.FPS}; 24 is usual")
    if isinstance(fps, Fraction):
        return fps
    whole = round(fps * 1001 / 1000)
    if abs(whole * 1000 / 1001 - fps) < 0.001:
        return Fraction(whole * 1000, 1001)
    return Fraction(fps).limit_denominator(1001)


def write_poster(frame: np.ndarray, path: str | Path, *, quality: int = 92) -> None:
    """Write one frame, (H, W, 3) uint8 RGB, as JPEG 4:4:4. Raises UsageError when the file cannot be written."""
    with whole_file(Path(path)) as part:
        Image.fromarray(frame).save(part, format="JPEG", quality=quality, subsampling=0, optimize=True)
