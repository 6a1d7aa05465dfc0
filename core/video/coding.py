"""What a way of making a file is; each file of `codings/` is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from .encode import CRF


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
