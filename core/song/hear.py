"""A song -> what is heard in it. Numpy alone: the same song gives the same answer on every machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import SongError
from ..limits import SONG_SECONDS
from .bars import first_beats
from .beats import track
from .calibration import PARTS, TEMPO
from .heard import Heard
from .mood import key_of, mood_of
from .parts import sections
from .sound import RATE, Sound, read_sound, resampled
from .spectrum import CURVES, spectrum


def hear(path: str | Path, section: tuple[float, float] | None = None) -> Heard:
    """Listen to a song, or to what of it lies between two times in seconds.

    Raises:
        SongError: it cannot be read, is beyond `core/limits.py`, is silent, or has no beat that can be told.
    """
    return _heard(read_sound(path, section), str(path))


def hear_samples(samples: np.ndarray, rate: int, name: str = "song") -> Heard:
    """As `hear`, of sound that is there already. samples: (channels, n) float -1..1 at `rate` a second."""
    mono = resampled(samples, rate)
    return _heard(Sound(mono, 0.0, len(mono) / RATE), name)


def _heard(sound: Sound, name: str) -> Heard:
    seconds = len(sound.samples) / RATE
    if not SONG_SECONDS.holds(seconds):
        raise SongError(f"{name}: {seconds:.1f} s of sound; give {SONG_SECONDS} s")
    heard = spectrum(sound.samples)
    if heard.loudness.max() < PARTS.silent:
        raise SongError(f"{name}: is silent ({heard.loudness.max():.0f} LUFS at its loudest); give a song")
    beats = track(heard)
    if beats.confidence < TEMPO.least:
        raise SongError(
            f"{name}: no beat can be told in it (confidence {beats.confidence:.2f}, {TEMPO.least:g} is needed); "
            "give a section that has one"
        )
    metre, first = first_beats(heard, beats.times)
    bars = beats.times[first::metre]
    opening = heard.chroma[round(bars[0] * CURVES) :][: max(1, round(metre * 60 / beats.tempo * CURVES))]
    key, key_confidence = key_of(heard.chroma, opening)
    mood, mood_confidence = mood_of(heard, beats.tempo, key, key_confidence)
    parts = sections(heard, bars, 0.0, seconds)
    return Heard(
        seconds=sound.seconds,
        start=sound.start,
        end=sound.start + seconds,
        tempo=beats.tempo,
        metre=metre,
        beat_confidence=beats.confidence,
        beats=beats.times + sound.start,
        bars=bars + sound.start,
        sections=tuple(part.later(sound.start) for part in parts),
        rate=CURVES,
        loudness=heard.loudness,
        brightness=heard.brightness,
        key=key,
        key_confidence=key_confidence,
        mood=mood,
        mood_confidence=mood_confidence,
        title=sound.title,
        artist=sound.artist,
        cover=sound.cover,
    )
