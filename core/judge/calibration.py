"""What words and motion are watched by; what the measurements said is in `docs/judge.md`.

A measure's own limits stand in its file of `measures/`, in its rules: they are what people are told.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Watching:
    """Words by their outlines. Grey levels; shares are 0..1."""

    side: int = 720
    """px of the shorter side that frames are looked at with."""
    window: int = 9
    """px around an edge that are compared."""
    noise: float = 2.0
    """Of grain and coding, below which nothing is told."""
    edge: float = 6.0
    """Least slope of a watched pixel, per px."""
    share_of_strongest: float = 0.35
    """The same, of the word's own strong edges."""
    alike: float = 0.75
    """Least correlation with the cover."""
    contrast: float = 0.5
    """Least part of its contrast."""
    lasting: float = 1 / 12
    """Part of the frames that a pixel must be lost in to count: what passes in front of a word (snow, a spark) is gone
    sooner."""
    fewest: int = 12
    """Watched pixels without which nothing is said."""


@dataclass(frozen=True)
class Reading:
    trust: float = 0.9
    """Of a reading on the cover, from which it is expected of every frame."""
    most: int = 12
    """Words that are read, the largest: a reading costs some tens of milliseconds, of Hangul half a second."""
    height: int = 64
    """px: lines are kept no larger; readers take 48 and 64."""
    shortest: int = 2
    """Signs: a single one is read in too many ways."""
    soft: float = 0.8
    """px: sigma of the softer view, in which a line must read the same."""
    misread: float = 0.2
    """Share of its signs by which readers differ over one and the same word."""


@dataclass(frozen=True)
class Moving:
    """What flow says is believed where these hold. Pairs are where a ramp begins and ends."""

    texture: tuple[float, float] = (0.6, 1.8)
    """Levels per px, between a plain ground with the coder's noise and one whose motion is seen."""
    swept: tuple[float, float] = (8.0, 20.0)
    """Levels, between a line of light over a plain ground and a shape that passes there."""
    light: float = 12.0
    """px: sigma of the broad light that is taken out first."""


WATCHING, READING, MOVING = Watching(), Reading(), Moving()
