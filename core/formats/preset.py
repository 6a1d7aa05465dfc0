"""What a place asks of a loop; each file of `presets/` holds one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from ..limits import Range
from ..video.coding import Coding


class Shares(NamedTuple):
    """Of a picture's height or width, at each edge: what the place lays its own signs over."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


ANY = Range(0, math.inf)
NO_SIGNS = Shares()
VIDEO_RATES = Range(23.976, 60.0)
LENGTH = Range(3.0, 8.0)


@dataclass(frozen=True)
class Format:
    """One file of a preset.

    name: within the preset, "" where it is the only one. width, height: px that are written; own_shape: the cover's
    shape is kept, and `width` is the shorter side. widths: px that the place takes. seconds, fps, mbps, most_bytes:
    what it takes; rates: frames a second that the file can have, where not every one (GIF). codecs, kinds: what it
    takes beside what is written here, as `video.facts` names them. no_edit_list: it ignores or refuses edit lists;
    zero: the first decoding time must be zero. no_upscales: it refuses pictures enlarged. safe: where its own signs
    lie. lettered: False where its guide asks to leave title and artist out.
    """

    coding: Coding
    width: int
    height: int
    name: str = ""
    own_shape: bool = False
    widths: Range = ANY
    seconds: Range = ANY
    fps: Range = VIDEO_RATES
    rates: tuple[float, ...] = ()
    mbps: Range = ANY
    most_bytes: float = math.inf
    codecs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    no_edit_list: bool = True
    zero: bool = False
    no_upscales: bool = False
    safe: Shares = NO_SIGNS
    lettered: bool = True

    @property
    def video(self) -> bool:
        return self.coding.kind not in ("gif", "webp", "avif")

    def size_for(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) px of the file for a cover of this size."""
        if not self.own_shape:
            return self.height, self.width
        scale = self.width / min(height, width)
        return tuple(max(2, 2 * round(side * scale / 2)) for side in (height, width))  # type: ignore[return-value]


@dataclass(frozen=True)
class Preset:
    """A place. title: its name for people; source: where its figures come from."""

    title: str
    source: str
    formats: tuple[Format, ...]
