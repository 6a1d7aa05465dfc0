"""Fields that move in closed turns: displacement and light as short Fourier series over the picture.

A field is sum over k of C_k(x) (cos 2 pi k t - 1) + S_k(x) sin 2 pi k t, t in 0..1 over the loop: zero at t = 0
everywhere, periodic for any C and S. A swing with a phase that varies over the picture is such a series, and so is any
number of them together, so the cost of a frame does not depend on how many effects there are. Fields live on a coarse
grid; they are smooth.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..pixels import ramp

TURN = 2 * np.pi
PERIOD = 4.0  # seconds that `cycles` of a recipe count in


class Waves:
    """Series of (h, w, channels) float32 fields."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape
        self._series: dict[int, list[np.ndarray]] = {}

    def __bool__(self) -> bool:
        return bool(self._series)

    def add(self, turns: int, vector: tuple[float, ...], amplitude: np.ndarray, phase: np.ndarray) -> None:
        """Add vector * amplitude(x) * (sin(2 pi turns t + phase(x)) - sin phase(x))."""
        along = np.asarray(vector, np.float32)
        cos, sin = self._series.setdefault(turns, [np.zeros(self.shape, np.float32), np.zeros(self.shape, np.float32)])
        cos += (amplitude * np.sin(phase))[..., None] * along
        sin += (amplitude * np.cos(phase))[..., None] * along

    def scale(self, factor: np.ndarray) -> None:
        """Multiply every field by `factor`, (h, w, channels) or broadcastable to it."""
        for fields in self._series.values():
            for field in fields:
                field *= factor

    def reach(self) -> np.ndarray:
        """(h, w) the most that the field may be from zero, about, over a turn."""
        total = np.zeros(self.shape[:2], np.float32)
        for cos, sin in self._series.values():
            total += np.sqrt((cos * cos + sin * sin).sum(2))
        return total

    def at(self, t: float) -> np.ndarray:
        """The field at time t (0..1 of the loop), (h, w, channels) float32; exactly zero at t = 0."""
        total = np.zeros(self.shape, np.float32)
        for turns, (cos, sin) in self._series.items():
            total += cos * np.float32(np.cos(TURN * turns * t) - 1)
            total += sin * np.float32(np.sin(TURN * turns * t))
        return total


class Grid:
    """A coarse grid over a picture of height x width px: coordinates in px of a 1080 px picture, smooth noise."""

    def __init__(self, height: int, width: int, seconds: float, side: int = 270):
        self.scale = min(height, width) / 1080
        step = min(height, width) / side
        self.shape = (max(8, round(height / step)), max(8, round(width / step)))
        rows, columns = self.shape
        y = (np.arange(rows, dtype=np.float32) + 0.5) / rows * height / self.scale
        x = (np.arange(columns, dtype=np.float32) + 0.5) / columns * width / self.scale
        self.x, self.y = np.meshgrid(x, y)
        self.seconds = seconds

    def turns(self, cycles: int) -> tuple[int, float]:
        """Whole turns of a loop for `cycles` in four seconds, and the factor on amplitudes that keeps the speed."""
        wanted = cycles * self.seconds / PERIOD
        turns = max(1, round(wanted))
        return turns, min(1.0, wanted / turns)

    def along(self, angle: float) -> np.ndarray:
        """Distance of each point along `angle` (degrees; 0 right, 90 down), px of a 1080 px picture."""
        return self.x * np.float32(np.cos(np.radians(angle))) + self.y * np.float32(np.sin(np.radians(angle)))

    def at(self, point: tuple[float, float]) -> tuple[float, float]:
        """x, y in px of a 1080 px picture of a point given as shares of width and height."""
        columns, rows = self.shape[1], self.shape[0]
        return point[0] * float(self.x[0, 0]) * 2 * columns, point[1] * float(self.y[0, 0]) * 2 * rows

    def away(self, point: tuple[float, float]) -> np.ndarray:
        """Distance of each point from one given as shares of width and height, px of a 1080 px picture."""
        x, y = self.at(point)
        return np.hypot(self.x - np.float32(x), self.y - np.float32(y))

    def noise(self, rng: np.random.Generator, size: float) -> np.ndarray:
        """Smooth noise of about unit variance, features of about `size` px."""
        rows, columns = (max(3, int(np.ceil(extent / size)) + 3) for extent in (np.ptp(self.y), np.ptp(self.x)))
        coarse = rng.standard_normal((rows, columns)).astype(np.float32)
        fine = cv2.resize(coarse, self.shape[::-1], interpolation=cv2.INTER_CUBIC)
        return (fine - fine.mean()) / max(float(fine.std()), 1e-3)

    def resize(self, mask: np.ndarray) -> np.ndarray:
        return cv2.resize(mask, self.shape[::-1], interpolation=cv2.INTER_LINEAR)

    def border(self, margin: float = 140.0) -> np.ndarray:
        """(h, w, 2) factor that brings displacement across a border smoothly to zero there, so nothing tears."""

        def ease(position: np.ndarray, extent: float) -> np.ndarray:
            return ramp(np.minimum(position, extent - position), 0, min(margin, extent / 3))

        half = (self.x[0, 0], self.y[0, 0])
        return np.dstack([ease(self.x, self.x[0, -1] + half[0]), ease(self.y, self.y[-1, 0] + half[1])])


def add_ellipse(
    waves: Waves, turns: int, angle: float, aspect: float, amplitude: np.ndarray, phase: np.ndarray
) -> None:
    """Add a swing on an ellipse, `amplitude` px along `angle` (degrees) and `aspect` of that across."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    waves.add(turns, (c, s), amplitude, phase)
    waves.add(turns, (-s * aspect, c * aspect), amplitude, phase + np.float32(np.pi / 2))
