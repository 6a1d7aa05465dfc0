"""Clean plates: what the picture was before the lettering was laid over it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .errors import UsageError


@dataclass(frozen=True)
class Filler:
    """A way of filling a hole. size_rule: what the pictures it is given must obey; ready: usable here and now, else
    `needs` says what is missing."""

    name: str
    licence: str
    needs: str
    size_rule: str
    ready: bool


@dataclass(frozen=True)
class Plate:
    """image: (H, W, 3) uint8, equal to the cover outside the mask; filler: the one used; notes: what to know of it."""

    image: np.ndarray
    filler: str
    notes: tuple[str, ...] = ()


def fillers() -> list[Filler]:
    """Every filler there is, best first."""
    return [Filler("diffusion", "Apache-2.0 (OpenCV)", "nothing", "any", True)]


def clean_plate(cover: np.ndarray, mask: np.ndarray, filler: str = "auto", seed: int = 0) -> Plate:
    """Fill what the mask covers.

    cover: (H, W, 3) uint8 sRGB; mask: (H, W) float 0..1, as from `glyph_mask`. Outside the mask the plate is the cover.

    Raises:
        UsageError: unknown filler, or mask of another size.
    """
    if mask.shape != cover.shape[:2]:
        raise UsageError(f"mask is {mask.shape}, cover is {cover.shape[:2]}; they must be of one size")
    if filler != "auto" and filler not in [one.name for one in fillers()]:
        raise UsageError(f"{filler!r}: no such filler; there are {', '.join(one.name for one in fillers())}")
    hole = (mask > 0).astype(np.uint8)
    return Plate(cv2.inpaint(cover, cv2.dilate(hole, np.ones((3, 3))), 3, cv2.INPAINT_TELEA), "diffusion")
