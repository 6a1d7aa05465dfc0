"""HLS: an .m3u8 for clients that ask a server for a cover that moves."""

from ...limits import Range
from ...video.coding import Coding
from ..preset import Format, Preset

PRESET = Preset(
    title="HLS",
    source="RFC 8216 and Apple's HLS authoring specification: fragmented MP4, H.264, a playlist that is whole",
    formats=(
        Format(Coding("hls", "mp4", b_frames=False), 1080, 1080, own_shape=True, widths=Range(64, 4096), zero=True),
    ),
)
