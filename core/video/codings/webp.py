"""Animated WebP. Its frames are held together in memory: for sizes of a page, not of a wall."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from ..coding import Coding, Written
from ..encode import seen_against_motion
from ..stills import delays, exif_of

_QUALITY = 95
"""Of 100. Under it libwebp takes frames that differ by two grey levels or more for equal, and a calm loop stalls."""

_CALM, _QUALITY_ALONE = 0.6, 85
"""Grey levels from frame to frame at 256 px, under which each frame is coded on its own: what frames that build on
others leave out is caught up in one step at the join."""


def write(frames: Iterable[np.ndarray], path: Path, coding: Coding, facts: Written) -> None:
    frames, seen = seen_against_motion(frames, coding.crf)
    calm = seen.step is not None and seen.step < _CALM
    pictures = [Image.fromarray(frame) for frame in frames]
    pictures[0].save(
        path,
        format="WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=delays(len(pictures), facts.rate, 1),
        loop=0,
        quality=_QUALITY_ALONE if calm else _QUALITY,
        method=3,
        kmin=0 if calm else 9998,  # no frame inside the turn is coded on its own, which would pop, or each
        kmax=1 if calm else 9999,
        exif=exif_of(facts.words),
    )
