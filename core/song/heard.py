"""What was heard in a song, as data. Times are seconds from the song's beginning, also where only a part was heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..prompt.form.answers import Mood


@dataclass(frozen=True)
class Section:
    """A part of a song that sounds alike, cut on bars. start, end: s; loudness: LUFS."""

    start: float
    end: float
    loudness: float

    def later(self, seconds: float) -> Section:
        return Section(self.start + seconds, self.end + seconds, self.loudness)


@dataclass(frozen=True)
class Heard:
    """seconds: of the whole file; start, end: of what was listened to. tempo: beats a minute; beats, bars: (n,) float64
    s, of each beat and of each first beat of a bar; metre: beats in a bar, 3 or 4. beat_confidence: 0..1, how plainly
    the beat stands out.

    loudness, brightness: (n,) float32 at `rate` a second, from `start`: LUFS over 0.4 s (ITU-R BS.1770, of the mono
    mix), and the spectral centroid in Hz. key: "A minor"; mood: a guess from sound alone; both with 0..1 of confidence.
    title, artist: of the file's tags, else "". cover: the bytes of the picture inside the file, or None.
    """

    seconds: float
    start: float
    end: float
    tempo: float
    metre: int
    beat_confidence: float
    beats: np.ndarray = field(repr=False)
    bars: np.ndarray = field(repr=False)
    sections: tuple[Section, ...]
    rate: float
    loudness: np.ndarray = field(repr=False)
    brightness: np.ndarray = field(repr=False)
    key: str
    key_confidence: float
    mood: Mood
    mood_confidence: float
    title: str = ""
    artist: str = ""
    cover: bytes | None = field(default=None, repr=False)

    @property
    def loudest(self) -> Section:
        """The first of the loudest sections."""
        return max(self.sections, key=lambda section: section.loudness)

    def to_dict(self) -> dict[str, Any]:
        """What a sidecar tells: all but curves, beats and picture."""
        return {
            "title": self.title,
            "artist": self.artist,
            "seconds": round(self.seconds, 3),
            "tempo": round(self.tempo, 3),
            "metre": self.metre,
            "beat_confidence": round(self.beat_confidence, 2),
            "first_beat": round(float(self.beats[0]), 3),
            "first_bar": round(float(self.bars[0]), 3),
            "sections": [
                {"start": round(s.start, 3), "end": round(s.end, 3), "loudness": round(s.loudness, 1)}
                for s in self.sections
            ],
            "key": self.key,
            "key_confidence": round(self.key_confidence, 2),
            "mood": self.mood,
            "mood_confidence": round(self.mood_confidence, 2),
        }
