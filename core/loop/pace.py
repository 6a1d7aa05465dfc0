"""When in-betweens are drawn, so that their steps are even: times for a way whose pictures do not change evenly."""

from __future__ import annotations

import math

import numpy as np


def timing(table: np.ndarray, dense: np.ndarray, speeds: list[float], most: int) -> tuple[int, list[float]]:
    """How many in-betweens, and when, so that their steps come nearest to the speeds around the gap."""
    best: tuple[float, int, list[float]] = (math.inf, 0, [])
    for number in range(1, most + 1):
        scale, times = march(table, dense, speeds, number)
        miss = abs(math.log(max(scale, 1e-3)))
        if miss < best[0]:
            best = (miss, number, times)
        elif scale < 0.8:
            break
    return best[1], best[2]


def march(table: np.ndarray, dense: np.ndarray, speeds: list[float], number: int) -> tuple[float, list[float]]:
    """Times of `number` in-betweens with steps of s * (speeds[0] ... speeds[1]), and the s that just reaches the end.

    table: (K, K) picture distances along the path, in median steps; dense: (K,) their times, 0..1.
    """
    targets = np.linspace(speeds[0], speeds[1], number + 1)
    low, high = 0.0, float(table.max()) / min(speeds) + 1e-6
    places: list[float] = []
    for _ in range(18):
        scale = (low + high) / 2
        places, place = [], 0.0
        for target in targets[:-1]:
            place = _reach(table, place, scale * target)
            places.append(place)
        last = _row(table, place)[-1]
        low, high = (scale, high) if last > scale * targets[-1] else (low, scale)
    times = np.interp(places, np.arange(len(dense)), dense)
    spread = np.linspace(0, 1, number + 2)[1:-1]
    times = np.clip(times, 0.25 * spread, 1 - 0.25 * (1 - spread))  # never two in one place when the path has a jump
    return high, [float(time) for time in np.maximum.accumulate(times)]


def _row(table: np.ndarray, place: float) -> np.ndarray:
    low = min(int(place), len(table) - 2)
    part = place - low
    return (1 - part) * table[low] + part * table[low + 1]


def _reach(table: np.ndarray, place: float, target: float) -> float:
    """The first place after `place` whose picture is `target` away."""
    row = _row(table, place)
    previous, at = 0.0, place
    for k in range(math.floor(place) + 1, len(table)):
        value = float(row[k])
        if value >= target:
            return at + (k - at) * (target - previous) / max(value - previous, 1e-9)
        previous, at = value, float(k)
    return float(len(table) - 1)
