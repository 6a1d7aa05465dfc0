"""What animated pictures have in common: times in whole steps, words about them, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence, UnidentifiedImageError

from ..errors import ClipError

_TAGS = {"title": 0x010E, "artist": 0x013B, "comment": 0x0131}  # EXIF: ImageDescription, Artist, Software


def delays(count: int, rate: Fraction, step: int) -> list[int]:
    """How long each of `count` frames is shown, in ms, in whole steps of `step` ms; over the turn no time is lost."""
    if count < 1:
        raise ClipError("no frames to encode; a loop needs at least one")
    due = [step * round(1000 * i / (rate * step)) for i in range(count + 1)]
    return [after - before for before, after in pairwise(due)]


def exif_of(words: Mapping[str, str]) -> bytes:
    exif = Image.Exif()
    for name, tag in _TAGS.items():
        if words.get(name):
            exif[tag] = words[name]
    return exif.tobytes() if len(exif) else b""


def shown(path: Path) -> Iterator[np.ndarray]:
    """The frames of an animated picture, (H, W, 3) uint8, as a reader of pictures shows them.

    Raises:
        ClipError: it cannot be read.
    """
    try:
        with Image.open(path, formats=["GIF", "WEBP", "AVIF"]) as picture:
            for frame in ImageSequence.Iterator(picture):
                yield np.ascontiguousarray(np.asarray(frame.convert("RGB")))
    except (UnidentifiedImageError, OSError, ValueError, EOFError) as error:
        raise ClipError(f"{path}: is not a picture that can be read, or is damaged ({error})") from error
