"""Wallpaper Engine and Lively: a desktop behind windows."""

from ...limits import Range
from ...video.coding import Coding
from ..preset import Format, Preset, Shares

PRESET = Preset(
    title="Wallpaper",
    source="Wallpaper Engine's guide: H.264, at most 4096x2304; a file under 10 MB stays in memory. Signs of the "
    "desktop lie at the left and below",
    formats=(
        Format(
            Coding("h264", "mp4", crf=20, b_frames=False),
            2560,
            1440,
            widths=Range(1280, 4096),
            codecs=("vp9",),
            kinds=("webm",),
            zero=True,
            safe=Shares(left=0.05, top=0.05, right=0.05, bottom=0.08),
        ),
    ),
)
