"""What a clip must hold to, to be trained on; `docs/training.md` has what was measured. Grey levels are of 255."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """How a source is looked at."""

    side: int = 128
    """Shorter side, px, of the pictures that are measured."""
    seconds: float = 60.0
    """Of a source, from its start; what comes later is told and left."""
    held: int = 400_000_000
    """Bytes of decoded pictures of a source that are held until it is known which are wanted: 5 s of 1920x1080. Of
    more, none is, and the source is decoded once again."""
    border_looks: int = 5
    """Pictures over time in which bars must be the same to be cut off."""
    border_deepest: float = 0.24
    """Of the shorter side: 4:3 inside of 16:9 has bars of 0.22."""
    picture: float = 8.0
    """Mean grey level from which a picture can tell its bars: black ones have none."""


@dataclass(frozen=True)
class Still:
    departs: float = 0.35
    """Grey levels at 48 px that a spot departs from its median over time, on average."""
    over: int = 5
    """Pictures that are averaged before, so that grain is no motion."""
    percentile: float = 99.0


@dataclass(frozen=True)
class Cut:
    above: float = 4.0
    """A step that large, in those of the nine tenths of the others, and..."""
    unlike: float = 0.55
    """...a correlation of the pictures before and after below this."""


@dataclass(frozen=True)
class Flicker:
    jumps: float = 1.2
    """Grey levels that the mean of a picture is off the means beside it, the median over time."""


@dataclass(frozen=True)
class Camera:
    apart: float = 0.25
    """Seconds between the pictures that are compared."""
    moves: float = 0.016
    """Of the diagonal, a second."""
    agree: float = 0.6
    """Of the cells of a grid of 6 x 6 that can be followed, at least: one thing that moves is no camera."""
    cells: int = 10
    """Cells that can be followed, at least: fewer tell nothing."""
    points: int = 300
    within: float = 0.6  # px that a point may be off the motion of all


@dataclass(frozen=True)
class Closing:
    join: float = 2.2
    """The step from the last picture to the first, in the largest of the usual ones: a coder's first picture is finer
    than its last, and that alone is 1.8."""
    turn: float = 2.4
    """How much motion turns at the join, in the most that it turns elsewhere; the coder's part is 2."""
    seen: float = 0.2
    """Grey levels at 48 px: smaller steps count as this one, since those of a coder are as large."""
    repeats: float = 0.3
    """A join of less, in usual steps: the last picture is the first again."""


@dataclass(frozen=True)
class Dark:
    bright: float = 48.0
    """Grey level that the brightest hundredth of the pixels stays below."""


@dataclass(frozen=True)
class Lettering:
    told: float = 0.002
    """Part of the picture from which lettering, a watermark too, is told."""
    mostly: float = 0.2
    """Part of the picture in boxes of lettering."""
    sides: tuple[int, ...] = (480, 640)
    """Longer sides, px, at which the detector looks first: a watermark of `told` is found at 640 nearly always."""


@dataclass(frozen=True)
class Duplicate:
    looks: int = 8
    """Pictures over time."""
    bits: float = 8.0
    """Of 64 that differ, on average over time, in the nearest of the shifts."""
    moving: float = 16.0
    """Of 64 that differ in where it moves: one scene with other motion is no duplicate."""


@dataclass(frozen=True)
class Making:
    crf: int = 14
    least: int = 64
    """px of the shorter side of a picture that is trained on."""
    resolution_frames: int = 17
    """Of a clip of the set `resolution`: 4n + 1."""
    time_part: float = 0.4
    """Of the pixels of the full size that a picture of the set `time` has, at most."""
    windows: int = 4
    """Clips of one source, at most, so that a long one does not outweigh the others."""
    loop_repeats: int = 2
    """How many times as often a clip that closes is shown: its motion is periodic."""
    poster: int = 240


@dataclass(frozen=True)
class Stills:
    """Of a style LoRA for Stable Diffusion 1.5."""

    side: int = 512
    """px of the squares that pictures become: what the model was trained at."""
    steps: int = 100
    """For each picture..."""
    least_steps: int = 400
    most_steps: int = 4000
    least: int = 2
    """Pictures: with one, ComfyUI's training node fails."""
    most: int = 2000
    """Pictures: the node holds all of them in memory, 3 MB each."""


@dataclass(frozen=True)
class Comparing:
    most: float = 3.0
    """Times the judge's limit: more does not count, so that no single figure decides."""
    fewest: int = 6
    """Covers without which nothing is said: of 5 that all agree, one in 16 does so by chance."""
    turns: int = 4000
    seed: int = 0
    risk: float = 0.05
    renders: int = 200
    """Of one run, at most."""


READING = Reading()
STILL = Still()
CUT = Cut()
FLICKER = Flicker()
CAMERA = Camera()
CLOSING = Closing()
DARK = Dark()
LETTERING = Lettering()
DUPLICATE = Duplicate()
MAKING = Making()
STILLS = Stills()
COMPARING = Comparing()
EVERYTHING = (READING, STILL, CUT, FLICKER, CAMERA, CLOSING, DARK, LETTERING, DUPLICATE)
"""What a measurement depends on: another value, and it is taken again."""
