"""Tempo and beats: a comb over the attacks' autocorrelation names periods, dynamic programming lays beats of each
(Ellis 2007), and the layer that meets the most attacks with the fewest idle beats is the beat.

A song that was played to a click gets an even grid fitted to its beats, which is exact where a bar has no attack.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .calibration import ATTACKS, TEMPO
from .spectrum import FRAMES, Spectrum

_RATIOS = (1.0, 2.0, 0.5, 3.0, 1 / 3, 1.5, 2 / 3)


@dataclass(frozen=True)
class Beats:
    """times: (n,) float64 s. tempo: beats a minute. confidence: 0..1."""

    times: np.ndarray
    tempo: float
    confidence: float


def track(heard: Spectrum) -> Beats:
    """The beats of a song; without a beat, some of confidence 0."""
    accent = cv2.GaussianBlur(heard.accent[:, None], (1, 0), sigmaX=0.1, sigmaY=1.5)[:, 0]
    layers = [_layer(accent, period) for period in _periods(accent)]
    best = max(layers, key=lambda layer: layer.score, default=None)
    if best is None or len(best.places) < 4:
        return Beats(np.zeros(0), 0.0, 0.0)
    times, length = _exact(heard.accent, best.places)
    return Beats(times, 60 / length, best.confidence)


def _periods(accent: np.ndarray) -> list[float]:
    """Likely lengths of a beat in spectra, and those that stand to them as beats of another layer would."""
    size = 1 << int(2 * len(accent) - 1).bit_length()
    power = np.abs(np.fft.rfft(accent - accent.mean(), size)) ** 2
    alike = np.fft.irfft(power)[: len(accent)]
    if alike[0] <= 0:
        return []
    alike = alike / alike[0]
    lags = 60 * FRAMES / np.geomspace(TEMPO.fastest, TEMPO.slowest, 1200)
    places = np.arange(1, TEMPO.combs + 1)[:, None] * lags
    comb = np.interp(places, np.arange(len(alike)), alike, right=0.0).mean(0)
    peaks = np.flatnonzero((comb[1:-1] > comb[:-2]) & (comb[1:-1] >= comb[2:])) + 1
    best = lags[peaks[np.argsort(-comb[peaks], kind="stable")][: TEMPO.tried]]
    low, high = 60 * FRAMES / TEMPO.fastest, 60 * FRAMES / TEMPO.slowest
    periods: list[float] = []
    for period in (lag * ratio for lag in best for ratio in _RATIOS):
        if low <= period <= high and all(abs(period / other - 1) > 0.03 for other in periods):
            periods.append(float(period))
    return periods


@dataclass(frozen=True)
class _Layer:
    """Beats of one period: places in spectra, how good they are, and how plainly they stand out (0..1)."""

    places: np.ndarray
    score: float
    confidence: float


def _layer(accent: np.ndarray, period: float) -> _Layer:
    places = _laid(accent, period)
    near = round(TEMPO.near * FRAMES)
    strong = cv2.dilate(accent[:, None], np.ones((2 * near + 1, 1), np.uint8))[:, 0]
    on = strong[places]
    plain = np.median(on[on > 0.15]) if (on > 0.15).any() else 1.0
    met = float(np.minimum(1, on / plain).mean())
    peaks = np.flatnonzero((accent[1:-1] > accent[:-2]) & (accent[1:-1] >= accent[2:]) & (accent[1:-1] > 0.1)) + 1
    away = _away(peaks, places)
    weight = accent[peaks] ** 2
    told = float(weight[away <= near].sum() / max(weight.sum(), 1e-9))
    chance = min(1.0, (2 * near + 1) / period)
    octaves = np.log2(60 * FRAMES / period / TEMPO.usual)
    likely = float(np.exp(-0.5 * (octaves / TEMPO.octaves) ** 2))
    confidence = max(0.0, (told - chance) / (1 - chance)) * met if chance < 1 else 0.0
    return _Layer(places, met * told * likely, min(1.0, confidence))


def _away(peaks: np.ndarray, places: np.ndarray) -> np.ndarray:
    right = np.clip(np.searchsorted(places, peaks), 1, len(places) - 1)
    return np.minimum(np.abs(peaks - places[right - 1]), np.abs(places[right] - peaks))


def _laid(accent: np.ndarray, period: float) -> np.ndarray:
    """Beats about `period` spectra apart that meet the strongest attacks, from the song's beginning to its end."""
    low, high = round(period / 1.6), round(period * 1.6)
    steps = np.arange(high, low - 1, -1)
    cost = TEMPO.tight * np.log(steps / period) ** 2
    count = len(accent)
    total, back = np.zeros(count + high), np.full(count, -1)  # total[0] is `high` spectra before the song
    for at in range(0, count, low):  # what a beat follows lies at least `low` before it, so so many are done at once
        end = min(count, at + low)
        before = np.lib.stride_tricks.sliding_window_view(total[at : end + high - low], len(steps)) - cost
        best = before.argmax(1)
        gain = before[np.arange(end - at), best]
        total[at + high : end + high] = accent[at:end] * np.float32(10) + np.maximum(gain, 0)
        back[at:end] = np.where(gain > 0, np.arange(at, end) - steps[best], -1)
    tail = max(0, count - round(period * 1.5))
    places = [tail + int(total[high + tail :].argmax())]
    while back[places[-1]] >= 0:
        places.append(int(back[places[-1]]))
    return np.array(places[::-1])


def _exact(accent: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, float]:
    """Times of beats and the length of one, s: each at the middle of its attack, or on an even grid over the whole song
    if most lie on one."""
    reach = round(TEMPO.middle * FRAMES)
    near = np.clip(places[:, None] + np.arange(-reach, reach + 1), 0, len(accent) - 1)
    weight = accent[near] ** 2
    mass = weight.sum(1)
    times = np.where(mass > 0, (weight * near).sum(1) / np.maximum(mass, 1e-9), places) / FRAMES - ATTACKS.late
    sure = mass >= 0.25 * np.median(mass)
    numbers = np.concatenate([[0], np.cumsum(np.maximum(1, np.round(np.diff(times) / np.median(np.diff(times)))))])
    slope, start, off = _line(numbers, times, sure)
    if np.median(np.abs(off[sure])) > TEMPO.steady:
        return times, slope
    first, last = np.ceil(-start / slope), np.floor((len(accent) / FRAMES - start) / slope)
    return start + slope * np.arange(first, last + 1), slope


def _line(numbers: np.ndarray, times: np.ndarray, sure: np.ndarray) -> tuple[float, float, np.ndarray]:
    """The even grid through most of the times: length, start, and how far each time is off it."""
    used = sure
    slope, start = np.polyfit(numbers, times, 1)
    for _ in range(5):
        if used.sum() >= 4:
            slope, start = np.polyfit(numbers[used], times[used], 1)
        off = times - (start + slope * numbers)
        used = sure & (np.abs(off) <= max(0.01, 2.5 * float(np.median(np.abs(off[sure])))))
    return float(slope), float(start), times - (start + slope * numbers)
