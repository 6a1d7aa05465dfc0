"""Pictures without lettering, drawn from a random generator: what `covers.py` letters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

Random = np.random.Generator


def noise(random: Random, size: int, cells: int) -> np.ndarray:
    """(size, size) float 0..1, smooth over `size / cells` px."""
    small = random.random((cells + 3, cells + 3), dtype=np.float32)
    large = cv2.resize(small, None, fx=size / cells, fy=size / cells, interpolation=cv2.INTER_CUBIC)
    return np.clip(large[:size, :size], 0, 1)


def octaves(random: Random, size: int, first: int = 3, count: int = 5) -> np.ndarray:
    """(size, size) float 0..1: noise of ever finer cells, each half as strong."""
    total = np.zeros((size, size), np.float32)
    for k in range(count):
        total += noise(random, size, min(size, first * 2**k)) / 2**k
    low, high = np.percentile(total, (1, 99))
    return np.clip((total - low) / (high - low), 0, 1)


def colour(random: Random, low: float = 10, high: float = 245) -> np.ndarray:
    return random.uniform(low, high, 3).astype(np.float32)


def blend(amount: np.ndarray, *colours: np.ndarray) -> np.ndarray:
    """(H, W) 0..1 through the colours in turn."""
    at = np.linspace(0, 1, len(colours))
    table = np.array(colours)
    return np.stack([np.interp(amount, at, table[:, c]) for c in range(3)], -1).astype(np.float32)


def gradient(random: Random, size: int) -> np.ndarray:
    y, x = np.mgrid[:size, :size].astype(np.float32) / size - 0.5
    turn = random.uniform(0, 2 * np.pi)
    way = np.hypot(x, y) * 1.4 if random.random() < 0.3 else x * np.cos(turn) + y * np.sin(turn) + 0.5
    return blend(np.clip(way, 0, 1), *(colour(random) for _ in range(random.integers(2, 4))))


def shapes(random: Random, size: int) -> np.ndarray:
    made = gradient(random, size)
    for _ in range(random.integers(3, 12)):
        corners = (random.random(2) * size + random.normal(0, size / 5, (int(random.integers(3, 7)), 2))).astype(
            np.int32
        )
        ink = colour(random).tolist()
        if random.random() < 0.5:
            radius = int(random.uniform(0.03, 0.3) * size)
            thick = -1 if random.random() < 0.7 else int(random.integers(2, 14))
            cv2.circle(made, corners[0].tolist(), radius, ink, thick, cv2.LINE_AA)
        else:
            cv2.fillPoly(made, [cv2.convexHull(corners)], ink, cv2.LINE_AA)
    return made


def painting(random: Random, size: int) -> np.ndarray:
    """Brush strokes that follow a slow field, large ones first."""
    field, tone = octaves(random, size, 2, 3) * 4 * np.pi, octaves(random, size)
    palette = [colour(random) for _ in range(4)]
    made = blend(tone, *palette)
    for length in (0.2, 0.1, 0.05):
        for _ in range(int(12 / length)):
            x, y = (int(v) for v in random.integers(0, size, 2))
            way = np.array([np.cos(field[y, x]), np.sin(field[y, x])]) * length * size / 2
            ink = blend(tone[y : y + 1, x : x + 1], *palette)[0, 0] + random.normal(0, 14)
            ends = [tuple(int(v) for v in (x + s * way[0], y + s * way[1])) for s in (-1, 1)]
            cv2.line(made, ends[0], ends[1], ink.tolist(), max(1, int(length * size / 8)), cv2.LINE_AA)
    return made


def landscape(random: Random, size: int) -> np.ndarray:
    """Sky, sun, ridges that grow darker and rougher to the front, water or ground, depth of field."""
    y = np.linspace(0, 1, size, dtype=np.float32)[:, None] + np.zeros((1, size), np.float32)
    sky = [colour(random, 40, 250) for _ in range(3)]
    made = blend(np.clip(y * 1.3, 0, 1), *sky) + 26 * (octaves(random, size, 2) - 0.5)[..., None]
    cv2.circle(
        made, random.integers(size // 6, size // 2, 2).tolist(), size // 14, (252.0, 240.0, 205.0), -1, cv2.LINE_AA
    )
    for k in range(int(random.integers(2, 5))):
        base = 0.4 + 0.15 * k
        ridge = base + 0.2 * (octaves(random, size, 2 + 2 * k)[0] - 0.5)
        ground = sky[2] * (0.75 - 0.15 * k) + 30 * k * (octaves(random, size, 12 + 12 * k) - 0.5)[..., None]
        share = np.clip((y - ridge[None]) * size / 2, 0, 1)[..., None]
        made = cv2.GaussianBlur(made, (0, 0), 0.6 + random.random()) * (1 - share) + ground * share
    return made


def lights(random: Random, size: int) -> np.ndarray:
    """A dark room with soft discs of light."""
    made = gradient(random, size) * 0.25
    for _ in range(int(random.integers(15, 60))):
        spot = np.zeros((size, size), np.float32)
        cv2.circle(
            spot, random.integers(0, size, 2).tolist(), int(random.uniform(0.01, 0.07) * size), 1.0, -1, cv2.LINE_AA
        )
        spot = cv2.GaussianBlur(spot, (0, 0), random.uniform(0.5, 8))
        made += spot[..., None] * colour(random, 40, 230) * random.uniform(0.2, 0.9)
    return made


def stone(random: Random, size: int) -> np.ndarray:
    """A lit rough surface: plaster, paper, metal."""
    relief = octaves(random, size, 8, 6) * random.uniform(1, 14)
    light = cv2.Sobel(relief, -1, 1, 0) + 0.7 * cv2.Sobel(relief, -1, 0, 1)
    return gradient(random, size) * 0.6 + 60 + light[..., None] * 60


SCENES: tuple[Callable[[Random, int], np.ndarray], ...] = (gradient, shapes, painting, landscape, lights, stone)


def scene(random: Random, size: int, pictures: list[Path]) -> tuple[np.ndarray, str]:
    """(size, size, 3) float32 0..255 and what it is: drawn here, or a part of one of `pictures`."""
    if pictures:
        path = pictures[int(random.integers(len(pictures)))]
        whole = cv2.imread(str(path))
        if whole is None:
            raise SystemExit(f"{path}: cannot be read as a picture")
        side = int(min(whole.shape[:2]) * random.uniform(0.6, 1))
        top, left = (int(random.integers(0, v - side + 1)) for v in whole.shape[:2])
        part = cv2.resize(whole[top : top + side, left : left + side, ::-1], (size, size), interpolation=cv2.INTER_AREA)
        return part.astype(np.float32), path.name
    draw = SCENES[int(random.integers(len(SCENES)))]
    return np.clip(draw(random, size), 0, 255), draw.__name__
