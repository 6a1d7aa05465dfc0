"""From light and colour to words: mood, tone, hue. Chosen by eye on covers; a wish, a genre or a model overrides them.

Lightness is mean CIE L* (0..100), chroma mean C*, hues are degrees of CIELAB; shares are 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colours:
    coloured: float = 8.0
    """Chroma of a pixel, or of a picture, from which it has a hue."""
    warm: tuple[float, float] = (340.0, 95.0)
    """Hues from red to yellow, through 0."""
    green: tuple[float, float] = (100.0, 170.0)
    green_share: float = 0.2
    """Of a picture that is called green."""
    warm_share: float = 0.5
    """Of coloured pixels, in a picture that is called warm."""
    night: float = 30.0
    """Lightness up to which an effect is put in words of the dark."""
    dark: float = 35.0
    bright: float = 65.0


@dataclass(frozen=True)
class Moods:
    """Each is tried in this order; what is none of them is calm."""

    dark: float = 28.0
    vivid: float = 48.0
    """Chroma of what is energetic, or playful where it is lighter than `playful`."""
    playful: float = 58.0
    dreamy: float = 68.0
    dreamy_chroma: float = 6.0
    warm_share: float = 0.6
    warm_chroma: float = 14.0
    melancholic: float = 48.0
    """Lightness below which it is, with less chroma and fewer warm colours than these."""
    melancholic_chroma: float = 18.0
    melancholic_warm: float = 0.4


@dataclass(frozen=True)
class Places:
    """Whether a model's box is about lettering that was found."""

    overlap: float = 0.3
    """Intersection over union."""
    inside: float = 0.6
    """Share of the smaller box that lies in the other."""
    margin: float = 0.3
    """Of a box's longer side, and `margin_least` px: looked at around it."""
    margin_least: float = 16.0
    closer: int = 512
    """px of the shorter side that a look at a box is enlarged to, four times at most."""
    most_zoom: float = 4.0


COLOURS, MOODS, PLACES = Colours(), Moods(), Places()
