"""From samples to what is heard over time: attacks in three ranges, loudness, brightness, chroma.

Attacks are rises of a compressed mel spectrum against its neighbours of a moment before (SuperFlux, Boeck and Widmer
2013), so that vibrato is none; loudness is ITU-R BS.1770's, its filter put on the spectrum.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .calibration import ATTACKS
from .sound import RATE

FRAMES = RATE / ATTACKS.hop
"""Spectra a second."""
CURVES = 10.0
"""Values a second of the curves that are told."""
_BLOCK = 4096
CHROMA_WINDOW = 4096


@dataclass(frozen=True)
class Spectrum:
    """low, middle, high: (n,) float32 attacks at `FRAMES` a second, 1 is a plain one. timbre: (n, bands), power and
    bass: (n,) float32 dB, of each band, of all and of what is low. loudness: (m,) LUFS and brightness: (m,) Hz at
    `CURVES` a second. chroma: (m, 12) float32 at `CURVES` a second."""

    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray
    timbre: np.ndarray
    power: np.ndarray
    bass: np.ndarray
    loudness: np.ndarray
    brightness: np.ndarray
    chroma: np.ndarray

    @property
    def accent(self) -> np.ndarray:
        """Attacks that may be beats."""
        return self.low + self.middle + np.float32(0.35) * self.high


def spectrum(samples: np.ndarray) -> Spectrum:
    """samples: (n,) float32 mono at `RATE`."""
    frequencies = np.fft.rfftfreq(ATTACKS.window, 1 / RATE)
    mel, centres = _mel(frequencies)
    scale = 2 / (ATTACKS.window * np.sum(np.hanning(ATTACKS.window) ** 2))  # from squared bins to mean squares
    weights = (_k_weight(frequencies) * scale).astype(np.float32)
    lowest = frequencies <= ATTACKS.low
    bands, power, bright, bass = [], [], [], []
    for spectra in _spectra(samples, ATTACKS.window, ATTACKS.hop):
        bands.append(spectra @ mel)
        power.append(spectra @ weights)
        bass.append(spectra[:, lowest].sum(1))
        bright.append(np.stack([spectra @ frequencies.astype(np.float32), spectra.sum(1)]))
    banded, loud, centroid = np.concatenate(bands), np.concatenate(power), np.concatenate(bright, 1)
    low, middle, high = _attacks(banded, centres)
    return Spectrum(
        low,
        middle,
        high,
        10 * np.log10(np.maximum(banded, banded.max() * np.float32(1e-6)) + np.float32(1e-9)),
        _decibels(centroid[1]),
        _decibels(np.concatenate(bass)),
        (-0.691 + 10 * np.log10(_curve(loud) + 1e-10)).astype(np.float32),
        (_curve(centroid[0]) / np.maximum(_curve(centroid[1]), 1e-9)).astype(np.float32),
        _chroma(samples),
    )


def _decibels(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(power + np.float32(1e-9))


def _spectra(samples: np.ndarray, window: int, hop: int):
    """Power spectra, (k, bins) float32 block by block; the i-th is centred on sample i * hop."""
    padded = np.pad(samples, (window // 2, window))
    shape = np.hanning(window).astype(np.float32)
    count = len(samples) // hop + 1
    views = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop][:count]
    for at in range(0, count, _BLOCK):
        spectra = np.fft.rfft(views[at : at + _BLOCK] * shape)
        yield (spectra.real**2 + spectra.imag**2).astype(np.float32)


def _mel(frequencies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(bins, bands) float32 triangles of equal width in mel, each of sum 1, and the bands' centres in Hz."""

    def mel(hertz):
        return 2595 * np.log10(1 + np.asarray(hertz) / 700)

    edges = np.linspace(mel(ATTACKS.lowest), mel(ATTACKS.highest), ATTACKS.bands + 2)
    places = mel(frequencies)[:, None]
    rise, fall = (places - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - places) / np.diff(edges)[1:]
    shapes = np.clip(np.minimum(rise, fall), 0, None)
    empty = shapes.sum(0) == 0  # narrower than a bin: take the nearest
    shapes[np.abs(places - edges[1:-1]).argmin(0)[empty], np.flatnonzero(empty)] = 1
    return (shapes / shapes.sum(0)).astype(np.float32), 700 * (10 ** (edges[1:-1] / 2595) - 1)


def _k_weight(frequencies: np.ndarray) -> np.ndarray:
    """Power gain of BS.1770's two filters, by their analogue shapes: +4 dB above 1.7 kHz, a high-pass at 38 Hz."""
    s = 1j * np.maximum(frequencies, 1e-3)
    shelf, gain, quality = 1682.0, 10 ** (4.0 / 20), 0.7072
    middle = gain**0.4997
    lift = (gain * (s / shelf) ** 2 + middle * (s / shelf) / quality + 1) / (
        (s / shelf) ** 2 + (s / shelf) / quality + 1
    )
    cut = (s / 38.135) ** 2 / ((s / 38.135) ** 2 + (s / 38.135) / 0.5003 + 1)
    return np.abs(lift * cut) ** 2


def _attacks(banded: np.ndarray, centres: np.ndarray) -> list[np.ndarray]:
    """Rises in the three ranges, each as a share of that range's plain attacks."""
    loud = np.percentile(banded, 98, axis=0).max()
    level = np.log1p(banded / np.float32(max(float(loud), 1e-9) * ATTACKS.floor))
    before = cv2.dilate(level, np.ones((1, 3), np.uint8))
    rise = np.zeros_like(level)
    rise[ATTACKS.back :] = np.maximum(0, level[ATTACKS.back :] - before[: -ATTACKS.back])
    ranges = (centres <= ATTACKS.low, (centres > ATTACKS.low) & (centres < ATTACKS.high), centres >= ATTACKS.high)
    return [_scaled(rise[:, chosen].mean(1)) for chosen in ranges]


def _scaled(rise: np.ndarray) -> np.ndarray:
    """Without what is always there, and 1 for a plain attack; 0 where a range has none."""
    width = round(1.5 * FRAMES) | 1
    clean = np.maximum(0, rise - cv2.blur(rise[:, None], (1, width))[:, 0])
    peaks = clean[1:-1][(clean[1:-1] > clean[:-2]) & (clean[1:-1] >= clean[2:]) & (clean[1:-1] > 0.02)]
    plain = float(np.percentile(peaks, 80)) if len(peaks) else 0.0
    return np.minimum(clean / max(plain, 0.05), 2).astype(np.float32)


def _curve(values: np.ndarray) -> np.ndarray:
    """Means over 0.4 s, `CURVES` a second."""
    smooth = cv2.blur(values.astype(np.float64)[:, None], (1, round(0.4 * FRAMES) | 1), borderType=cv2.BORDER_REPLICATE)
    return np.interp(np.arange(0, len(values) / FRAMES, 1 / CURVES), np.arange(len(values)) / FRAMES, smooth[:, 0])


def _chroma(samples: np.ndarray) -> np.ndarray:
    """(m, 12) float32: how strong each note is, from 90 to 2000 Hz, C first."""
    frequencies = np.fft.rfftfreq(CHROMA_WINDOW, 1 / RATE)
    inside = (frequencies > 90) & (frequencies < 2000)
    notes = 69 + 12 * np.log2(frequencies[inside] / 440)
    nearest = np.round(notes)
    weights = np.zeros((len(frequencies), 12), np.float32)
    weights[np.flatnonzero(inside), nearest.astype(int) % 12] = np.exp(-0.5 * ((notes - nearest) / 0.25) ** 2)
    return np.concatenate(
        [np.sqrt(spectra) @ weights for spectra in _spectra(samples, CHROMA_WINDOW, round(RATE / CURVES))]
    )
