"""Songs made from a seed, with their truth: where each beat and bar is, what is loud, which key.

    made = make(tempo=93, metre=3, seed=4)      drums, bass and chords, with verses and a louder chorus
    made = clicks(tempo=93, metre=3)            a metronome that accents the first beat of a bar

Played as bands play such songs: kick on one (and three), snare on two and four (on two and three in three-four time),
hi-hat on eighths, a chord a bar. `loose` shifts every hit by up to so many seconds; `drift` lets the tempo wander.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 22050
_MAJOR, _MINOR = (0, 4, 7), (0, 3, 7)
_TURNS = (  # semitones from the key note, chord
    ((0, _MAJOR), (9, _MINOR), (5, _MAJOR), (7, _MAJOR)),
    ((0, _MINOR), (8, _MAJOR), (3, _MAJOR), (10, _MAJOR)),
)
NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass(frozen=True)
class Made:
    """sound: (n,) float32 at RATE. beats, bars: seconds, of each beat and of each first beat of a bar. chorus: seconds
    from .. to of the loud part."""

    sound: np.ndarray = field(repr=False)
    tempo: float
    metre: int
    beats: np.ndarray = field(repr=False)
    bars: np.ndarray = field(repr=False)
    key: str = ""
    chorus: tuple[float, float] = (0.0, 0.0)


def clicks(tempo: float, metre: int, seconds: float = 30.0, start: float = 0.2) -> Made:
    """A metronome: 5 ms of 1500 Hz on the first beat of a bar, of 1000 Hz on the others."""
    beats = start + np.arange(int((seconds - start) * tempo / 60)) * 60 / tempo
    sound = np.zeros(round(seconds * RATE), np.float32)
    t = np.arange(round(0.03 * RATE)) / RATE
    for number, beat in enumerate(beats):
        first = number % metre == 0
        _put(
            sound, beat, (0.8 if first else 0.5) * np.sin(2 * np.pi * (1500 if first else 1000) * t) * np.exp(-t / 6e-3)
        )
    return Made(sound, tempo, metre, beats, beats[::metre])


def make(
    tempo: float, metre: int = 4, seed: int = 0, seconds: float = 40.0, loose: float = 0.004, drift: float = 0.0
) -> Made:
    """A song of verse, chorus and verse. drift: the tempo wanders by this share of itself."""
    random = np.random.default_rng([seed, metre, round(tempo * 100)])
    start = float(random.uniform(0.1, 0.9))
    count = int((seconds - start - 0.5) * tempo / 60) // metre * metre
    lengths = 60 / tempo * (1 + drift * np.sin(2 * np.pi * (np.arange(count) / count * 2 + random.uniform())))
    beats = start + np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    minor, note = int(random.integers(2)), int(random.integers(12))
    bars = count // metre
    loud = range(bars // 3, bars // 3 * 2)
    sound = np.zeros(round(seconds * RATE), np.float32)
    tools = _Kit(random)
    syncopated = random.uniform() < 0.5
    for bar in range(bars):
        full = bar in loud
        semitones, chord = _TURNS[minor][bar % 4]
        root = 48 + (note + semitones) % 12
        at = bar * metre
        ends = beats[at + metre] if at + metre < count else beats[at] + metre * 60 / tempo
        _put(sound, beats[at], tools.pad(root, chord, ends - beats[at]) * (0.16 if full else 0.1))
        for step in range(metre * 2):
            beat, half = at + step // 2, step % 2
            when = beats[beat] + half * lengths[beat] / 2 + random.uniform(-loose, loose)
            volume = 1.0 if full else 0.55
            if not half:
                place = step // 2
                if place == 0 or (metre == 4 and place == 2):
                    _put(sound, when, tools.kick * 0.8 * volume)
                if (metre == 4 and place in (1, 3)) or (metre == 3 and place in (1, 2)):
                    _put(sound, when, tools.snare * (0.5 if metre == 4 else 0.3) * volume)
                if place == 0 or random.uniform() < 0.4:
                    _put(sound, when, tools.bass(root - 12, lengths[beat] * 0.9) * 0.3 * volume)
            elif syncopated and metre == 4 and step == 5 and random.uniform() < 0.6:
                _put(sound, when, tools.kick * 0.5 * volume)
            _put(sound, when, tools.hat * (0.12 if half else 0.18) * volume * random.uniform(0.7, 1))
    sound += random.normal(0, 5e-4, len(sound)).astype(np.float32)
    key = NOTES[note] + (" minor" if minor else " major")
    sound /= max(1.0, float(np.abs(sound).max()))
    chorus = (float(beats[loud.start * metre]), float(beats[loud.stop * metre]))
    return Made(sound, tempo, metre, beats, beats[::metre], key, chorus)


class _Kit:
    """The instruments; each a short sound at full volume."""

    def __init__(self, random: np.random.Generator) -> None:
        t = np.arange(round(0.25 * RATE)) / RATE
        self.kick = np.sin(2 * np.pi * (50 * t + 4 * (1 - np.exp(-t / 0.025)))) * np.exp(-t / 0.09)
        self.snare = (0.6 * random.normal(size=len(t)) + np.sin(2 * np.pi * 190 * t)) * np.exp(-t / 0.06)
        noise = np.diff(random.normal(size=len(t) + 1))
        self.hat = noise * np.exp(-t / 0.02)

    def bass(self, note: int, seconds: float) -> np.ndarray:
        t = np.arange(round(seconds * RATE)) / RATE
        tone = sum(np.sin(2 * np.pi * _hertz(note) * k * t) / k for k in (1, 2, 3))
        return tone * np.minimum(1, t / 0.008) * np.exp(-t / 0.5)

    def pad(self, root: int, chord: tuple[int, ...], seconds: float) -> np.ndarray:
        t = np.arange(round(seconds * RATE)) / RATE
        rises = np.minimum(1, np.minimum(t / 0.06, (seconds - t) / 0.06))
        notes = (root + 12 + step for step in (*chord, 12))
        return sum(np.sin(2 * np.pi * _hertz(n) * k * t) / k**2 for n in notes for k in (1, 2, 3, 4)) * rises


def _hertz(note: int) -> float:
    return 440 * 2 ** ((note - 69) / 12)


def _put(sound: np.ndarray, when: float, what: np.ndarray) -> None:
    at = max(0, round(when * RATE))
    room = sound[at : at + len(what)]
    room += what[: len(room)].astype(np.float32)


_CODECS = {".wav": "pcm_s16le", ".flac": "flac", ".mp3": "libmp3lame", ".m4a": "aac", ".ogg": "libopus"}


def write(path: Path, sound: np.ndarray, **tags: str) -> Path:
    """Write mono sound at RATE as a stereo file, of the kind that the name's ending says."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream(_CODECS[path.suffix], rate=48000, layout="stereo")
        file.metadata.update(tags)
        frame = av.AudioFrame.from_ndarray((np.clip(sound, -1, 1) * 32767).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        coder = stream.codec_context
        coder.open()
        resampler = av.AudioResampler(coder.format, "stereo", 48000, frame_size=coder.frame_size or 4096)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return path
