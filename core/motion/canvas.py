"""What effects draw on: fields of displacement and light on a coarse grid, streams, and what is laid over a frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from .scene import Scene
from .streams import Streams
from .waves import Grid, Waves


class Overlay(Protocol):
    """Something laid over a finished frame; nothing at t = 0."""

    def stamp(self, frame: np.ndarray, t: float, index: int) -> None:
        """Add to frame (H, W, 3) float32 what shows at loop time t (0..1), the frame of number `index`."""
        ...


@dataclass
class Canvas:
    """shape: of a frame, (H, W, 3). calm: (h, w) on the grid, 0 on faces, which no local movement may bend."""

    scene: Scene
    grid: Grid
    shape: tuple[int, ...]
    frames: int
    seconds: float
    calm: np.ndarray
    shift: Waves
    light: Waves
    streams: Streams
    overlays: list[Overlay] = field(default_factory=list)
