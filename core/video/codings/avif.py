"""Animated AVIF: AV1 in an image file, which browsers loop like a GIF."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..coding import Coding, Written
from ..encode import seen_against_motion
from ..mux import Coded, mux

_COARSER = 10
"""crf of AV1 for the same look as x264's: its scale goes to 63."""


def write(frames: Iterable[np.ndarray], path: Path, coding: Coding, facts: Written) -> None:
    os.environ.setdefault("SVT_LOG", "1")  # it writes its settings to standard error otherwise
    frames, crf = seen_against_motion(frames, coding.crf)
    options = {"crf": str(crf + _COARSER), "preset": "8", "g": "9999", "svtav1-params": "pred-struct=1"}
    how = Coded("avif", "libsvtav1", "yuv420p", options, {"loop": "0"})
    mux(frames, path, how, facts.rate, {})
