"""Numbers of this room that were measured; what the measurement said is in `docs/poses.md`."""

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
