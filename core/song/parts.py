"""Sections: where loudness and timbre of the bars before are unlike those of the bars after (after Foote 2000)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .calibration import PARTS
from .heard import Section
from .spectrum import CURVES, FRAMES, Spectrum


def sections(heard: Spectrum, bars: np.ndarray, start: float, end: float) -> tuple[Section, ...]:
    """A song's parts, in order and without gaps, from `start` to `end` s; they meet on bars.

    bars: (n,) s. start, end: of what was heard; times of `heard` begin at 0.
    """
    cuts = bars[_ends(*_bars(heard, bars))]
    edges = np.array([start, *cuts, end])
    return tuple(Section(float(a), float(b), _loudness(heard, a, b)) for a, b in pairwise(edges))


def _bars(heard: Spectrum, bars: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each bar, its loudness (n,) in dB and its timbre (n, bands) in dB beside that."""
    spans = list(zip(bars, np.append(bars[1:], bars[-1] + np.median(np.diff(bars))), strict=True))
    loudness = np.array([_loudness(heard, a, b) for a, b in spans])
    loudness = np.maximum(loudness, loudness.max() - 30)
    timbre = np.stack([_mean(heard.timbre, FRAMES, a, b) for a, b in spans]).astype(np.float64)
    return loudness, timbre - timbre.mean(1, keepdims=True)


def _mean(values: np.ndarray, rate: float, start: float, end: float) -> np.ndarray:
    first = min(int(start * rate), len(values) - 1)
    return values[first : max(first + 1, int(end * rate))].mean(0)


def _ends(loudness: np.ndarray, timbre: np.ndarray) -> list[int]:
    """Numbers of the bars that begin a new section."""
    wide, count = PARTS.window, len(loudness)
    unlike = np.zeros(count)
    for bar in range(PARTS.shortest, count - PARTS.shortest + 1):
        before, after = np.s_[max(0, bar - wide) : bar], np.s_[bar : bar + wide]
        unlike[bar] = abs(loudness[before].mean() - loudness[after].mean()) / PARTS.loud
        unlike[bar] += np.abs(timbre[before].mean(0) - timbre[after].mean(0)).mean() / PARTS.timbre
    found: list[int] = []
    for bar in np.argsort(-unlike, kind="stable"):
        if unlike[bar] < PARTS.plain:
            break
        if all(abs(bar - other) >= PARTS.shortest for other in found):
            found.append(int(bar))
    return sorted(found)


def _loudness(heard: Spectrum, start: float, end: float) -> float:
    """LUFS of a part: the mean power of what is within 10 LU of it, as BS.1770 gates it."""
    first = min(int(start * CURVES), len(heard.loudness) - 1)
    power = 10 ** (heard.loudness[first : max(first + 1, int(end * CURVES))].astype(np.float64) / 10)
    return float(10 * np.log10(power[power >= power.mean() / 10].mean()))
