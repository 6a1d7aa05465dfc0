"""Clips whose truth is known: smooth noise that repeats at its edges, moved without resampling error (Fourier)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np


@cache
def picture(size: int = 192, seed: int = 5) -> np.ndarray:
    """(size, size, 3) float, 128 +- 35."""
    v, u = np.fft.fftfreq(size)[:, None, None], np.fft.fftfreq(size)[None, :, None]
    noise = np.random.default_rng(seed).normal(size=(size, size, 3))
    smooth = np.fft.ifft2(np.fft.fft2(noise, axes=(0, 1)) * np.exp(-200 * (v**2 + u**2)), axes=(0, 1)).real
    return smooth / smooth.std() * 35 + 128


def path(places: Iterable[tuple[float, float]], size: int = 192) -> np.ndarray:
    """One frame for each (right, down) displacement in pixels. (N, size, size, 3) uint8."""
    spectrum = np.fft.rfft2(picture(size), axes=(0, 1))
    v, u = np.fft.fftfreq(size)[:, None, None], np.fft.rfftfreq(size)[None, :, None]
    frames = [
        np.fft.irfft2(spectrum * np.exp(-2j * np.pi * (u * right + v * down)), s=(size, size), axes=(0, 1))
        for right, down in places
    ]
    return np.clip(np.round(np.stack(frames)), 0, 255).astype(np.uint8)


def circle(count: int, period: float | None = None, reach: float = 4.0, size: int = 192) -> np.ndarray:
    """`count` frames on a circle of radius `reach` px; a perfect loop when `period` (default `count`) equals count."""
    turns = 2 * np.pi * np.arange(count) / (period or count)
    return path([(reach * np.sin(t), reach * (1 - np.cos(t))) for t in turns], size)


def pan(count: int, speed: float = 0.5, size: int = 192) -> np.ndarray:
    return path([(speed * t, 0.2 * speed * t) for t in range(count)], size)


def sky(size=256):
    """A gradient with a little grain."""
    down = np.linspace(90, 200, size)[:, None, None] + np.zeros((1, size, 3))
    return np.clip(down + np.random.default_rng(1).normal(0, 2, (size, size, 1)), 0, 255).astype(np.uint8)
