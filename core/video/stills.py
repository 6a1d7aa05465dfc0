"""What animated pictures have in common: times in whole steps, and words about them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise

from PIL import Image

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
