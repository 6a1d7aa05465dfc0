"""Patterns without lettering that resemble it: rows, strokes and rings of even width, drawn from a random generator."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from covers_scenes import SCENES, Random, blend, colour, gradient, octaves


def truchet(random: Random, size: int) -> np.ndarray:
    """Quarter rings in squares, turned at random (Truchet 1704, Smith 1987)."""
    made, ink = gradient(random, size), colour(random).tolist()
    side = int(random.uniform(0.05, 0.16) * size)
    thick = max(2, int(random.uniform(0.08, 0.3) * side))
    for y in range(0, size + side, side):
        for x in range(0, size + side, side):
            at = ((x, y), (x + side, y + side)) if random.random() < 0.5 else ((x + side, y), (x, y + side))
            for corner in at:
                turn = {(0, 0): 0, (1, 0): 90, (1, 1): 180, (0, 1): 270}[(corner[0] > x, corner[1] > y)]
                cv2.ellipse(made, corner, (side // 2, side // 2), turn, 0, 90, ink, thick, cv2.LINE_AA)
    return made


def wood(random: Random, size: int) -> np.ndarray:
    """Year rings cut lengthwise, a few knots, boards."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    warp = octaves(random, size, 2, 4)
    depth = 14 * x + random.uniform(2, 6) * warp + 2 * y
    for _ in range(int(random.integers(1, 5))):
        kx, ky = random.random(2)
        depth += 3 * np.exp(-(((x - kx) ** 2) * 60 + ((y - ky) ** 2) * 18))
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * depth)
    made = blend(rings * 0.7 + 0.3 * octaves(random, size, 30, 3), colour(random, 40, 90), colour(random, 120, 200))
    for edge in range(int(random.integers(0, 4))):
        cv2.line(made, (int((edge + 0.6) * size / 4), 0), (int((edge + 0.6) * size / 4), size), (20.0, 14.0, 10.0), 3)
    return made


def bricks(random: Random, size: int) -> np.ndarray:
    made = blend(octaves(random, size, 20, 4), *(colour(random, 60, 200) for _ in range(2)))
    high, wide = int(random.uniform(0.03, 0.09) * size), int(random.uniform(0.09, 0.2) * size)
    joint = colour(random).tolist()
    for row, y in enumerate(range(0, size, high)):
        cv2.line(made, (0, y), (size, y), joint, max(2, high // 8))
        for x in range(row % 2 * wide // 2, size, wide):
            cv2.line(made, (x, y), (x, y + high), joint, max(2, high // 8))
    return made


def railings(random: Random, size: int) -> np.ndarray:
    """Bars and a rail before a view, as fences, blinds and piano keys are."""
    made, ink = gradient(random, size) + 40 * (octaves(random, size) - 0.5)[..., None], colour(random).tolist()
    step = int(random.uniform(0.02, 0.08) * size)
    top, end = (int(v * size) for v in sorted(random.uniform(0.1, 0.9, 2)))
    for x in range(step, size, step):
        cv2.line(made, (x, top), (x, end), ink, max(2, step // 3), cv2.LINE_AA)
    cv2.line(made, (0, top), (size, top), ink, max(3, step // 2), cv2.LINE_AA)
    return made


def branches(random: Random, size: int) -> np.ndarray:
    """Bare twigs before a sky."""
    made, ink = gradient(random, size) * 0.4 + 130, colour(random, 0, 70).tolist()

    def grow(at: np.ndarray, way: float, long: float) -> None:
        if long < 0.02 * size:
            return
        end = at + long * np.array([np.cos(way), np.sin(way)])
        ends = [tuple(int(v) for v in point) for point in (at, end)]
        cv2.line(made, ends[0], ends[1], ink, max(1, int(long / 9)), cv2.LINE_AA)
        for turn in random.uniform(-0.9, 0.9, int(random.integers(2, 4))):
            grow(end, way + turn, long * random.uniform(0.6, 0.85))

    grow(np.array([random.uniform(0.3, 0.7) * size, float(size)]), -np.pi / 2, 0.2 * size)
    return made


def windows(random: Random, size: int) -> np.ndarray:
    """Fronts of houses at night, some windows lit."""
    made = gradient(random, size) * 0.3
    x = 0
    while x < size:
        wide, top = int(random.uniform(0.1, 0.25) * size), int(random.uniform(0.1, 0.7) * size)
        made[top:, x : x + wide] = colour(random, 10, 60)
        side = int(random.uniform(0.012, 0.03) * size)
        for y in range(top + side, size, 2 * side):
            for left in range(x + side, x + wide - side, 2 * side):
                if random.random() < 0.4:
                    made[y : y + side, left : left + side] = colour(random, 140, 250)
        x += wide
    return made


def eyes(random: Random, size: int) -> np.ndarray:
    """Almond shapes with rings in them: eyes, leaves with dew."""
    made = gradient(random, size) * 0.5 + 90 + 20 * (octaves(random, size) - 0.5)[..., None]
    for _ in range(int(random.integers(1, 4))):
        cx, cy = (int(v) for v in random.uniform(0.2, 0.8, 2) * size)
        wide = int(random.uniform(0.08, 0.2) * size)
        cv2.ellipse(made, (cx, cy), (wide, wide // 2), 0, 0, 360, (235.0, 230.0, 225.0), -1, cv2.LINE_AA)
        cv2.ellipse(made, (cx, cy), (wide, wide // 2), 0, 180, 360, (20.0, 15.0, 15.0), max(2, wide // 12), cv2.LINE_AA)
        cv2.circle(made, (cx, cy), wide // 2, colour(random, 30, 160).tolist(), -1, cv2.LINE_AA)
        cv2.circle(made, (cx, cy), wide // 5, (8.0, 8.0, 8.0), -1, cv2.LINE_AA)
        cv2.circle(made, (cx + wide // 8, cy - wide // 8), max(2, wide // 14), (250.0, 250.0, 250.0), -1, cv2.LINE_AA)
    return made


def weave(random: Random, size: int) -> np.ndarray:
    """Checks, zigzags or dots in rows, as cloth and tiles have them."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / random.uniform(0.015, 0.06) / size
    kind = int(random.integers(3))
    made = [
        np.sin(np.pi * x) * np.sin(np.pi * y),
        np.sin(np.pi * (y + np.abs(x % 2 - 1))),
        np.cos(2 * np.pi * x) + np.cos(2 * np.pi * y) - 1,
    ][kind]
    return blend(np.clip(0.5 + 3 * made, 0, 1), colour(random), colour(random))


PATTERNS: tuple[Callable[[Random, int], np.ndarray], ...] = (
    truchet, wood, bricks, railings, branches, windows, eyes, weave,
)  # fmt: skip


def text_free(seed: int, index: int, size: int) -> tuple[np.ndarray, str]:
    """One picture of a seed without lettering, (size, size, 3) uint8, and its name; kinds take turns."""
    random = np.random.default_rng([seed, index])
    kinds = (*SCENES, *PATTERNS)
    draw = kinds[index % len(kinds)]
    made = draw(random, size) + random.normal(0, random.uniform(0, 3), (size, size, 1))
    return np.clip(np.round(made), 0, 255).astype(np.uint8), f"{draw.__name__} {index}"
