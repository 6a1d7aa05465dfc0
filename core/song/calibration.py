"""What listening goes by. Fitted on made songs (`benchmarks/song.py`); `docs/song.md` has what was measured.

Times in seconds where nothing else is said.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attacks:
    """How the beginning of a sound is told."""

    window: int = 1024
    """Samples of one spectrum."""
    hop: int = 220
    """Samples from one to the next: 100.2 a second."""
    bands: int = 48
    lowest: float = 30.0
    """Hz."""
    highest: float = 10_000.0
    floor: float = 1e-3
    """Of the loud bands' power: below it nothing begins."""
    back: int = 2
    """Spectra that a rise is measured over."""
    low: float = 160.0
    """Hz up to which a sound is a kick or a bass."""
    high: float = 3500.0
    """Hz from which it is a hi-hat: it marks time, and rarely the beat."""
    late: float = 0.0
    """How much later than the attack its rise is seen."""


@dataclass(frozen=True)
class Tempo:
    slowest: float = 52.0
    fastest: float = 210.0
    """Beats a minute."""
    usual: float = 112.0
    octaves: float = 1.0
    """How far from the usual tempo, as a standard deviation, one is still likely."""
    combs: int = 8
    """Beats ahead that a period must hold."""
    tried: int = 6
    near: float = 0.04
    """From a beat, an attack is on it."""
    middle: float = 0.03
    """On each side of a beat, the attack whose middle it is at."""
    steady: float = 0.02
    """Median distance of beats from an even grid up to which the song was played to a click."""
    tight: float = 120.0
    """How much a beat off the tempo costs (Ellis 2007)."""
    least: float = 0.45
    """Confidence below which there is no beat."""


@dataclass(frozen=True)
class Bars:
    low: float = 1.0
    chord: float = 1.0
    loud: float = 0.5
    """Weights of a loud bass, a new chord and a loud moment as signs of a bar's first beat."""
    quiet: float = 40.0
    """dB under the loudest moment: what is softer says nothing."""
    even: float = 2.0
    plain: float = 0.1
    """dB of loudness, and unlikeness of notes (0..1), that beats differ by where a sign says something."""


@dataclass(frozen=True)
class Parts:
    silent: float = -60.0
    """LUFS that some part of a song exceeds."""
    shortest: int = 4
    """Bars of a section."""
    window: int = 4
    """Bars compared on each side of where one may end."""
    loud: float = 6.0
    timbre: float = 10.0
    """dB of loudness, and dB of each band's share, that make two parts unlike by 1."""
    plain: float = 0.6
    """How unlike both sides of an end must be."""


@dataclass(frozen=True)
class Keys:
    alike: float = 0.08
    same_notes: float = 0.3
    """Differences of two correlations up to which keys fit alike, and those of the same notes do."""
    margin: float = 3.0
    """A key that fits better by one in so many is sure."""


@dataclass(frozen=True)
class Moods:
    """What is neither lively nor slow, neither bright nor dull."""

    tempo: float = 105.0
    """Beats a minute."""
    bright: float = 2000.0
    """Hz of the spectral centroid."""
    attacks: float = 0.05
    """Share of time that an attack takes."""


@dataclass(frozen=True)
class Follows:
    softer: float = 20.0
    """LU by which a beat must be softer than the loudest for a tenth of its accent."""
    threes: tuple[float, float, float] = (1.0, 0.75, 0.75)
    fours: tuple[float, float, float, float] = (1.0, 0.75, 0.85, 0.75)
    """Accents of the beats of a bar that is loud throughout."""
    least: float = 0.5
    louder: float = 20.0
    """LU over the song's usual loudness that double what moves."""
    calm: float = 0.7
    alive: float = 1.3


ATTACKS, TEMPO, BARS, PARTS, KEYS, MOODS, FOLLOWING = Attacks(), Tempo(), Bars(), Parts(), Keys(), Moods(), Follows()
