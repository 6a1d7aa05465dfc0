"""Apple Music, motion of an album, in ProRes 4444 for whoever edits it further."""

import math
from dataclasses import replace

from ...limits import Range
from ...video.coding import Coding
from ..preset import Preset
from .apple_album import PRESET as _ALBUM

PRESET = Preset(
    title="Apple Music album motion, ProRes 4444",
    source=_ALBUM.source,
    formats=tuple(
        replace(
            one,
            coding=Coding("prores", "mov"),
            codecs=("h264",),
            kinds=("mp4",),
            mbps=Range(45.0, math.inf),
            most_bytes=math.inf,
        )
        for one in _ALBUM.formats
    ),
)
