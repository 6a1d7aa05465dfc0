"""Numbers of this room that were measured; what the measurement said is in `docs/poses.md` and `docs/views.md`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """least: the score from which a box is a figure; same: the share (intersection over union) from which two boxes are
    of one figure; certain: how sure the second net must be that there is a body in the box; there, visible: how sure it
    must be of a joint; passes: how often the box is laid anew round the joints found; rounds: how often
    others are looked for beside those found; apart: between two necks, in shares of the taller figure's height."""

    least: float = 0.5
    same: float = 0.3
    certain: float = 0.5
    there: float = 0.5
    visible: float = 0.3
    passes: int = 3
    rounds: int = 4
    apart: float = 0.25


FIGURES = Figures()


@dataclass(frozen=True)
class Limits:
    """small: px, side of the pictures that Semantic compares; middle: share of their side that is looked for;
    turns: degrees, zooms: how it may be turned and scaled; alien, same: Semantic up to which Cam Move counts nothing,
    and from which all of it.

    outlying: robust deviations below the middle likeness of a folder, and least: how far at least, before a picture
    is an outlier; turned: Cam Move from which an angle explains it; darker: stops of light from which light does.
    """

    small: int = 32
    middle: float = 0.6
    turns: tuple[float, ...] = (-12.0, 0.0, 12.0)
    zooms: tuple[float, ...] = (0.75, 1.0, 1.33)
    alien: float = 0.52
    same: float = 0.64
    outlying: float = 3.5
    least: float = 0.08
    turned: float = 0.5
    darker: float = 0.8


LIMITS = Limits()
WEIGHTS = {"identity": 0.4, "style": 0.15, "semantic": 0.25, "cam_move": 0.2}
"""Shares of the composite, ours: those of the paper are not published."""


@dataclass(frozen=True)
class Faces:
    """side: px, the shorter side of the pictures in which faces are looked for; least: the score of the finder from
    which a place is a face; one: the distance below which two faces are one person's."""

    side: int = 720
    least: float = 0.3
    one: float = 0.6


FACES = Faces()
