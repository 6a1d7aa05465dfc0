"""Now Playing of iOS 26 and later, from a local file: the whole screen, and the square in it."""

from ...limits import Range
from ...video.coding import Coding
from ..preset import Format, Preset, Shares

_CODING = Coding("h264", "mp4", b_frames=False)
_WIDTHS, _SECONDS = Range(720, 4096), Range(3.0, 35.0)

PRESET = Preset(
    title="Now Playing",
    source="Apple, MPMediaItemAnimatedArtwork (iOS 26): 1:1 and 3:4, a local file whose first frame is the preview",
    formats=(
        Format(_CODING, 1080, 1080, "square", widths=_WIDTHS, seconds=_SECONDS, zero=True),
        Format(
            _CODING,
            1080,
            1440,
            "tall",
            widths=_WIDTHS,
            seconds=_SECONDS,
            zero=True,
            safe=Shares(0.04, 0.06, 0.04, 0.20),
        ),
    ),
)
