"""A shop, a blog, a player: pictures that move in a page, in the cover's own shape."""

from ...limits import Range
from ...video.coding import Coding
from ..preset import ANY, Format, Preset

_WIDTHS = Range(64, 4096)

PRESET = Preset(
    title="Web",
    source="what browsers play: animated WebP, AVIF, WebM with VP9, GIF (its times are steps of 10 ms: 20 and 25 "
    "frames a second are exact)",
    formats=(
        Format(Coding("webp", "webp"), 720, 720, "webp", True, _WIDTHS, fps=ANY),
        Format(Coding("avif", "avif"), 1080, 1080, "avif", True, _WIDTHS, fps=ANY),
        Format(Coding("vp9", "webm"), 1080, 1080, "webm", True, _WIDTHS),
        Format(Coding("gif", "gif"), 480, 480, "gif", True, _WIDTHS, fps=Range(10.0, 50.0), rates=(25.0, 20.0)),
    ),
)
