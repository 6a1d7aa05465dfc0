"""16:9: players on screens and television, YouTube."""

from ...limits import Range
from ...video.coding import Coding
from ..preset import LENGTH, Format, Preset, Shares

_SAFE = Shares(0.05, 0.05, 0.05, 0.05)

PRESET = Preset(
    title="Wide",
    source="Rec. ITU-R BT.709 (1920x1080) and UHD (3840x2160); title-safe area of EBU R 95: 5 % at each edge",
    formats=(
        Format(Coding("h264", "mp4"), 1920, 1080, "hd", widths=Range(1280, 1920), seconds=LENGTH, safe=_SAFE),
        Format(Coding("h264", "mp4"), 3840, 2160, "4k", widths=Range(3840, 3840), seconds=LENGTH, safe=_SAFE),
    ),
)
