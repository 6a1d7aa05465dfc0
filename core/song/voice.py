"""A voice as Wan 2.2 S2V takes it: in chunks of 80 frames, sixteen frames a second, padded to whole chunks.

Of the frames that come back the first are spoilt (the VAE codes the first frame of a clip on its own), so as many are
dropped, and the voice begins that much later: lips and sound stay together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import av
import numpy as np

from ..errors import SongError
from ..limits import SING_SECONDS, SONG_CHANNELS, SONG_RATE
from .follow import span

FPS = 16
LENGTH = 77
"""Frames that the stock nodes are asked for: 20 latent frames."""
CHUNK = 80
"""Frames of sound that they take for it: each latent frame is four."""
SPOILT = 3
"""Frames at the beginning of what is decoded that are not shown: the first latent frame stands there twice."""
_LEAD = SPOILT - 1  # of the twice decoded frame one frame comes before those that belong to the sound


@dataclass(frozen=True)
class Voice:
    """sound: (channels, n) float32 of the chosen part; padded: (channels, m), with silence before and behind, of whole
    chunks. frames: that are shown; chunks: that Wan makes."""

    sound: np.ndarray = field(repr=False)
    padded: np.ndarray = field(repr=False)
    frames: int
    chunks: int


def chunks_of(seconds: float) -> tuple[int, int]:
    """Frames that are shown of so many seconds of sound, and chunks that are made for them.

    Raises:
        SongError: too short or too long.
    """
    if not SING_SECONDS.holds(seconds):
        raise SongError(f"{seconds:.1f} s of song: {SING_SECONDS} s can be sung; choose a section, as 0:30-1:30")
    frames = round(seconds * FPS)
    return frames, math.ceil((frames + _LEAD) / CHUNK)


def fit_voice(samples: np.ndarray, rate: int, section: str = "") -> Voice:
    """Of a sound the part that is sung. samples: (channels, n) float -1..1 at `rate` a second; section: from-to in
    seconds or minutes, empty for all of it.

    Raises:
        SongError: a section that is not in it, or one that is too short or too long.
    """
    channels, count = samples.shape
    if not SONG_RATE.holds(rate) or not 1 <= channels <= SONG_CHANNELS:
        raise SongError(f"sound of {rate} Hz, {channels} channels; give {SONG_RATE} Hz, 1..{SONG_CHANNELS} channels")
    start, end = span(section, count / rate) if section.strip() else (0.0, count / rate)
    sound = np.nan_to_num(samples[:, round(start * rate) : round(end * rate)].astype(np.float32))
    frames, chunks = chunks_of(sound.shape[1] / rate)
    padded = np.zeros((channels, math.ceil(chunks * CHUNK * rate / FPS)), np.float32)
    lead = round(_LEAD * rate / FPS)
    kept = min(sound.shape[1], padded.shape[1] - lead)
    padded[:, lead : lead + kept] = sound[:, :kept]
    return Voice(sound, padded, frames, chunks)


def blocks(samples: np.ndarray, rate: int, wanted: int) -> Iterator[np.ndarray]:
    """(channels, n) float32 at `rate` -> blocks (2, m) float32 at `wanted` samples a second; one channel goes to both
    sides, and of more than two the first two are heard."""
    both = np.ascontiguousarray(samples[:2] if len(samples) > 1 else np.repeat(samples, 2, axis=0), np.float32)
    resampler = av.AudioResampler("fltp", "stereo", wanted)
    for start in range(0, both.shape[1], rate):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(both[:, start : start + rate]), "fltp", "stereo")
        frame.sample_rate = rate
        yield from (part.to_ndarray() for part in resampler.resample(frame))
    yield from (part.to_ndarray() for part in resampler.resample(None))
