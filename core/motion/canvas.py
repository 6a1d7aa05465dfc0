"""What effects draw on: fields of displacement and light on a coarse grid, streams, and what is laid over a frame."""

from __future__ import annotations

from collections.abc import Callable
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
    """shape: of a frame, (H, W, 3). calm: (h, w) on the grid, 0 where nothing may bend: faces, straight lines.
    held: (h, w) bool, where nothing moves.

    shift: displacement, px at 1080. light: gain, 0.05 is 5 % more; gains: the same as functions of loop time. glow:
    grey levels that are added. streams: what flows on and on. layers: laid over the displaced picture, before light;
    overlays: over all of it.
    """

    scene: Scene
    grid: Grid
    shape: tuple[int, ...]
    frames: int
    seconds: float
    calm: np.ndarray
    held: np.ndarray
    shift: Waves
    light: Waves
    glow: Waves
    streams: Streams
    gains: list[Callable[[float], np.ndarray]] = field(default_factory=list)
    layers: list[Overlay] = field(default_factory=list)
    overlays: list[Overlay] = field(default_factory=list)
