"""MOV with ProRes 4444, ten bits: what is edited further, and what Apple asks of artists."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..coding import Coding, Written
from ..mux import Coded, mux

_OPTIONS = {"profile": "4444", "vendor": "apl0", "bits_per_mb": "2000"}
_LAYOUT = {"movflags": "+faststart+write_colr", "use_editlist": "0"}


def write(frames: Iterable[np.ndarray], path: Path, coding: Coding, facts: Written) -> None:
    how = Coded("mov", "prores_ks", "yuv444p10le", _OPTIONS, _LAYOUT)
    mux(frames, path, how, facts.rate, facts.words)
