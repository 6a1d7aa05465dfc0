"""Numbers of this room that were measured; what was measured is in docs/lettering.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """sides: px, longer sides of the cover that the detector looks at; enlarged: it looks at no more than so many times
    the cover's own size, but for the first side; tiled_from: px, longer side from which it also looks at tiles, of the
    cover scaled to tiled_most; grid: px, longer side on which what it sees is put together."""

    sides: tuple[int, ...] = (320, 480, 960)
    enlarged: float = 5.0
    tiled_from: int = 1440
    tiled_most: int = 2880
    grid: int = 960
    chance: float = 0.3  # a pixel is in lettering from here
    thinnest: float = 3.0  # grid px: thinner pieces are none
    least_score: float = 0.5  # mean chance of a piece: below it is none
    words_least: float = 0.62  # nor is one below this words, whatever is read in it
    unclip: float = 1.6  # how far a piece is grown, in its area by its outline's length
    same_line: float = 0.6  # a piece seen large of this share of the height of one seen small is of the same line
    runs_over: float = 1.3  # of a line this many times higher when seen large,
    runs_larger: float = 1.8  # and so many times larger, only what lies near what was seen small is of it,
    near_line: float = 0.35  # within this share of its height
    given_way: float = 0.6  # smaller ones that fill this share of one seen small take its place
    page_lines: int = 60  # more lines than these are a page in the scene,
    headline: float = 2.0  # of which those are looked at one by one that are so many times as high as its middle ones
    readable: float = 0.6  # trust from which a reading is told
    tiny: float = 0.0005  # of the cover: what is smaller, and read by nobody, is held; it is not tried as Hangul,
    # so that what is lifted does not depend on who reads Hangul here
    # What is lettering: two signs and more read with this trust (more of it where the detector is not sure),
    words_trust: float = 0.45
    words_score: float = 0.8
    words_trust_unsure: float = 0.9
    words_area: float = 0.6  # of the cover: a larger region must be read with words_trust_unsure
    # one sign of which both are sure,
    one_sign: float = 0.9
    one_sign_area: float = 0.45
    # or, as Hangul is, a line that nobody reads, or reads as something else, but of which the detector is sure.
    unread_score: float = 0.94
    unread_area: float = 0.25
    doubtful_score: float = 0.6  # less sure ones, down to this, must prove themselves by their mask
    doubtful_long: float = 1.5  # and are this many times as long as high: a lone sign is a shape of the picture
    doubtful_most: int = 8  # as many of them, the largest, are looked at


@dataclass(frozen=True)
class Rows:
    """least, score, long, highest: so many pieces make a row, this sure on average, so many times as long as it is
    high, at most this share of the picture high; alike: share of it that has its ink; same: share of a piece's height
    that lies in the row; grown: how many times as high as its highest piece it may get; gap: heights of the row, the
    widest between two pieces; ink: levels of Lab within which two inks are one, lightness counted as `light`; clear:
    quantile of the chances of a piece from which its pixels are ink."""

    least: int = 4
    score: float = 0.6
    long: float = 2.5
    highest: float = 0.25
    alike: float = 0.6
    same: float = 0.6
    grown: float = 1.3
    gap: float = 0.8
    ink: float = 40.0
    light: float = 0.25
    clear: float = 0.8


@dataclass(frozen=True)
class Hangul:
    """height: px that a line is read at, longest: its most px of length; least_side: px of the cover below which it is
    not tried; most: the largest so many unread lines of a cover are tried; surely_other: trust from which another
    script is believed; trust: from which Hangul is; space: of the height, least gap between words; timeout: seconds."""

    height: int = 64
    longest: int = 1600
    least_side: int = 8
    most: int = 12
    surely_other: float = 0.9
    trust: float = 0.8
    space: float = 0.22
    timeout: int = 20


@dataclass(frozen=True)
class Strokes:
    """Which of the detector's features tell stroke from ground: a logistic regression by scripts/fit_strokes.py.

    weights: (channel of `ppocr.features_of`, weight)."""

    bias: float = -3.2
    # fmt: off
    weights: tuple[tuple[int, float], ...] = (
        (0, 0.318), (2, -0.359), (4, 0.411), (5, 0.301), (11, 11.653), (15, 0.313), (16, -0.757), (17, 1.364),
        (19, 6.098), (25, 0.712), (26, -0.193), (33, -0.139), (35, -0.309), (38, 0.597), (40, -0.566), (43, 0.346),
        (49, 0.357), (52, 0.11), (54, -0.123), (56, 0.074), (57, -0.142), (59, -0.072), (60, 0.067), (62, -0.357),
        (64, 0.104), (67, 0.26), (68, 0.302), (69, -0.126), (71, 0.047), (72, 0.127), (73, -0.339), (74, 0.707),
        (75, -0.158), (76, -0.089), (81, -0.239), (82, 0.182), (86, -0.264), (87, 0.067), (92, 0.193), (99, 1.666),
        (102, -2.503), (103, 1.731), (104, 2.273), (106, -2.767), (107, -0.612), (109, -1.645), (112, 0.365),
        (117, -0.998),
    )
    # fmt: on


@dataclass(frozen=True)
class Bounds:
    """The most of each kind of evidence (see proof.Evidence) that a line has which is lifted."""

    doubt: float
    left_edges: float
    unlike: float
    left_strokes: float


@dataclass(frozen=True)
class Proof:
    """edge: grey levels a pixel from which an edge is one; of_doubtful, of_display: share of the bounds of a line that
    hold for one of which the detector is not sure, and for display type, between whose letters much of the picture is;
    widest_margin: of the cover, around what is held; within_held: share of a line in what is held, from which it is
    held with it; hair: share of a line that strokes cover at most which are so thin that the detector sees all of them;
    still_doubted: share of a line around what it does not see of these, from which it is held whole; doubted_most: no
    line is looked at again for these where more are in doubt, as in a crossword or drawn lettering.

    display: share of the cover that a line is high of which only the letters are held. Of it, clear: share of its
    pixels that are fainter than its clearest strokes; faint: chance of these from which a pixel is stroke; in heights
    of the line, speck: side of what is too small for one; apart: half of how far strokes are apart between which is
    held; margin: how far around is; gap: side of what is too small to move by itself, or in part."""

    edge: float = 10.0
    of_lines: Bounds = Bounds(doubt=0.2, left_edges=0.2, unlike=0.31, left_strokes=0.35)
    of_doubtful: float = 0.3
    of_display: float = 0.7
    hair: float = 0.2
    still_doubted: float = 0.65
    doubted_most: int = 6
    display: float = 0.25
    faint: float = 0.35
    clear: float = 0.95
    speck: float = 0.1
    apart: float = 0.08
    margin: float = 0.02
    gap: float = 0.5
    widest_margin: float = 0.01
    within_held: float = 0.3


@dataclass(frozen=True)
class Holding:
    """rim: of the shorter side, how wide the soft rim of a patch is; tone_side: px, shorter side of the picture on
    which the tone around it is measured."""

    rim: float = 0.012
    tone_side: int = 90


FINDING = Finding()
HANGUL = Hangul()
HOLDING = Holding()
PROOF = Proof()
ROWS = Rows()
STROKES = Strokes()
