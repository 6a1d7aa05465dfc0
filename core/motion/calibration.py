"""What was measured or chosen by eye for motion; what the measurements said is in `docs/motion.md`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measuring:
    """Lengths are px of a picture whose shorter side is 256 px; levels of CIELAB. Pairs are where a ramp begins and
    ends."""

    line_least: float = 18.3  # a straight edge
    outline_least: float = 11.1  # one that is gently curved comes in pieces
    clear_edge: float = 0.12  # lightness per px
    level: float = 3.5  # degrees that a horizon leans
    horizon: float = 0.35  # share of the width that it covers
    horizon_rows: tuple[float, float] = (0.15, 0.88)  # where it lies, shares of the height
    busy: tuple[float, float] = (0.1, 0.9)  # mean gradient, from smooth to busy
    energy: tuple[float, float] = (0.8, 2.0)  # gradient energy of texture
    coherence: tuple[float, float] = (0.45, 0.85)  # of its directions; more is stripes
    dense: tuple[float, float] = (0.5, 0.68)  # an outline on plain ground is sparse
    outlined: tuple[float, float] = (0.1, 0.3)  # share of outlines from which texture is a stiff thing
    abrupt: float = 3.0  # colour per px on the rim of a thing
    abrupt_ratio: float = 1.7  # to the same at four times the scale: a step measures 2.9 times, a slope 1


@dataclass(frozen=True)
class Flat:
    """Flat grounds and free-standing shapes; px at 256, levels of CIELAB."""

    step: float = 1.1  # local spread of lightness and colour under which a ground is flat
    white: float = 92.0  # lightness from which a flat ground counts as white
    black: float = 8.0
    ground_share: float = 0.25  # share of the picture from which one flat colour is the ground of a graphic
    ground_reach: float = 9.0  # distance of colours that are still that ground
    shape_least: float = 0.0015  # shares of the picture between which a free-standing part is a shape
    shape_most: float = 0.2
    shape_flat: float = 0.35  # how flat a shape is inside


@dataclass(frozen=True)
class Landscape:
    """Pairs are where a ramp begins and ends."""

    sky_step: float = 2.6  # colour change per px, without a horizon, from which it is no sky
    sky_meets: float = 0.12  # share of the upper border that a sky has
    sky_ends: tuple[float, float] = (0.55, 0.8)  # share of the height where ground begins, without a horizon
    sky_shade: float = 0.5  # of its lightness, without a horizon: what is darker is no sky
    water_calm: tuple[float, float] = (1.6, 3.2)  # gradient energy
    water_level: tuple[float, float] = (0.6, 0.85)  # how level streaks are
    water_spread: tuple[float, float, float] = (12, 6, 6)  # least spread of L, a, b that water is given
    water_unlike: float = 3.0  # spreads from the colours at the horizon
    water_meets: float = 0.15  # share of the width that water has at the horizon


@dataclass(frozen=True)
class SubjectLimits:
    least: float = 0.02  # share of the picture that a subject has
    most: tuple[float, float] = (0.75, 0.6)  # more is no subject before a ground
    unsure: tuple[float, float] = (0.9, 0.3)  # px that a matte is unsure of, for each px of the subject
    small: float = 0.15  # share under which a subject is one piece or none: two eyes are not
    one_piece: tuple[float, float] = (0.5, 0.75)  # share of it that its largest part has
    contrast: float = 0.35  # saliency by which a subject found by colour stands out
    by_colour: tuple[float, float] = (0.06, 0.18)  # share: small ones were eyes, reflections, parts of lettering


@dataclass(frozen=True)
class LightLimits:
    """Lengths at 256 px; levels of lightness."""

    least: float = 55.0  # lightness (with a share of its colour) of a lamp
    over: float = 16.0  # by how much it is lighter than what is around it
    dark_around: tuple[float, float] = (52.0, 38.0)
    spot_least: int = 6  # px
    spot_most: float = 0.1  # share of the picture; what is more is no lamp
    halo: float = 5.0  # lightness by which the nearest surroundings are above those further off
    even: float = 1.2  # by how many spreads round the lamp: light falls to all sides, a thing beside a lamp lies on one
    share_least: float = 0.0008  # of the picture, all lamps together
    share_most: float = 0.03  # white shirts, paper and lettering have more
    flame_chroma: float = 48.0
    core_light: float = 84.0
    core_share: tuple[float, float] = (0.03, 0.12)  # of a flame, what is hot
    dark_flame: tuple[float, float] = (45.0, 25.0)  # lightness around
    flame_least: float = 0.002
    flame_most: float = 0.2


@dataclass(frozen=True)
class DiscLimits:
    """Lengths as shares of the radius unless said otherwise; levels of lightness."""

    least: float = 0.12  # radius, share of the shorter side
    label: float = 0.45  # within this a record may differ from side to side
    uneven: tuple[float, float] = (5.0, 2.0)  # spread round a circle of its body
    rim_step: float = 8.0
    rim_clear: tuple[float, float] = (0.85, 0.97)  # share of the rim that is that clear
    label_seen: tuple[float, float] = (4.0, 10.0)  # spread round the label: with none, turning is not seen


@dataclass(frozen=True)
class Keeping:
    """What keeps still or straight while the rest moves."""

    slope: float = 0.1  # most that displacement changes per px near what is held
    reach_least: float = 28.0  # px at 1080 over which motion comes up around what is held
    stiff_reach: float = 10.0  # px at 256 around straight lines within which nothing bends
    white_light: float = 0.08  # share of light that white and black flat grounds take
    white_reach: float = 8.0  # px at 256 around white ones over which light comes up


@dataclass(frozen=True)
class Choice:
    """Shares of the picture at which a thing is as likely there as not (confidence 0.5), and other bounds of what is
    chosen to move. Pairs are where a ramp begins and ends."""

    sure: float = 0.5  # confidence from which a thing moves as it would
    sky: float = 0.08
    water: float = 0.06
    foliage: float = 0.042
    specks: float = 0.0008
    specks_most: float = 0.016  # more are no specks but texture
    specks_in_space: float = 0.08  # and in a picture of stars
    lamps_dark: tuple[float, float] = (46.0, 36.0)  # lightness of a picture in which lamps are lit
    specks_dark: tuple[float, float] = (50.0, 38.0)  # lightness of the picture: glints by day are no stars
    graphic: tuple[float, float] = (0.3, 0.5)  # share of clear edges that is straight, from painting to graphic
    outdoors: float = 0.2  # confidence of a sky from which nothing breathes
    solid: float = 0.35  # share of a mask that is broad: gaps between trunks are no sky
    sky_outlined: tuple[float, float] = (0.12, 0.2)  # clouds have no outlines
    sky_spread: tuple[float, float] = (3.5, 6.0)  # of lightness, between paper and sky
    sky_lightest: float = 93.0
    sky_darkest: float = 15.0  # what is darker is space, whose stars stand
    natural: float = 0.5
    range_broad: float = 0.6  # of the width: what is broader in a landscape, and
    range_foot: float = 0.7  # of the height: ends above this, is a range and not near
    deep: float = 0.8  # how natural a picture must be to have depth
    rays_dark: float = 45.0  # lightness of a picture in which beams are seen
    rays_halo: float = 9.0  # of the lamp they come from
    rays_inside: float = 0.1  # and how far from the border it is: beams from a corner look like scratches
    haze: float = 45.0  # lightness under which haze is seen


@dataclass(frozen=True)
class Amounts:
    """How much moves at strength 1: px of a picture whose shorter side is 1080 px, shares of light."""

    parallax: float = 4.0
    breathe: float = 2.0
    shapes: float = 6.0
    clouds: float = 44.0
    water: float = 20.0
    ripple: float = 2.4
    gleam: float = 0.04
    foliage: float = 4.6
    flames: float = 5.0
    lamps: float = 0.24
    rays: float = 0.05
    twinkle: float = 0.2
    light: float = 0.024
    sheen: float = 0.06
    sheen_in_the_dark: float = 0.06
    sheen_width: float = 360.0
    haze: float = 0.014
    grain_least: float = 0.2  # levels; less is not seen


@dataclass(frozen=True)
class OnBeats:
    """How much light falls between the beats of a song, as a share of it. All of a picture may flash no more than this:
    three a second of a tenth of its light are too many for some eyes."""

    lamps: float = 0.12
    broad: float = 0.04
    all: float = 0.04


@dataclass(frozen=True)
class Figures:
    """Confidences from which a picture is taken to have a figure that could sing."""

    face: float = 0.4
    subject: float = 0.5


MEASURING = Measuring()
FLAT = Flat()
LANDSCAPE = Landscape()
SUBJECT = SubjectLimits()
LIGHTS = LightLimits()
DISCS = DiscLimits()
KEEPING = Keeping()
CHOICE = Choice()
AMOUNTS = Amounts()
ON_BEATS = OnBeats()
FIGURE = Figures()
