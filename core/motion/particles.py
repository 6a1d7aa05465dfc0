"""Drifting lights: dust, snow, stars, embers.

Every particle lives once a turn, at a time of its own, so their number stays level. Frame 0 is the picture
itself and so shows none of them. Those alive at the join are placed over fine texture if there is any: what they would
add to frame 0 is taken off every frame (`rest`), which nobody sees in such a spot. Where the picture is too plain for
that, a particle fades out and in again around the join, each over a span of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..pixels import smoothstep
from .region import rgb

TURN = 2 * np.pi
JOIN = 0.11  # share of a turn on each side of the join in which particles over plain parts fade, on average
CANDIDATES = 24
CHOICE = 4  # of this many places inside the mask, one that must hide takes the best


@dataclass(frozen=True)
class Style:
    colour: tuple[float, float, float]
    heading: float  # degrees, 90 is down
    spread: float  # degrees
    life: tuple[float, float]  # shares of a turn
    flicker: float
    spread_of_size: float


STYLES = {
    "dust": Style((1.0, 0.95, 0.85), -70, 110, (0.55, 0.95), 0.25, 0.6),
    "snow": Style((1.0, 1.0, 1.0), 82, 14, (0.5, 0.9), 0.0, 0.35),
    "stars": Style((0.95, 0.97, 1.0), 0, 180, (0.35, 0.8), 0.35, 0.4),
    "embers": Style((1.0, 0.55, 0.18), -88, 30, (0.3, 0.7), 0.5, 0.45),
}


class Lights(Protocol):
    """What a swarm is made of; see the schema in `effects/particles.py`."""

    @property
    def style(self) -> str: ...
    @property
    def count(self) -> int: ...
    @property
    def size(self) -> float: ...
    @property
    def brightness(self) -> float: ...
    @property
    def speed(self) -> float: ...
    @property
    def colour(self) -> str | None: ...
    @property
    def blend(self) -> str: ...


class Swarm:
    """The particles of one effect over a picture; `stamp` adds them to a frame held as float32."""

    def __init__(self, effect: Lights, shape: tuple[int, ...], mask, hiding, seconds: float, rng):
        self._style = style = STYLES[effect.style]
        self.height, self.width = shape[:2]
        scale = min(self.height, self.width) / 1080
        count = effect.count
        self._birth = (np.arange(count) + rng.uniform(0, 1, count)) / max(count, 1)
        self._life = rng.uniform(*style.life, count)
        self._start = _places(count, mask, hiding, self._alive_at_join(), rng) * (self.width, self.height)
        hidden = _sample(hiding, self._start / (self.width, self.height))
        self._gap = rng.uniform(0.5, 1.5, count) * JOIN
        heading = np.radians(style.heading + style.spread * rng.uniform(-1, 1, count))
        path = effect.speed * scale * seconds * rng.uniform(0.6, 1.4, count)
        self._path = np.stack([np.cos(heading), np.sin(heading)], 1) * path[:, None]
        self._wander = rng.uniform(0, TURN, (count, 2)), rng.integers(1, 3, count), 0.12 * path
        self._size = effect.size * scale * np.exp(style.spread_of_size * rng.standard_normal(count)).clip(0.4, 3.5)
        small = np.clip(2.0 - self._size / (effect.size * scale), 0, 1)
        self._carry = np.clip((hidden - 0.6) / 0.35, 0, 1) * small
        faint = np.clip(
            (effect.size * scale / self._size) ** 1.5, 0.15, 1.2
        )  # a large one is out of focus: soft and faint
        self._peak = 255 * effect.brightness * faint * rng.uniform(0.5, 1.0, count)
        self._flicker = rng.uniform(0, TURN, count), rng.integers(2, 5, count)
        self._colour = rgb(effect.colour) if effect.colour else np.asarray(style.colour, np.float32)
        if effect.blend == "shade":
            self._colour = self._colour - 1  # takes off what its colour has not
        self._rest = self._visible(0.0)

    def _alive_at_join(self) -> np.ndarray:
        return (1 - self._birth) < self._life

    def _visible(self, t: float) -> list[tuple[float, float, float, float]]:
        """(x, y, size, brightness) of each particle that shows at loop time t."""
        age = ((t - self._birth) % 1.0) / self._life
        fade = np.clip(np.minimum(age, 1 - age) / 0.3, 0, 1)
        fade = np.where(age < 1, smoothstep(fade), 0)
        near = np.clip(min(t, 1 - t) / self._gap, 0, 1)
        fade = fade * (self._carry + (1 - self._carry) * smoothstep(near))
        phase, beats = self._flicker
        fade = fade * (1 + self._style.flicker * (np.sin(TURN * beats * t + phase) - 1) / 2)
        # counted from the join for those that live through it, so that they start from their spot
        since = np.where(self._alive_at_join(), np.where(t > self._birth, t - 1, t), t - self._birth - self._life / 2)
        offsets, beats, reach = self._wander
        bend = [reach * (np.sin(TURN * beats * t + offsets[:, i]) - np.sin(offsets[:, i])) for i in (0, 1)]
        x = self._start[:, 0] + self._path[:, 0] * since + bend[0]
        y = self._start[:, 1] + self._path[:, 1] * since + bend[1]
        level = self._peak * fade
        return [row for row in zip(x, y, self._size, level, strict=True) if row[3] > 0.3]

    def stamp(self, frame: np.ndarray, t: float, index: int = 0) -> None:
        """Add what shows at loop time t, less what would show at the join, to frame (H, W, 3) float32."""
        for sign, lights in ((1, self._visible(t)), (-1, self._rest)):
            for x, y, size, level in lights:
                self._dot(frame, x, y, size, sign * level)

    def _dot(self, frame: np.ndarray, x: float, y: float, size: float, level: float) -> None:
        reach = int(2.8 * size) + 2
        x0, y0 = max(0, int(x) - reach), max(0, int(y) - reach)
        x1, y1 = min(self.width, int(x) + reach + 1), min(self.height, int(y) + reach + 1)
        if x0 >= x1 or y0 >= y1:
            return
        across = np.exp(-(((np.arange(x0, x1) + 0.5 - x) / size) ** 2))
        along = np.exp(-(((np.arange(y0, y1) + 0.5 - y) / size) ** 2)) * level
        light = np.multiply.outer(along, np.multiply.outer(across, self._colour))
        frame[y0:y1, x0:x1] += light.astype(np.float32)


def _places(count: int, mask: np.ndarray, hiding: np.ndarray, choosy: np.ndarray, rng) -> np.ndarray:
    """(count, 2) places in 0..1 inside the mask; the choosy ones take the best hiding of a few candidates."""
    places = np.empty((count, 2))
    for i in range(count):
        found = rng.uniform(0, 1, (CANDIDATES, 2))
        inside = np.argsort(_sample(mask, found) < rng.uniform(0, 1, CANDIDATES), kind="stable")
        found = found[inside[:CHOICE]]
        places[i] = found[int(np.argmax(_sample(hiding, found)))] if choosy[i] else found[0]
    return places


def _sample(field: np.ndarray, places: np.ndarray) -> np.ndarray:
    rows, columns = field.shape
    return field[(places[:, 1] * rows).astype(int), (places[:, 0] * columns).astype(int)]
