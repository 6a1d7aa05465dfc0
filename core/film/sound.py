"""The song as a film plays it: in stereo, no longer than the film, with soft ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from ..song.sound import READABLE
from ..video.reel import SOUND_RATE

_IN, _OUT = 0.05, 1.5  # s: a song has its own beginning, but is cut off at any end


def played(path: Path, seconds: float) -> Iterator[np.ndarray]:
    """Blocks (2, n) float32 at `SOUND_RATE` of a song that `core.song` has heard, up to `seconds`."""
    count, whole = 0, round(seconds * SOUND_RATE)
    resampler = av.AudioResampler("fltp", "stereo", SOUND_RATE)
    with av.open(str(path), container_options={"format_whitelist": READABLE}) as file:
        for frame in file.decode(file.streams.audio[0]):
            frame.pts = None  # gaps and jumps of times would become silence or an error
            for part in resampler.resample(frame):
                block = part.to_ndarray()[:, : whole - count]
                if not block.shape[1]:
                    return
                at = (count + np.arange(block.shape[1])) / SOUND_RATE
                yield (block * np.clip(np.minimum(at / _IN, (seconds - at) / _OUT), 0, 1)).astype(np.float32)
                count += block.shape[1]
