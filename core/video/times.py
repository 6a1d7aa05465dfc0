"""Clips whose frames are not evenly spaced, as phones and screen recorders write them, put at even times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

_UNEVEN = 0.75
"""Of the usual interval: times off the even ones by less are what rounding and jitter make."""


class Placed(NamedTuple):
    picture: av.VideoFrame
    shown: int
    """For how many frames of the clip."""


@dataclass(frozen=True)
class Times:
    """Where frames that come at uneven times go at an even rate: each is shown until the next one is due."""

    fps: Fraction
    count: int
    _starts: dict[int, tuple[int, int]]
    """For each time stamp: its first frame at the even rate, and how many."""

    def placed(self, pictures: Iterable[av.VideoFrame]) -> Iterator[Placed]:
        for picture in pictures:
            _, shown = self._starts.get(picture.pts or 0, (0, 1))
            if shown:
                yield Placed(picture, shown)


def read_times(path: Path, readable: str) -> Times | None:
    """The times of a file's frames, without decoding any; None where they are even, as nearly always, or not told.

    readable: FFmpeg demuxers that may read it.
    """
    with av.open(str(path), container_options={"format_whitelist": readable}) as container:
        stream = container.streams.video[0]
        base = stream.time_base
        packets = [(p.pts, p.duration or 0) for p in container.demux(stream) if p.size and p.pts is not None]
    if base is None or len(packets) < 3:
        return None
    stamps = sorted({pts for pts, _ in packets})
    apart = np.diff(stamps)
    usual = float(np.median(apart))
    even = stamps[0] + np.arange(len(stamps)) * (stamps[-1] - stamps[0]) / max(len(stamps) - 1, 1)
    if usual <= 0 or np.abs(np.array(stamps) - even).max() < _UNEVEN * usual:
        return None
    fps = Fraction(1 / (usual * float(base))).limit_denominator(1001)
    first = [round((stamp - stamps[0]) / usual) for stamp in stamps]
    first.append(first[-1] + 1)
    starts = {stamp: (first[i], first[i + 1] - first[i]) for i, stamp in enumerate(stamps)}
    return Times(fps, first[-1], starts)
