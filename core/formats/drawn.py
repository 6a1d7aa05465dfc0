"""A cover brought alive by core alone, frame after frame: lettering off, motion, lettering back.

For sizes whose frames cannot lie in memory together. What is decided of a cover (lettering, plate, recipe) is decided
once; every pass draws the same frames anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from ..errors import ClipError
from ..lettering.find import find_text
from ..lettering.layer import TextOver, text_layer
from ..lettering.mask import find_glyphs
from ..lettering.regions import decide_lift
from ..limits import FRAMES
from ..motion.recipe import Recipe, derive_recipe
from ..motion.stage import Given, Stage
from ..parallel import give_back, in_order
from ..pixels import reduced, resized
from ..plate.clean import clean_plate
from .make import Turn

_LOOK = 1920
"""px of the shorter side at which lettering is looked for: finer, it takes minutes and finds the same."""
_THREAD_BYTES = 30
"""A pixel, of what a thread works in while it draws a frame."""
_BUDGET = 600_000_000
"""Bytes that threads may work in together."""


@dataclass(frozen=True)
class Lifted:
    """A cover taken apart, all of one size. plate: (H, W, 3) uint8; layer: (H, W, 4) uint8, over every frame; held:
    (H, W) float32, above 0.5 nothing moves."""

    plate: np.ndarray
    layer: np.ndarray
    held: np.ndarray


def lift(cover: np.ndarray) -> Lifted:
    """Take the lettering of a cover off. cover: (H, W, 3) uint8 sRGB. Raises ModelError as `find_text`."""
    height, width = cover.shape[:2]
    seen = reduced(cover, _LOOK)
    glyphs = find_glyphs(seen, decide_lift(seen, find_text(seen)))
    mask = resized(glyphs.mask, width, height, cv2.INTER_LINEAR)
    held = resized(glyphs.held.astype(np.float32), width, height, cv2.INTER_LINEAR)
    plate = clean_plate(cover, mask).image
    return Lifted(plate, text_layer(cover, plate, mask), held)


def drawn(
    lifted: Lifted,
    *,
    count: int,
    fps: Fraction,
    recipe: Recipe | None = None,
    seed: int = 0,
    strength: float = 1.0,
    progress: Callable[[], None] | None = None,
) -> Turn:
    """One turn of a loop of `count` frames. recipe: what moves; by default what suits the plate, see `derive_recipe`.
    progress: called for each frame of each pass.

    Raises:
        ClipError: count beyond `limits`.
    """
    if not FRAMES.holds(count):
        raise ClipError(f"frames: {count}; give {FRAMES}")
    height, width = lifted.plate.shape[:2]
    give_back()
    used = recipe or derive_recipe(lifted.plate, seed=seed, strength=strength)
    stage = Stage(lifted.plate, used, count, float(count / fps), Given(lifted.held))
    over = TextOver(lifted.layer)
    workers = max(1, _BUDGET // (height * width * _THREAD_BYTES))

    def frame(number: int) -> np.ndarray:
        made = over.blend(stage.frame(number))
        if progress:
            progress()
        return made

    def frames() -> Iterator[np.ndarray]:
        return in_order(frame, range(count), ahead=min(workers, 4), workers=workers)

    return Turn(frames, count, fps, height, width)
