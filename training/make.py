"""Clips of one source, written: decoded once, cut to shape, encoded for both sets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import av.error

from ..core.errors import ClipError
from ..core.files import whole_file
from ..core.video.decode import opened
from ..core.video.encode import LAYOUT, PRESET
from ..core.video.mux import Coded, mux
from ..core.video.shaped import shaper
from .calibration import MAKING
from .sort import Clip
from .watch import FPS, itself

SETS = ("time", "resolution")
_VERSION = 3  # of what a file holds for the same plan
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
    if not part.path.is_file():
        return False
    try:
        with av.open(str(part.path), format="mp4") as container:
            if container.metadata.get(_KEY) != part.plan:
                return False
            return sum(packet.size > 0 for packet in container.demux(video=0)) == len(part.frames)
    except (av.error.FFmpegError, OSError, ValueError):
        return False


def make(source: Path, border: tuple[int, int, int, int], wanted: Sequence[Part]) -> None:
    """Write files of one source, reading it once.

    Raises:
        ClipError: the source cannot be read as far as it could before. UsageError: a file cannot be written.
    """
    with opened(source, max_frames=10**9, max_pixels=10**15, convert=itself) as video:
        if not write(enumerate(video.frames), border, wanted):
            raise ClipError(f"{source}: has fewer frames than it had; leave files alone while they are read")


def write(
    pictures: Iterable[tuple[int, av.VideoFrame]], border: tuple[int, int, int, int], wanted: Sequence[Part]
) -> bool:
    """Write files of one source from its pictures, with their numbers, in order; False: there were too few.

    Raises:
        UsageError: a file cannot be written.
    """
    needed: dict[int, list[Part]] = {}
    for part in wanted:
        for number in set(part.frames):
            needed.setdefault(number, []).append(part)
    made: dict[Path, dict[int, av.VideoFrame]] = {part.path: {} for part in wanted}
    shapers = {part.path: shaper(border, *part.size) for part in wanted}
    last = {part.path: max(part.frames) for part in wanted}
    for number, picture in pictures:
        for part in needed.get(number, ()):
            made[part.path][number] = shapers[part.path](picture)
            if number == last[part.path]:
                own = made.pop(part.path)
                _write(part, own)
        if not made:
            return True
    return not made


def _write(part: Part, own: dict[int, av.VideoFrame]) -> None:
    """Plainly coded: a clip that is cut out of time has no join to keep shut."""
    options = {"profile": "high", "preset": PRESET, "crf": str(MAKING.crf), "x264-params": "mbtree=0"}
    how = Coded("mp4", "libx264", "yuv420p", options, LAYOUT, last_alone=False)
    with whole_file(part.path) as file:
        mux((own[number] for number in part.frames), file, how, Fraction(FPS), {_KEY: part.plan})
