"""Steady tone: flashes, flicker and colour drift of a clip taken out, without a new flicker of its own.

Tone is measured in the dark, middle and bright third of the picture, lettering left out: as medians of pixel
differences (a thing that appears changes few pixels, an exposure change all) and as means of each frame's own thirds
(which motion leaves alone). (Matching the mean and spread of every frame on its own, as common colour-match nodes do,
follows the content and flickers.)
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..errors import ClipError
from ..pixels import resized
from .calibration import TONING
from .seen import halved


@dataclass(frozen=True)
class Tone:
    """What was done. Grey levels; each the largest over frames, thirds and channels."""

    flicker_removed: float
    drift_removed: float
    cover_offset: float


def tone_match(
    frames: np.ndarray, *, cover: np.ndarray | None = None, lettering: np.ndarray | None = None
) -> tuple[np.ndarray, Tone]:
    """Take out flashes, flicker and drift; with a cover, bring frame 0 and with it the whole clip to its tone.

    frames: (N, H, W, 3) uint8. cover: (h, w, 3) uint8 of the same aspect. lettering: (h, w) float 0..1, left out.
    Returns new frames (the same array when nothing had to change) and what was done.

    Raises:
        ClipError: frames of another shape or dtype.
    """
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8:
        raise ClipError(f"frames are {frames.dtype} {frames.shape}; they must be (N, H, W, 3) uint8")
    size = _small_size(frames.shape[1:3])
    small = np.stack([_small(frame, size) for frame in frames])
    keep = np.ones(size[::-1], bool)
    if lettering is not None:
        keep = _small(lettering, size) < TONING.lettered
        keep = keep if keep.mean() > TONING.lettered else np.ones_like(keep)
    pixels = small[:, keep]
    levels, thirds = _thirds(pixels)

    shifts = np.zeros((len(frames), 3, 3), np.float32)  # frame, third, channel: to be added
    if len(frames) >= TONING.fewest:
        shifts += _flicker_shifts(pixels, thirds)
    flicker = float(np.abs(shifts).max())
    steady = _shifted(pixels, levels, shifts)
    drift = _drift_shifts(steady) if len(frames) >= TONING.fewest else np.zeros_like(shifts)
    offset = np.zeros((3, 3), np.float32)
    if cover is not None:
        target = _small(cover, size)[keep]
        offset = _medians(target - steady[0], thirds)
    total = shifts + drift + offset
    done = Tone(flicker, float(np.abs(drift).max()), float(np.abs(offset).max()))
    if np.abs(total).max() < TONING.seen:
        return frames, done
    return np.stack([shift(frame, levels, by) for frame, by in zip(frames, total, strict=True)]), done


def _small_size(shape: tuple[int, ...]) -> tuple[int, int]:
    scale = min(1.0, TONING.side / min(shape))
    return max(8, round(shape[1] * scale)), max(8, round(shape[0] * scale))


def _small(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Reduced in stages, the last in float: whole levels would be too coarse for medians."""
    between = min(picture.shape[1], 4 * size[0]), min(picture.shape[0], 4 * size[1])
    reduced = resized(halved(picture, min(between)), *between)
    return cv2.resize(reduced.astype(np.float32), size, interpolation=cv2.INTER_AREA)


def _thirds(pixels: np.ndarray) -> tuple[np.ndarray, list[list[np.ndarray]]]:
    """(3, 3) mean level of each third and channel, and for each third and channel the indices of its pixels."""
    mean = pixels.mean(0)
    levels, members = np.empty((3, 3), np.float32), []
    for third in range(3):
        row = []
        for channel in range(3):
            order = np.argsort(mean[:, channel], kind="stable")
            chosen = np.array_split(order, 3)[third]
            levels[third, channel] = mean[chosen, channel].mean()
            row.append(chosen)
        members.append(row)
    return levels, members


def _own_thirds(frame: np.ndarray) -> np.ndarray:
    """(K, 3) pixels -> (3, 3) mean of the darkest, middle and brightest third of each channel; motion changes none."""
    return np.stack([part.mean(0) for part in np.array_split(np.sort(frame, axis=0), 3)])


def _medians(change: np.ndarray, thirds: list[list[np.ndarray]]) -> np.ndarray:
    """(K, 3) change of each pixel -> (3, 3) median of each third and channel."""
    return np.array([[np.median(change[thirds[t][c], c]) for c in range(3)] for t in range(3)], np.float32)


def _course(tone: np.ndarray) -> np.ndarray:
    """(N, M) tones over time -> their smooth course: local parabolas through 21 frames.

    A frame counts less the further off it is (Cauchy weights), so that a flash or a flickering frame has hardly a say.
    At the ends, where all 21 lie to one side, they count more evenly, or the parabola would follow a flash of a few
    frames; frame 0, which shows the cover, is always believed.
    """
    count = len(tone)
    width = min(TONING.course, count)
    course = np.empty_like(tone)
    for t in range(count):
        first = int(np.clip(t - width // 2, 0, count - width))
        times = (np.arange(first, first + width) - t) / TONING.near
        values = tone[first : first + width]
        basis = np.stack([np.ones(width), times, times**2], axis=1)
        aside = abs(first + width // 2 - t)
        near = np.exp(-0.5 * (times / (1 + aside / TONING.near)) ** 2)[:, None] * np.ones_like(values)
        if first == 0:
            near[0] = TONING.first
        weight = near
        fit = np.zeros((values.shape[1], 3))
        for spread in (None, *TONING.outlier):
            left = np.einsum("ki,km,kj->mij", basis, weight, basis) + 1e-6 * np.eye(3)
            right = np.einsum("ki,km,km->mi", basis, weight, values)
            fit = np.linalg.solve(left, right[..., None])[..., 0]
            if spread:
                weight = near / (1 + ((values - basis @ fit.T) / spread) ** 2)
                weight[0] = near[0] if first == 0 else weight[0]
        course[t] = fit[:, 0]
    return course


def _flicker_shifts(pixels: np.ndarray, thirds: list[list[np.ndarray]]) -> np.ndarray:
    """What leads from each frame's tone to its smooth course over time, without a change to frame 0.

    Two measures must agree, and the smaller counts: medians of differences are moved by fine texture that moves far, a
    frame's own thirds by a thing that appears.
    """
    mean = pixels.mean(0)
    found = []
    for measured in ([_medians(frame - mean, thirds) for frame in pixels], [_own_thirds(frame) for frame in pixels]):
        tone = np.stack(measured).reshape(len(pixels), 9).astype(np.float64)
        found.append(_course(tone) - tone)
    agreed = np.where(found[0] * found[1] > 0, np.sign(found[0]) * np.minimum(*np.abs(found)), 0)
    if np.abs(agreed).max() <= TONING.flicker:
        return np.zeros((len(pixels), 3, 3), np.float32)
    return (agreed - agreed[:1]).reshape(-1, 3, 3).astype(np.float32)


def _drift_shifts(pixels: np.ndarray) -> np.ndarray:
    """A steady one-way change of tone, undone: only where a parabola explains it and it does not come back."""
    tones = np.stack([_own_thirds(frame) for frame in pixels]).reshape(len(pixels), 9)
    time = np.linspace(0, 1, len(pixels))
    fits = np.polynomial.polynomial.polyfit(time, tones, 2)
    fitted = np.polynomial.polynomial.polyval(time, fits).T
    left = ((tones - fitted) ** 2).sum(0)
    explained = 1 - left / np.maximum(((tones - tones.mean(0)) ** 2).sum(0), 1e-6)
    gone = np.abs(fitted[-1] - fitted[0])
    drifts = (explained > TONING.trust) & (gone > np.maximum(TONING.drift, TONING.one_way * np.ptp(fitted, axis=0)))
    drifts &= gone.max() < TONING.fade
    return np.where(drifts, fitted[0] - fitted, 0).reshape(-1, 3, 3).astype(np.float32)


def _shifted(pixels: np.ndarray, levels: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    out = pixels.copy()
    for i, by in enumerate(shifts):
        for c in range(3):
            out[i, :, c] += np.interp(pixels[i, :, c], levels[:, c], by[:, c])
    return out


def shift(frame: np.ndarray, levels: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Shift a frame's tone: by[third, channel] grey levels at levels[third, channel], linear between, flat outside.

    frame: (H, W, 3) uint8; levels, by: (3, 3) float. Returns (H, W, 3) uint8.
    """
    every = np.arange(256, dtype=np.float32)
    table = np.stack([every + np.interp(every, levels[:, c], by[:, c]) for c in range(3)], axis=1)
    return cv2.LUT(frame, np.clip(np.round(table), 0, 255).astype(np.uint8)[None])


def join_shift(
    before: np.ndarray, last: np.ndarray, first: np.ndarray, after: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How much tone is missing at a join beyond its natural change: (levels, shifts), each (3, 3), for `shift`.

    before, last | first, after: the two frames on each side, (H, W, 3) uint8.
    """
    size = _small_size(last.shape[:2])
    pixels = np.stack([_small(frame, size).reshape(-1, 3) for frame in (before, last, first, after)])
    levels, thirds = _thirds(pixels)
    natural = (_medians(pixels[1] - pixels[0], thirds) + _medians(pixels[3] - pixels[2], thirds)) / 2
    return levels, _medians(pixels[2] - pixels[1], thirds) - natural
