"""An artist's pictures and their captions, as squares of one size, for who trains on stills."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..core.errors import CoverError, UsageError
from ..core.image import SUFFIXES, read_cover
from ..core.motion.recipe import derive_recipe
from ..core.pixels import middle
from ..core.prompt.measured import measured_answer, measured_words
from .calibration import STILLS


@dataclass(frozen=True)
class Still:
    """square: (S, S, 3) uint8 sRGB; caption: with the trigger, once."""

    square: np.ndarray
    caption: str


def stills_of(folder: Path, token: str, left_out: dict[str, str]) -> list[Path]:
    """The pictures of a folder, by name. What cannot be read or has the trigger more than once goes to `left_out`.

    Raises:
        UsageError: no folder, or not as many pictures as can be trained on.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no folder; give one with pictures")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if len(found) > STILLS.most:
        raise UsageError(f"{folder}: {len(found)} pictures; at most {STILLS.most} are held in memory at once")
    good = []
    for path in found:
        try:
            read_cover(path)
            told_caption(path, token)
            good.append(path)
        except (CoverError, UsageError) as error:
            left_out[path.name] = str(error).removeprefix(f"{path}: ")
    if len(good) < STILLS.least:
        why = f" ({len(left_out)} are left out, such as {next(iter(left_out.items()))})" if left_out else ""
        raise UsageError(f"{folder}: {len(good)} pictures{why}; training takes {STILLS.least} at least")
    return good


def still(path: Path, token: str) -> Still:
    """Raises CoverError or UsageError: as `stills_of` leaves it out."""
    image = read_cover(path).image
    caption = told_caption(path, token) or scene_words(image)
    if token not in _words(caption):
        caption = f"{token}, {caption}"
    return Still(middle(image, STILLS.side, STILLS.side), caption)


def told_caption(path: Path, token: str) -> str:
    """What a person wrote in NAME.txt beside it, in one line; "" where there is none."""
    text = path.with_suffix(".txt")
    if not text.exists():
        return ""
    try:
        caption = " ".join(text.read_text("utf-8")[:4000].split())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{text.name} cannot be read ({error}); write it as UTF-8") from None
    if (count := _words(caption).count(token)) > 1:
        raise UsageError(f"{text.name} has the trigger {token!r} {count} times; it goes in once, by itself")
    return caption


def scene_words(picture: np.ndarray) -> str:
    """What is there by measurement: medium, place, light."""
    return measured_words(picture, measured_answer(picture, derive_recipe(picture))).split("; ")[0]


def write(one: Still, path: Path) -> None:
    """PATH.png and PATH.txt."""
    _, data = cv2.imencode(".png", cv2.cvtColor(one.square, cv2.COLOR_RGB2BGR))
    path.with_suffix(".png").write_bytes(data.tobytes())
    path.with_suffix(".txt").write_text(one.caption + "\n", encoding="utf-8", newline="\n")


def _words(caption: str) -> list[str]:
    return re.findall(r"\w+", caption.lower())
