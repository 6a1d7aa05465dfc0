"""What most players and feeds show: the loop of the cover itself."""

from ...limits import Range
from ...video.coding import Coding
from ..preset import LENGTH, Format, Preset

PRESET = Preset(
    title="Square",
    source="common practice of feeds: 1080 px, H.264, 3 to 8 s",
    formats=(Format(Coding("h264", "mp4"), 1080, 1080, widths=Range(320, 4096), seconds=LENGTH),),
)
