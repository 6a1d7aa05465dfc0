"""Tidal, video cover of an album."""

from ...limits import Range
from ...video.coding import Coding
from ..preset import Format, Preset

PRESET = Preset(
    title="Tidal video cover",
    source="distributors' guides for Tidal: 1280x1280, MP4, no audio",
    formats=(Format(Coding("h264", "mp4"), 1280, 1280, widths=Range(1280, 1280)),),
)
