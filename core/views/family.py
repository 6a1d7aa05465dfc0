"""A folder of pictures against one: which are not of the family, and which are far on purpose.

Training pictures of one character are to differ in angle and light and in nothing else. So a picture that is unlike the
others is first asked whether an angle or the light explains it: those two are wanted, and only the rest is an outlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..pixels import ramp
from .calibration import LIMITS
from .consistency import Consistency


@dataclass(frozen=True)
class Family:
    """kinds: for each picture "" (usual), "angle", "light" or "outlier"; mean: of each figure, None where nobody
    looked; bound: the likeness below which a picture needs an explanation."""

    kinds: tuple[str, ...]
    mean: dict[str, float | None]
    bound: float


def family(pictures: Sequence[Consistency]) -> Family:
    """At least one picture, each compared with the same reference.

    A likeness is far down where its robust z-score (Iglewicz and Hoaglin 1993) is beyond the limit; with a floor, since
    pictures that are nearly equal have nearly no spread.
    """
    likeness = np.array([picture.likeness for picture in pictures])
    centre = float(np.median(likeness))
    spread = 1.4826 * float(np.median(np.abs(likeness - centre)))
    bound = centre - max(LIMITS.least, LIMITS.outlying * spread)
    names = [name for name in pictures[0].to_dict()]
    columns = {name: [getattr(picture, name) for picture in pictures] for name in names}
    mean = {name: None if None in column else round(float(np.mean(column)), 4) for name, column in columns.items()}
    return Family(tuple(_kind(picture, bound) for picture in pictures), mean, bound)


def _kind(picture: Consistency, bound: float) -> str:
    held = ramp(picture.semantic, LIMITS.alien, LIMITS.same) >= 0.5
    if held and abs(picture.light) >= LIMITS.darker:
        return "light"
    if held and picture.cam_move >= LIMITS.turned:
        return "angle"
    return "outlier" if picture.likeness < bound or not held else ""
