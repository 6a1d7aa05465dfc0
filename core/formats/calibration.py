"""Numbers of this room that were measured; what the measurements said is in docs/formats.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Extending:
    """Lengths are shares of the cover's shorter side."""

    band: float = 0.06
    """How deep the slope at an edge is taken from."""
    reach: float = 0.10
    """How far out that slope goes on before it levels off."""
    spread: float = 0.22
    """How wide colours run into each other along the edge, per length away from it."""
    broad: float = 0.02
    """What is larger is shape, what is smaller texture."""
    shapes_end: float = 0.16
    """How far out mirrored shapes are gone."""
    texture_end: float = 0.45
    """How far out mirrored texture is gone."""
    grain: float = 3.0
    """Times the usual texture: what stands out more is an outline, and mirrored it would be known again."""
    drift: float = 14.0
    """Grey levels that a colour drifts by at most as its slope goes on."""


@dataclass(frozen=True)
class Choosing:
    """When which way to another shape is taken."""

    trial: float = 0.10
    """Share of the side that is hidden and extended again, to see how well that goes."""
    miss: float = 12.0
    """Grey levels: mean error of broad colour in a trial, above which a ground does not go on by itself."""
    edge_subject: float = 0.22
    """Share of an edge that the subject touches, above which it would be cut there."""
    edge_varies: float = 16.0
    """Grey levels, standard deviation of broad colour along an edge, above which things are cut there: carried on they
    are streaks."""
    crop_keeps: float = 0.97
    """Share of the subject that must stay inside a crop."""
    crop_least: float = 0.55
    """Share of the cover that must stay inside a crop."""
    shrink_least: float = 0.72
    """Of the largest size at which the cover fits: smaller, and it is a stamp."""


EXTENDING, CHOOSING = Extending(), Choosing()
