"""WebM with VP9."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..coding import Coding, Written
from ..encode import seen_against_motion
from ..mux import Coded, mux

_COARSER = 1
"""crf of VP9 on top of x264's. By the eye 8 would do; its last frame then opened the join of calm loops. Of slow motion
it leaves out more than x264, so what is coded finer for being calm or small is coded finer by twice as much."""


def write(frames: Iterable[np.ndarray], path: Path, coding: Coding, facts: Written) -> None:
    frames, (crf, *_) = seen_against_motion(frames, coding.crf)
    options = {
        "crf": str(max(1, crf + _COARSER - (coding.crf - crf))),
        "b": "0",
        "deadline": "good",
        "cpu-used": "4",
        "row-mt": "1",
        "g": "9999",
        # A hidden frame that others refer to would starve the last one, which nothing refers to.
        "auto-alt-ref": "0",
    }
    how = Coded("webm", "libvpx-vp9", "yuv420p", options, {"cues_to_front": "1"})
    mux(frames, path, how, facts.rate, facts.words)
