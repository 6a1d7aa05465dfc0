"""Which beats begin a bar: kicks, new chords and loudness return with the metre, most of them on its first beat."""

from __future__ import annotations

import numpy as np

from .calibration import BARS, TEMPO
from .sound import RATE
from .spectrum import CHROMA_WINDOW, CURVES, FRAMES, Spectrum

METRES = (3, 4)


def first_beats(heard: Spectrum, beats: np.ndarray) -> tuple[int, int]:
    """The metre, 3 or 4, and the number of the first beat that begins a bar.

    beats: (n,) s. A song that favours neither metre is in four.
    """
    signs = _signs(heard, beats)
    metre = max(METRES, key=lambda metre: (_returns(signs, metre), metre))
    sums = [float(signs[:, phase::metre].sum(0).mean()) for phase in range(metre)]
    return metre, int(np.argmax(sums))


def _signs(heard: Spectrum, beats: np.ndarray) -> np.ndarray:
    """(3, n) float64: how loud the bass, how new the notes and how loud all is at each beat, weighted and of mean 0."""
    reach = round(TEMPO.near * FRAMES)
    near = np.round(beats * FRAMES).astype(int)[:, None] + np.arange(-reach, 2 * reach + 1)
    near = np.clip(near, 0, len(heard.power) - 1)
    quiet = heard.power.max() - BARS.quiet
    loud, low = (np.maximum(power[near].max(1), quiet) for power in (heard.power, heard.bass))
    new = _new_chords(heard.chroma, beats)
    signs = (low, BARS.low, BARS.even), (new, BARS.chord, BARS.plain), (loud, BARS.loud, BARS.even)
    return np.stack([weight * _standard(sign, loud > quiet, least) for sign, weight, least in signs])


def _standard(sign: np.ndarray, sounds: np.ndarray, least: float) -> np.ndarray:
    """Of mean 0, and of spread 1 if it spreads by `least`; 0 at beats in silence."""
    used = sign[sounds]
    return np.where(sounds, (sign - used.mean()) / max(float(used.std()), least), 0.0)


def _new_chords(chroma: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """(n,) 0..1: how unlike the notes after each beat are to those before it."""
    over = np.concatenate([np.zeros((1, 12)), np.cumsum(chroma, 0, dtype=np.float64)])
    times = np.arange(len(over)) / CURVES
    length, half = float(np.median(np.diff(beats))), CHROMA_WINDOW / RATE / 2
    shifts = (half - length, -half, half, length - half) if length > 3 * half else (-length, 0.0, 0.0, length)
    sums = np.stack([_at(over, np.interp(beats + shift, times, np.arange(len(over)))) for shift in shifts])
    before, after = sums[1] - sums[0], sums[3] - sums[2]
    scale = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    return 1 - (before * after).sum(1) / np.maximum(scale, 1e-9)


def _at(sums: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Rows of a running sum at places between rows."""
    whole = np.minimum(places.astype(int), len(sums) - 2)
    return sums[whole] + (places - whole)[:, None] * (sums[whole + 1] - sums[whole])


def _returns(signs: np.ndarray, metre: int) -> float:
    """How much of all signs returns after one bar and after two; -1..1."""
    power = float((signs**2).sum())
    lags = [lag for lag in (metre, 2 * metre) if lag < signs.shape[1] // 2]
    if not lags or power <= 0:
        return 0.0
    count = signs.shape[1]
    return float(np.mean([(signs[:, lag:] * signs[:, :-lag]).sum() / power * count / (count - lag) for lag in lags]))
