"""Apple Music, motion of an album: both shapes are asked for."""

from ...limits import Range
from ...video.coding import Coding
from ..preset import Format, Preset, Shares

_CODING = Coding("h264", "mp4", mbps=60.0)
_RULES = {
    "seconds": Range(8.0, 20.0),
    "fps": Range(23.976, 30.0),
    "mbps": Range(45.0, 100.0),
    "most_bytes": 400e6,
    "codecs": ("prores",),
    "kinds": ("mov",),
    "no_upscales": True,
}

PRESET = Preset(
    title="Apple Music album motion",
    source="Apple Music motion artwork guide: 3840x3840 and 2048x2732, 8 to 20 s, 23.976 to 30 frames a second, H.264 "
    "or ProRes 4444, 45 to 100 Mbps, at most 400 MB, Rec.709 or sRGB, no audio, no upscales, no letterbox",
    formats=(
        Format(_CODING, 3840, 3840, "square", widths=Range(3840, 3840), **_RULES),
        Format(_CODING, 2048, 2732, "tall", widths=Range(2048, 2048), safe=Shares(0.04, 0.06, 0.04, 0.20), **_RULES),
    ),
)
