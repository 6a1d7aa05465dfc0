"""Is any frame blurred against those around it, as a cross-fade blurs the join."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...pixels import fine_detail, reduced
from ..rules import Look, Rule, Setting

RULES = (
    Rule(
        "sharpness",
        "lowest energy of a frame's fine detail / that of its neighbourhood, at 512 px; cross-fades dip to 0.5 - 0.9",
        0.85,
        too_low="frames are blurred against their neighbours, as by a cross-fade",
        to_raise="close it by frames in between (Close Loop) in place of a fade",
        margin=0.01,
    ),
)


class _Sharpness:
    def look(self, look: Look) -> float:
        return float(fine_detail(reduced(look.grey, 512)).var())

    def figures(self, kept: Sequence[float]) -> dict[str, float | None]:
        return {"sharpness": _sharpness(np.array(kept))}


def begin(setting: Setting) -> _Sharpness:
    return _Sharpness()


_NO_DETAIL = 0.06  # of rounding noise: on a picture without detail nothing can be blurred


def _sharpness(values: np.ndarray) -> float:
    """values: (N,) variance of each frame's fine detail. The least of them, beside those of the frames around it."""
    n, reach = len(values), max(4, len(values) // 8)
    around = [k for k in range(-reach, reach + 1) if abs(k) > 2]
    usual = np.array([np.median(values[[(t + k) % n for k in around]]) for t in range(n)])
    return float(((values + _NO_DETAIL) / (usual + _NO_DETAIL)).min())
