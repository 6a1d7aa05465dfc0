"""Drawn figures with their joints known, and how near the skeletons found in them come.

    python -m benchmarks.figures [--out FOLDER]

One JSON line: of twenty figures how many were found, and of those the mean distance of a joint from its place, in
shares of the figure's height. `--out` keeps each picture with both skeletons for looking.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from coverloop.core.errors import CoverError
from coverloop.core.views.figures import find_figures
from coverloop.core.views.skeleton import Skeleton, draw

COUNT = 20
Put = Callable[[np.ndarray], np.ndarray]
Cover = Callable[[np.ndarray, Put], object]
_SCALE = 4  # drawn larger, for smooth edges


class Figure(NamedTuple):
    """picture: (H, W, 3) uint8 sRGB; truth: its joints; height: px from the crown to the soles, as if upright."""

    picture: np.ndarray
    truth: Skeleton
    height: float


def figure(seed: int, width: int = 512, height: int = 640) -> Figure:
    """A person in flat colours with soft shading, from the front, in a pose of `seed`'s own."""
    rng = np.random.default_rng(seed)
    tall = height * rng.uniform(0.6, 0.72)
    points = _pose(rng, tall)
    low, high = points.min(axis=0), points.max(axis=0)
    middle = np.array([width / 2, height * 0.52]) - (low + high) / 2 + rng.uniform(-12, 12, 2)
    points = points + middle
    picture = _ground(rng, width, height)
    _draw(picture, points, tall, rng)
    noise = rng.normal(0, 2.5, picture.shape)
    picture = (picture.astype(np.float32) + noise).clip(0, 255).astype(np.uint8)
    return Figure(picture, Skeleton(points.astype(np.float32), np.ones(18, bool)), tall)


def _pose(rng: np.random.Generator, tall: float) -> np.ndarray:
    """(18, 2): a body of eight heads, its joints turned at random within what a standing person does."""
    p = np.zeros((18, 2))
    lean = np.radians(rng.uniform(-8, 8))
    up = np.array([np.sin(lean), -np.cos(lean)])
    side = np.array([np.cos(lean), np.sin(lean)])
    hips = np.zeros(2)
    neck = hips + up * 0.30 * tall
    p[1] = neck
    shoulder, hip = 0.115 * tall, 0.06 * tall
    p[2], p[5] = neck - side * shoulder, neck + side * shoulder
    p[8], p[11] = hips - side * hip, hips + side * hip
    for first, sign in ((2, -1), (5, 1)):
        upper = np.radians(rng.uniform(10, 115))
        lower = upper + np.radians(rng.uniform(-20, 75))
        for joint, angle, length in ((first + 1, upper, 0.165), (first + 2, lower, 0.15)):
            p[joint] = p[joint - 1] + length * tall * np.array([sign * np.sin(angle), np.cos(angle)])
    for first, sign in ((8, -1), (11, 1)):
        upper = np.radians(rng.uniform(2, 30))
        lower = upper - np.radians(rng.uniform(0, 28))
        for joint, angle, length in ((first + 1, upper, 0.245), (first + 2, lower, 0.235)):
            p[joint] = p[joint - 1] + length * tall * np.array([sign * np.sin(angle), np.cos(angle)])
    nod = lean + np.radians(rng.uniform(-8, 8))
    up, side = np.array([np.sin(nod), -np.cos(nod)]), np.array([np.cos(nod), np.sin(nod)])
    p[0] = neck + up * 0.105 * tall
    for eye, ear, sign in ((14, 16, -1), (15, 17, 1)):
        p[eye] = p[0] + up * 0.022 * tall + sign * side * 0.018 * tall
        p[ear] = p[0] + up * 0.012 * tall + sign * side * 0.047 * tall
    return p


def _ground(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A wall that darkens upwards and a floor."""
    wall, floor = rng.uniform(90, 200, 3), rng.uniform(60, 150, 3)
    rows = np.linspace(0.75, 1.05, height)[:, None, None]
    ground = np.broadcast_to(wall * rows, (height, width, 3)).copy()
    ground[round(height * 0.8) :] = floor
    return cv2.GaussianBlur(ground.clip(0, 255).astype(np.uint8), (0, 0), 2)


def _draw(picture: np.ndarray, p: np.ndarray, tall: float, rng: np.random.Generator) -> None:
    skin = np.array([rng.uniform(150, 235), 0, 0])
    skin[1:] = skin[0] * np.array([0.78, 0.66])
    shirt, trousers, hair, shoes = (rng.uniform(20, 230, 3) for _ in range(4))
    hair *= 0.4
    up = (p[0] - p[1]) / np.linalg.norm(p[0] - p[1])
    side = np.array([-up[1], up[0]])
    for hip in (8, 11):
        _capsule(picture, p[hip], p[hip + 1], 0.055 * tall, 0.042 * tall, trousers)
        _capsule(picture, p[hip + 1], p[hip + 2], 0.042 * tall, 0.03 * tall, trousers)
        out = np.sign(p[hip][0] - (p[8][0] + p[11][0]) / 2)
        toe = p[hip + 2] + np.array([out * 0.03, 0.03]) * tall
        _capsule(picture, p[hip + 2] + [0, 0.015 * tall], toe, 0.026 * tall, 0.022 * tall, shoes)
    _capsule(picture, p[1], p[1] + up * 0.08 * tall, 0.03 * tall, 0.03 * tall, skin * 0.9)
    torso = np.array([p[2], p[5], p[11] + (p[11] - p[8]) * 0.35, p[8] + (p[8] - p[11]) * 0.35])
    _shape(picture, torso, shirt, 0.03 * tall)
    for shoulder in (2, 5):
        _capsule(picture, p[shoulder], p[shoulder + 1], 0.038 * tall, 0.03 * tall, shirt * 0.92)
        _capsule(picture, p[shoulder + 1], p[shoulder + 2], 0.027 * tall, 0.02 * tall, skin)
        reach = p[shoulder + 2] - p[shoulder + 1]
        hand = p[shoulder + 2] + reach / np.linalg.norm(reach) * 0.03 * tall
        _capsule(picture, p[shoulder + 2], hand, 0.022 * tall, 0.02 * tall, skin)
    middle = (p[16] + p[17]) / 2
    turn = float(np.degrees(np.arctan2(side[1], side[0])))
    _oval(picture, middle + up * 0.015 * tall, 0.054 * tall, 0.07 * tall, turn, hair)
    _oval(picture, middle - up * 0.01 * tall, 0.046 * tall, 0.062 * tall, turn, skin)
    for ear in (16, 17):
        _oval(picture, p[ear] - up * 0.004 * tall, 0.008 * tall, 0.014 * tall, turn, skin * 0.85)
    for eye in (14, 15):
        _oval(picture, p[eye], 0.0095 * tall, 0.005 * tall, turn, np.array([245.0, 245, 245]))
        _oval(picture, p[eye], 0.0042 * tall, 0.0045 * tall, turn, np.array([40.0, 28, 22]))
        _oval(picture, p[eye] + up * 0.0105 * tall, 0.011 * tall, 0.0025 * tall, turn, hair)
    _oval(picture, p[0] - up * 0.001 * tall, 0.006 * tall, 0.005 * tall, turn, skin * 0.8)
    _oval(picture, p[0] + up * 0.009 * tall, 0.0035 * tall, 0.012 * tall, turn, skin * 0.93)
    _oval(picture, p[0] - up * 0.021 * tall, 0.014 * tall, 0.004 * tall, turn, np.array([165.0, 70, 75]))


def _paint(
    picture: np.ndarray,
    around: np.ndarray,
    reach: float,
    colour: np.ndarray,
    cover: Callable[[np.ndarray, Put], object],
) -> None:
    """A shape, lit from the left above: the further into it from there, the darker.

    around: points of the shape; reach: px that it goes beyond them; cover: draws it, white, on a small canvas, whose
    pixels `put` finds for points of the picture.
    """
    margin = reach + 24  # as far as the light is blurred
    low = np.maximum(around.min(axis=0) - margin, 0).astype(int)
    high = np.minimum(around.max(axis=0) + margin, picture.shape[1::-1]).astype(int) + 1
    part = picture[low[1] : high[1], low[0] : high[0]]
    if not part.size:
        return
    canvas = np.zeros((part.shape[0] * _SCALE, part.shape[1] * _SCALE), np.uint8)
    cover(canvas, lambda points: ((points - low) * _SCALE).round().astype(np.int32))
    small = cv2.resize(canvas, part.shape[1::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    lit = cv2.GaussianBlur(small, (0, 0), 6)
    slope = cv2.Sobel(lit, cv2.CV_32F, 1, 0) + 0.6 * cv2.Sobel(lit, cv2.CV_32F, 0, 1)
    shade = (1 + 1.6 * slope).clip(0.6, 1.25)[..., None]
    part[:] = (part * (1 - small[..., None]) + (colour * shade).clip(0, 255) * small[..., None]).astype(np.uint8)


def _capsule(
    picture: np.ndarray, start: np.ndarray, end: np.ndarray, first: float, last: float, colour: np.ndarray
) -> None:
    along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
    across = np.array([-along[1], along[0]])
    outline = np.array([start + across * first, end + across * last, end - across * last, start - across * first])

    def cover(canvas: np.ndarray, put: Put) -> None:
        cv2.fillConvexPoly(canvas, put(outline), 255)
        for point, radius in ((start, first), (end, last)):
            cv2.circle(canvas, put(point).tolist(), round(radius * _SCALE), 255, -1)

    _paint(picture, np.array([start, end]), max(first, last), colour, cover)


def _shape(picture: np.ndarray, corners: np.ndarray, colour: np.ndarray, rounding: float) -> None:
    def cover(canvas: np.ndarray, put: Put) -> None:
        cv2.fillConvexPoly(canvas, put(corners), 255)
        cv2.polylines(canvas, [put(corners)], True, 255, max(1, round(rounding * _SCALE)))

    _paint(picture, corners, rounding, colour, cover)


def _oval(picture: np.ndarray, middle: np.ndarray, wide: float, high: float, turn: float, colour: np.ndarray) -> None:
    axes = (max(1, round(wide * _SCALE)), max(1, round(high * _SCALE)))

    def cover(canvas: np.ndarray, put: Put) -> None:
        cv2.ellipse(canvas, put(middle).tolist(), axes, turn, 0, 360, 255, -1)

    _paint(picture, middle[None], max(wide, high), colour, cover)


def distances(found: Skeleton, drawn: Figure) -> np.ndarray:
    """How far each joint seen is from its place, in shares of the figure's height."""
    away = np.linalg.norm(found.points - drawn.truth.points, axis=1) / drawn.height
    return away[found.seen]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    folder = parser.parse_args().out
    means, worst, seconds = [], [], []
    for seed in range(COUNT):
        drawn = figure(seed)
        began = time.perf_counter()
        try:
            found = find_figures(drawn.picture)
        except CoverError:
            continue
        finally:
            seconds.append(time.perf_counter() - began)
        away = distances(found[0], drawn)
        means.append(float(away.mean()))
        worst.append(float(away.max()))
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            size = drawn.picture.shape[1::-1]
            sheet = np.hstack([drawn.picture, draw([drawn.truth], *size), draw(found[:1], *size)])
            cv2.imwrite(str(folder / f"{seed:02}.png"), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    line = {
        "figures": COUNT,
        "found": len(means),
        "mean": round(float(np.mean(means)), 4),
        "largest_mean": round(max(means), 4),
        "largest_joint": round(max(worst), 4),
        "seconds": round(float(np.median(seconds)), 3),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
