"""What may be asked for: each bound once. Nodes, recipes, the parameters of workflows and the commands read it here.

The bounds of an effect stand in its own file; what a picture or a video may measure before it is decoded, beside the
decoder.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Range(NamedTuple):
    """From `low` to `high`, both allowed."""

    low: Any
    high: Any

    def holds(self, value: Any) -> bool:
        return self.low <= value <= self.high

    def ends(self) -> dict[str, Any]:
        """As a node's input names them."""
        return {"min": self.low, "max": self.high}

    def __str__(self) -> str:
        low, high = (f"{end:g}" if isinstance(end, float) else str(end) for end in self)
        return f"{low}..{high}"


SECONDS = Range(0.5, 20.0)  # one turn of a loop
FPS = Range(1.0, 240.0)
FRAMES = Range(1, 2400)  # of a clip: 20 s at 120 a second
TRIM = Range(0, 1000)  # frames taken off an end
SIZE = Range(64, 4096)  # px, the shorter side of a loop
STRENGTH = Range(0.0, 2.0)  # of motion: 0 is still, 1 gentle
SEED = Range(0, 2**32 - 1)
CRF = Range(0, 51)  # x264's constant rate factor
MEGAPIXELS = Range(0.004, 4.0)  # at which a model draws a clip or a picture
SPARE = Range(0, 60)  # frames that Wan generates beyond the loop
SHOT_SIDE = Range(32, 2048)  # px of a shot that Wan generates
SHOT_FRAMES = Range(5, 241)  # of such a shot
SONG_SECONDS = Range(5, 1800)
SING_SECONDS = Range(1.0, 120.0)  # of a song that a picture sings
SING_CHUNKS = Range(1, 25)  # of 80 frames each, that Wan makes for it
SONG_RATE = Range(8000, 192_000)  # Hz
SONG_CHANNELS = 8
SONG_BYTES = 500_000_000
FILM_SECONDS = Range(4.0, 900.0)
POSE_SIDE = Range(64, 8192)  # px of a picture with a figure
POSE_FIGURES = Range(1, 8)  # drawn of a picture
PICTURE_SIDE = Range(64, 8192)  # px of a picture that is redrawn
