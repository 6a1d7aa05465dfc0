"""What the clean plate holds to; what each was measured by is in `docs/plate.md`. Lengths are px of the cover."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rim:
    """The edge of the hole around strokes."""

    wide: int = 2
    smooth: float = 1.3
    """Grey levels of variation under which what JPEG leaves a second pixel from strokes would be seen."""


@dataclass(frozen=True)
class Seeing:
    """Taking the colour of shadow and glow out again. Opacities and trust are 0..1."""

    stroke: float = 0.93
    """Opacity of a stroke: soft edges, two px around it, are not seen through."""
    hidden: float = 0.88
    """Above it nothing of the picture shines through."""
    fewest: int = 50
    """px that shine through; fewer are not worth the search for their colour."""
    nearby: float = 24.0
    """How far the colour of a shadow or glow is averaged."""
    doubt: float = 0.1
    """How far a measured opacity may be off, at most; `doubt_share`: as a share of itself."""
    doubt_share: float = 0.3
    noise: float = 1.5
    """Grey levels of the cover's own grain."""
    trusted: float = 0.4
    """Share of a pixel that must come from what shines through; the rest is filled."""
    fine: float = 6.0
    """Variation at smaller scales is roughness; over `spread` it is averaged."""
    spread: float = 12.0


@dataclass(frozen=True)
class Trial:
    """Which filler suits the picture beside the lettering."""

    side: int = 160
    calm: float = 10.0
    """Grey levels of variation at scales under 6 px; below, there is no texture to continue."""


@dataclass(frozen=True)
class Grain:
    """The residue that a smooth fill is given."""

    ring: int = 8
    """How far around the hole grain is measured."""
    least: float = 1.0
    """Grey levels; less is not seen."""
    outlier: float = 2.5
    """Times the usual residue: more is an edge, not grain."""
    tries: int = 24
    """Shifts that are tried until each pixel has found a source outside the hole."""


RIM, SEEING, TRIAL, GRAIN = Rim(), Seeing(), Trial(), Grain()
