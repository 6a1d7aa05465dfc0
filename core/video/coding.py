"""Ways of making a file of a loop: each file of `codings/` is one. Frames pass through, none is kept where the format
allows it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from ..errors import UsageError
from ..files import whole_file
from . import codings as _folder
from .encode import CRF, frame_rate
from .mux import checked_frames


@dataclass(frozen=True)
class Coding:
    """kind: a file of `codings/`; ending: of the file's name. The rest is read by the kinds that have it.

    crf: of x264's scale, whatever the codec; mbps: megabits a second, held, instead of crf; b_frames: of H.264;
    colours: of a palette.
    """

    kind: str
    ending: str
    crf: int = CRF
    mbps: float | None = None
    b_frames: bool = True
    colours: int = 256


@dataclass(frozen=True)
class Written:
    """What is to be told of a file beside its frames. words: title, artist, comment."""

    rate: Fraction
    words: Mapping[str, str] = field(default_factory=dict)


class Write(Protocol):
    def __call__(self, frames: Iterable[np.ndarray], path: Path, coding: Coding, facts: Written) -> None:
        """Write frames (H, W, 3) uint8 to `path`, an empty file beside the final name.

        Raises:
            ClipError: no frames. UsageError: the encode failed.
        """
        ...


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
