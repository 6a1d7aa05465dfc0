"""What closing holds to. Steps are told as ratios to the usual (median) step; `docs/loop.md` has what was measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Still:
    """When a clip has no motion to close."""

    departs: float = 0.2
    """Grey levels at 48 px that a spot must depart from its median over time, on average."""
    percentile: float = 99.7
    """Of all spots: motion of one in three hundred is motion."""


@dataclass(frozen=True)
class Steps:
    """When a step is not one like the others."""

    join: float = 1.3
    """A join that is larger, and larger than both steps beside it, gets in-betweens; below, one more picture would make
    a stall of the two halves."""
    hole: float = 1.6
    """A step elsewhere that is larger, and larger than those around it, gets them, too."""
    stall: float = 0.15
    goes_on: float = 0.4
    """Motion on both sides of a stall that is at least this fast does not rest there by itself."""


@dataclass(frozen=True)
class Cutting:
    """What a cut costs, in steps of mismatch."""

    shorter: float = 2.0
    """For shortening to nothing."""
    off_length: float = 0.15
    """For each frame away from the wanted length, where it need not be met."""
    turning: float = 1.5
    """For each step that the way across the join turns from the motion on both sides."""
    far: float = 0.06
    """For each further step that in-betweens must cover: they are never as good as frames."""
    uneven: float = 2.0
    """For each octave that the steps of in-betweens are off the usual one, over `pace_free`."""
    pace_free: float = 0.1
    least: float = 0.6
    """Of the clip must stay, where no length is wanted."""
    tried: int = 3
    """Cuts that are closed as small previews before one is chosen."""
    preview: int = 160
    """px of the shorter side of such a preview."""
    like_others: float = 1.3
    """Times the turns of motion elsewhere (p95) that the join of a clip that closes as it is may have."""


@dataclass(frozen=True)
class Filling:
    most_share: float = 0.45
    """Of the loop, in-betweens at the join; 8 of them in any case."""
    dissolve: float = 1.5
    """A way that is this much longer on blurred pictures than its in-betweens cover is no motion: pictures dissolve."""
    dissolve_speed: float = 0.65


@dataclass(frozen=True)
class Local:
    """A jump of part of the picture."""

    grid: int = 12
    """Tiles along the shorter side."""
    jump: float = 2.5
    """Times a tile's own usual step."""
    sudden: float = 1.5
    """Times what the tile and those beside it do one step before and after."""
    calm: float = 1.3
    """Times the usual step that the rest of the picture makes at most; more, and it is no jump of a part."""
    least_step: float = 0.6
    """Grey levels: a tile that changes less is not seen to jump."""
    largest_share: float = 0.5
    """Of the picture; more of it is no local jump."""
    window: int = 12
    """Most steps that its in-betweens are spread over."""


@dataclass(frozen=True)
class Own:
    """A part that goes its own way, since in-betweens blur it."""

    lost: float = 0.2
    """Of its detail."""
    shows: float = 0.03
    """Of the whole picture's detail that is lost with it."""
    reach: int = 4
    """Tiles around it that it may need."""
    border: float = 0.6
    """Of how far its ways and the ring's frames are apart within it, they may be at its border."""
    one_way: float = 0.5
    """Of its motion, 0..1, more of which in one direction is a stream and does not turn back."""
    jump: float = 2.5
    """Times its usual step that no step of it may be larger than."""
    uneven: float = 1.45
    """Times the usual step that no step of the whole picture may be larger than with it."""


@dataclass(frozen=True)
class Toning:
    """When a tone is corrected. Grey levels, but for shares (0..1) and numbers of frames."""

    side: int = 96
    """px of the shorter side that tone is measured at."""
    lettered: float = 0.05
    """Opacity of lettering from which a pixel is left out, and the share of pixels that must be left."""
    fewest: int = 8
    """Frames in which a course can be seen."""
    course: int = 21
    """Frames that the smooth course is taken over, and `near`: those that count most."""
    near: float = 5.0
    first: float = 4.0
    """How much more than others frame 0 counts: it shows the cover."""
    outlier: tuple[float, ...] = (4.0, 2.0, 1.0, 0.5, 0.3, 0.3)
    """Off the course, in rounds, at which a frame counts half."""
    flicker: float = 0.6
    """Off the smooth course that some frame must be for anything to be corrected."""
    drift: float = 1.0
    one_way: float = 0.7
    """Share of its range that a drift must have gone at the end."""
    fade: float = 30.0
    """What goes further is no drift but a fade, and is left as it is, for the cut to leave out."""
    trust: float = 0.8
    """Share of the tone's course that a parabola must explain to be called drift rather than moving light."""
    seen: float = 0.25
    """Less is not worth a change."""
    at_join: tuple[float, float] = (0.5, 12.0)
    """What a join may lack: less is not seen, more is not tone."""


STILL, STEPS, CUTTING, FILLING, LOCAL, OWN, TONING = Still(), Steps(), Cutting(), Filling(), Local(), Own(), Toning()
