"""A video file closed into a loop: decode, close, retime, encode, judge what was written."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...core.errors import ClipError, UsageError
from ...core.judge.score import score
from ...core.lettering.find import find_text
from ...core.lettering.mask import glyph_mask
from ...core.limits import FRAMES
from ...core.loop.between import load_interpolator
from ...core.loop.retime import retime
from ...core.loop.ring import close_clip
from ...core.loop.seen import MIN_FRAMES
from ...core.video.decode import decode
from ...core.video.encode import encode, frame_rate
from .score import fitted_cover


def close_file(
    clip: Path,
    out: Path,
    *,
    seconds: float | None = None,
    fps: float | None = None,
    cover: Path | None = None,
    trim: tuple[int, int] = (0, 0),
    rife: Path | None = None,
) -> dict[str, Any]:
    """Close the video file `clip` and write `out`. Returns what was done and the judgement of the written file.

    seconds: length of the loop, met by the cut and in-betweens; by default what the clip closes to by itself. fps: the
    clip's, and only another one has every frame drawn anew.

    Raises:
        ClipError, CoverError, ModelError, UsageError: see `core/video`, `core/loop`, `core/image`.
    """
    if out.suffix.lower() != ".mp4":
        raise ClipError(f"{out}: a loop is written as MP4; give --out a name that ends in .mp4")
    rate = None if fps is None else frame_rate(fps)
    interpolator = load_interpolator(rife)
    source = decode(clip)
    count = None if seconds is None else _count(seconds, source.fps)
    picture = None if cover is None else fitted_cover(cover, source.frames.shape[1:3])
    words = [] if picture is None else find_text(picture)
    lettering = None if picture is None else glyph_mask(picture, words)
    frames, closing = close_clip(
        source.frames,
        source.fps,
        cover=picture,
        lettering=lettering,
        trim_start=trim[0],
        trim_end=trim[1],
        count=count,
        interpolator=interpolator,
    )
    if rate is not None and rate != source.fps:
        length = seconds or len(frames) / source.fps
        frames = retime(frames, _count(length, rate), interpolator)
    encode(frames, out, fps=rate or source.fps)
    written = decode(out)
    judgement = score(written.frames, fps=float(written.fps), cover=picture, lettering=lettering, words=words)
    made = {"clip": str(clip), "video": str(out), "frames": len(frames), "fps": float(written.fps)}
    return {**made, "notes": list(source.notes), "closing": closing.to_dict(), "judgement": judgement.to_dict()}


def _count(seconds: float | Fraction, fps: Fraction) -> int:
    count = round(seconds * fps) if math.isfinite(seconds) else 0
    if not MIN_FRAMES <= count <= FRAMES.high:
        raise UsageError(
            f"{float(seconds):g} seconds at {float(fps):g} frames a second are {count} frames; a loop has "
            f"{MIN_FRAMES} to {FRAMES.high}, give another --seconds"
        )
    return count
