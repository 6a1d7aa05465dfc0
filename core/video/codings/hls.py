"""HLS of one segment: an MP4 in one fragment, and beside it a playlist that names its parts (RFC 8216, section 4)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..coding import Coding, Written
from ..encode import PRESET, h264
from ..mux import mux
from ..playlist import FRAGMENTED


def write(frames: Iterable[np.ndarray], path: Path, coding: Coding, facts: Written) -> None:
    frames, how = h264(frames, FRAGMENTED, crf=coding.crf, preset=PRESET, mbps=coding.mbps, b_frames=coding.b_frames)
    mux(frames, path, how, facts.rate, facts.words)
