"""MP4 with H.264, High profile: what plays everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..coding import Coding, Written
from ..encode import PRESET, h264
from ..mux import mux

# Not with the tags that any key may have: players show title and artist where iTunes has them.
_LAYOUT = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0"}


def write(frames: Iterable[np.ndarray], path: Path, coding: Coding, facts: Written) -> None:
    frames, how = h264(frames, _LAYOUT, crf=coding.crf, preset=PRESET, mbps=coding.mbps, b_frames=coding.b_frames)
    mux(frames, path, how, facts.rate, facts.words)
