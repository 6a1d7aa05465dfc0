"""Instagram Reels and stories."""

from ...limits import Range
from ...video.coding import Coding
from ..preset import Format, Preset, Shares

PRESET = Preset(
    title="Instagram Reels",
    source="Meta, Instagram Platform, media publishing: MP4 or MOV with moov first and no edit lists, closed GOP, "
    "4:2:0, 23 to 60 frames a second, 3 s or more, at most 1920 px wide and 25 Mbps; "
    "its signs lie over the lower third",
    formats=(
        Format(
            Coding("h264", "mp4", b_frames=False),
            1080,
            1920,
            widths=Range(540, 1920),
            seconds=Range(3.0, 900.0),
            fps=Range(23.0, 60.0),
            mbps=Range(0.0, 25.0),
            codecs=("hevc",),
            kinds=("mov",),
            zero=True,
            safe=Shares(left=0.06, top=0.14, right=0.12, bottom=0.30),
        ),
    ),
)
