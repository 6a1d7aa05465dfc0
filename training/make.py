"""Clips of one source, written: decoded once, cut to shape, encoded for both sets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..core.errors import ClipError
from ..core.pixels import middle
from ..core.video.decode import opened
from ..core.video.encode import encode
from ..core.video.facts import read_facts
from .calibration import MAKING
from .sort import Clip
from .watch import FPS

SETS = ("time", "resolution")
_VERSION = 1  # of what a file holds for the same plan
_MULTIPLE = 32
_KEY = "coverloop_plan"


class Size(NamedTuple):
    height: int
    width: int


@dataclass(frozen=True)
class Wanted:
    """frames: of a clip, 4n + 1. pixels: of a picture at full size, at most."""

    frames: int
    pixels: int


@dataclass(frozen=True)
class Part:
    """What one file holds: numbers of the source's frames, in order, each as a picture of `size`."""

    path: Path
    frames: tuple[int, ...]
    size: Size
    plan: str


def fitted(height: int, width: int, pixels: int) -> Size:
    """A size of at most `pixels` in about this shape, sides multiples of 32 and no larger than these (but 32 px at
    least): the one that keeps most of the source and of the pixels, told as their product."""
    scale = min(1.0, (pixels / (height * width)) ** 0.5)
    most_high, most_wide = (
        max(_MULTIPLE, int(side * scale + 1e-6) // _MULTIPLE * _MULTIPLE) for side in (height, width)
    )
    limits = (max(1, height // _MULTIPLE) * _MULTIPLE, max(1, width // _MULTIPLE) * _MULTIPLE)
    sizes = [
        Size(high, wide)
        for high in (most_high, min(most_high + _MULTIPLE, limits[0]))
        for wide in (most_wide, min(most_wide + _MULTIPLE, limits[1]))
        if high * wide <= max(pixels, _MULTIPLE**2)
    ]
    return max(sizes or [Size(most_high, most_wide)], key=lambda size: _worth(size, height, width))


def _worth(size: Size, height: int, width: int) -> float:
    """Part of the source that stays in, and pixels that are used."""
    shape, own = size.width / size.height, width / height
    return min(shape / own, own / shape) * size.height * size.width


def parts(clip: Clip, out: Path, wanted: Wanted) -> dict[str, Part]:
    """What is written of a clip that is kept, by set."""
    measured = clip.measured
    assert measured is not None and measured.window is not None
    numbers = measured.window.frames(wanted.frames, measured.rate)
    few = min(MAKING.resolution_frames, wanted.frames)
    first = min(measured.busiest, wanted.frames - few)
    chosen = {
        "time": (tuple(numbers), fitted(*measured.size, int(wanted.pixels * MAKING.time_part))),
        "resolution": (tuple(numbers[first : first + few]), fitted(*measured.size, wanted.pixels)),
    }
    stat = clip.source.path.stat()
    made = {}
    for name, (frames, size) in chosen.items():
        told = [_VERSION, stat.st_size, stat.st_mtime_ns, frames, size, measured.border, MAKING.crf]
        plan = hashlib.sha256(json.dumps(told).encode()).hexdigest()
        made[name] = Part(out / name / f"{clip.name}.mp4", frames, size, plan)
    return made


def is_made(part: Part) -> bool:
    """Whether the file is there, and is what this plan makes."""
    try:
        facts = read_facts(part.path) if part.path.is_file() else None
    except ClipError:
        return False
    return facts is not None and facts.words.get(_KEY) == part.plan and facts.frames == len(part.frames)


def make(source: Path, border: Sequence[int], wanted: Sequence[Part]) -> None:
    """Write files of one source, reading it once.

    Raises:
        ClipError: the source cannot be read as far as it could before. UsageError: a file cannot be written.
    """
    needed: dict[int, list[Part]] = {}
    for part in wanted:
        for number in set(part.frames):
            needed.setdefault(number, []).append(part)
    pictures: dict[Path, dict[int, np.ndarray]] = {part.path: {} for part in wanted}
    last = {part.path: max(part.frames) for part in wanted}
    top, right, bottom, left = border
    with opened(source, max_frames=10**9, max_pixels=10**15) as video:
        for number, frame in enumerate(video.frames):
            for part in needed.get(number, ()):
                inner = frame[top : frame.shape[0] - bottom, left : frame.shape[1] - right]
                pictures[part.path][number] = middle(inner, *part.size)
                if number == last[part.path]:
                    own = pictures.pop(part.path)
                    _write(part, own)
            if not pictures:
                return
    raise ClipError(f"{source}: has fewer frames than it had; leave files alone while they are read")


def _write(part: Part, own: dict[int, np.ndarray]) -> None:
    frames = (own[number] for number in part.frames)
    encode(frames, part.path, fps=FPS, crf=MAKING.crf, metadata={_KEY: part.plan})
