"""Spotify Canvas, behind the player on a phone."""

from ...limits import Range
from ...video.coding import Coding
from ..preset import LENGTH, Format, Preset, Shares

PRESET = Preset(
    title="Spotify Canvas",
    source="Spotify for Artists, Canvas guidelines: 9:16, 720 to 1080 px wide, 3 to 8 s, MP4, no audio; "
    "its player lies over the lower third and the top",
    formats=(
        Format(
            Coding("h264", "mp4", b_frames=False),
            1080,
            1920,
            widths=Range(720, 1080),
            seconds=LENGTH,
            zero=True,
            safe=Shares(left=0.05, top=0.12, right=0.05, bottom=0.30),
            lettered=False,
        ),
    ),
)
