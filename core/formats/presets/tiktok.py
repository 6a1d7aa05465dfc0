"""TikTok."""

from ...limits import Range
from ...video.coding import Coding
from ..preset import Format, Preset, Shares

PRESET = Preset(
    title="TikTok",
    source="TikTok for Developers, content posting: MP4, MOV or WebM, 360 to 4096 px, 23 to 60 frames a second, 3 s or "
    "more; its buttons lie at the right and below",
    formats=(
        Format(
            Coding("h264", "mp4", b_frames=False),
            1080,
            1920,
            widths=Range(360, 4096),
            seconds=Range(3.0, 600.0),
            fps=Range(23.0, 60.0),
            codecs=("hevc", "vp8", "vp9"),
            kinds=("mov", "webm"),
            zero=True,
            safe=Shares(left=0.06, top=0.10, right=0.14, bottom=0.25),
        ),
    ),
)
