"""Where a cover lies in a picture of another shape, and by which way the rest of it is made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..calibration import CHOOSING
from ..preset import Shares
from .contents import Box

WHOLE = Box(0.0, 0.0, 1.0, 1.0)


class Way(str, Enum):
    """OWN: the shape is the cover's own."""

    OWN = "own"
    EXTEND = "extend"
    BACKDROP = "backdrop"
    CROP = "crop"
    __str__ = str.__str__


@dataclass(frozen=True)
class Layout:
    """height, width: px of the picture that is made. top, left, tall, broad: px of the whole cover in it; for a crop it
    is larger than the picture and begins before it."""

    way: Way
    height: int
    width: int
    top: int
    left: int
    tall: int
    broad: int

    def scaled(self, height: int, width: int) -> Layout:
        """The same for a picture of another size, of the same shape."""
        down, across = height / self.height, width / self.width
        top, left = round(self.top * down), round(self.left * across)
        tall, broad = max(1, round(self.tall * down)), max(1, round(self.broad * across))
        return Layout(self.way, height, width, top, left, tall, broad)

    def placed(self, box: Box) -> Box:
        """A box of the cover as shares of the picture."""
        return Box(
            (self.left + box.left * self.broad) / self.width,
            (self.top + box.top * self.tall) / self.height,
            (self.left + box.right * self.broad) / self.width,
            (self.top + box.bottom * self.tall) / self.height,
        )

    def keeps(self, box: Box, safe: Shares) -> bool:
        """Whether a box of the cover lies where the place lays nothing over it."""
        at = self.placed(box)
        slack = 1e-3
        return (
            at.left >= safe.left - slack
            and at.top >= safe.top - slack
            and at.right <= 1 - safe.right + slack
            and at.bottom <= 1 - safe.bottom + slack
        )


def same_shape(cover: tuple[int, int], height: int, width: int) -> bool:
    """Whether a cover of (height, width) px has the shape asked for, but for what rounding makes."""
    return abs(cover[1] / cover[0] / (width / height) - 1) < 0.01


def inside(cover: tuple[int, int], height: int, width: int, kept: Box | None, safe: Shares, way: Way) -> Layout:
    """The whole cover in the picture, as large as it goes; smaller where what must be kept would lie under signs."""
    largest = min(height / cover[0], width / cover[1])
    kept, share = kept or WHOLE, 1.0
    while True:
        tall, broad = round(cover[0] * largest * share), round(cover[1] * largest * share)
        top = _start(height, tall, (kept.top, kept.bottom), (safe.top, safe.bottom))
        left = _start(width, broad, (kept.left, kept.right), (safe.left, safe.right))
        made = Layout(way, height, width, top, left, tall, broad)
        if made.keeps(kept, safe) or share <= CHOOSING.shrink_least:
            return made
        share -= 0.01


def cropped(cover: tuple[int, int], height: int, width: int, kept: Box | None, safe: Shares) -> Layout:
    """The picture filled by the cover; what must be kept comes as near to the middle of the safe part as it goes."""
    fill = max(height / cover[0], width / cover[1])
    tall, broad = max(height, round(cover[0] * fill)), max(width, round(cover[1] * fill))
    kept = kept or WHOLE
    top = _start(height, tall, (kept.top, kept.bottom), (safe.top, safe.bottom))
    left = _start(width, broad, (kept.left, kept.right), (safe.left, safe.right))
    return Layout(Way.CROP, height, width, top, left, tall, broad)


def _start(side: int, length: int, kept: tuple[float, float], safe: tuple[float, float]) -> int:
    """Where the cover begins along one side: in the middle of what is free, moved until what is kept is safe.

    A cover shorter than the side stays within it, a longer one covers it.
    """
    free = side * (1 - safe[0] - safe[1])
    begin = side * safe[0] + (free - length) / 2
    low, high = side * safe[0] - kept[0] * length, side * (1 - safe[1]) - kept[1] * length
    begin = (low + high) / 2 if low > high else min(max(begin, low), high)
    ends = sorted((0.0, float(side - length)))
    return round(min(max(begin, ends[0]), ends[1]))
