"""What an encode holds to; what each was measured by is in `docs/video.md`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finer:
    """How much finer than asked a clip is coded: noise is seen against motion, and averaged over pixels. In crf, of
    which 6 halve the coding noise."""

    frames: int = 9
    """The first ones, whose steps say how calm the clip is."""
    step: float = 1.0
    """Grey levels at 256 px, for each halving of which 6 finer."""
    stillest: float = 0.05
    nearly_still: float = 0.03
    """Grey levels at 256 px, under which the coder's own steps are larger than the clip's."""
    calm_most: int = 5
    very_calm: float = 0.25
    """Grey levels at 256 px, under which it may be this much finer:"""
    very_calm_most: int = 9
    side: int = 720
    """px of the shorter side, for each halving of which 6 finer."""
    least: int = 8
    """No calm or small clip is coded finer than this; what is asked for may be."""


FINER = Finer()
