"""Apple Music, motion of an artist's page."""

from ...limits import Range
from ...video.coding import Coding
from ..preset import Format, Preset, Shares

_RULES = {"seconds": Range(20.0, 75.0), "fps": Range(23.976, 30.0), "no_upscales": True}

PRESET = Preset(
    title="Apple Music artist motion",
    source="Apple Music motion artwork guide: 3840x3840 and 16:9 (3840x2160), 20 to 75 s, ProRes, no audio",
    formats=(
        Format(Coding("prores", "mov"), 3840, 3840, "square", widths=Range(3840, 3840), **_RULES),
        Format(
            Coding("prores", "mov"),
            3840,
            2160,
            "wide",
            widths=Range(3840, 3840),
            safe=Shares(0.05, 0.05, 0.05, 0.25),
            **_RULES,
        ),
    ),
)
