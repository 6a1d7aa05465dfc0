"""The ways of making a file that there are, the files of `codings/`, and a loop through one of them.

Frames pass through; none is kept where the format allows it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..errors import UsageError
from ..files import whole_file
from . import codings as _folder
from .coding import Coding, Write, Written
from .encode import frame_rate
from .mux import checked_frames


def kinds() -> list[str]:
    return sorted(file.name for file in pkgutil.iter_modules(_folder.__path__))


def write(
    frames: Iterable[np.ndarray],
    path: Path,
    coding: Coding,
    *,
    fps: float | Fraction,
    words: Mapping[str, str] | None = None,
) -> None:
    """Write a loop under `path`, whole or not at all. frames: (H, W, 3) uint8 sRGB of one size, read one at a time.

    Raises:
        ClipError: no frames, or frames of different size or dtype. UsageError: it cannot be written; says why.
    """
    if coding.kind not in kinds():
        raise UsageError(f"{coding.kind!r}: no such coding; there are {', '.join(kinds())}")
    how: Write = importlib.import_module(f"{_folder.__name__}.{coding.kind}").write
    with whole_file(path) as part:
        how(checked_frames(frames), part, coding, Written(frame_rate(fps), words or {}))
