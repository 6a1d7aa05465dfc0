"""Animated WebP. Its frames are held together in memory: for sizes of a page, not of a wall."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from ..coding import Coding, Written
from ..stills import delays, exif_of

_QUALITY = 95
"""Of 100. Under it libwebp takes frames that differ by two grey levels or more for equal, and a calm loop stalls."""


def write(frames: Iterable[np.ndarray], path: Path, coding: Coding, facts: Written) -> None:
    pictures = [Image.fromarray(frame) for frame in frames]
    pictures[0].save(
        path,
        format="WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=delays(len(pictures), facts.rate, 1),
        loop=0,
        quality=_QUALITY,
        method=3,
        kmin=9998,  # no frame inside the turn is coded on its own, which would pop
        kmax=9999,
        exif=exif_of(facts.words),
    )
