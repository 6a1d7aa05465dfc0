"""What of a cover must be seen whole: its lettering, its faces, its subject. Places are shares of width and height."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np

from ...lettering.find import find_text
from ...lettering.mask import find_glyphs
from ...lettering.regions import TextRegion, decide_lift
from ...motion.scene import Scene
from ...pixels import grow, reduced
from ...plate.clean import clean_plate

_SIDE = 768
"""px of the shorter side at which a cover is looked at."""


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def over(self, other: Box) -> Box:
        """The smallest box around both."""
        return Box(*(min(pair) for pair in zip(self[:2], other[:2], strict=True)),
                   *(max(pair) for pair in zip(self[2:], other[2:], strict=True)))  # fmt: skip


@dataclass(frozen=True)
class Contents:
    """picture: (h, w, 3) uint8, the cover as it was looked at; ground: the same without lettering; hidden: (h, w)
    float32, 1 where lettering or what is held lies, with a soft rim; subject: (h, w) float32; words, faces: boxes;
    regions: what was found printed, in px of `picture`."""

    picture: np.ndarray
    ground: np.ndarray
    hidden: np.ndarray
    subject: np.ndarray
    words: tuple[Box, ...]
    faces: tuple[Box, ...]
    regions: tuple[TextRegion, ...] = ()

    @classmethod
    def of_shape(cls, height: int, width: int) -> Contents:
        """A cover of which nothing but its shape is asked."""
        empty = np.zeros((height, width), np.float32)
        blank = np.zeros((height, width, 3), np.uint8)
        return cls(blank, blank, empty, empty, (), ())

    @property
    def whole(self) -> Box | None:
        """Around all that must not be cut, None where there is nothing."""
        boxes: Iterable[Box] = (*self.words, *self.faces)
        found: Box | None = None
        for box in boxes:
            found = box if found is None else found.over(box)
        return found


def contents_of(cover: np.ndarray, regions: Sequence[TextRegion] | None = None) -> Contents:
    """Look at a cover, (H, W, 3) uint8 sRGB. regions: its lettering in px of the cover, where that is known.

    Raises:
        ModelError: the weights that find lettering are missing or damaged.
    """
    picture = reduced(cover, _SIDE)
    height, width = picture.shape[:2]
    scale = height / cover.shape[0]
    found = find_text(picture) if regions is None else [_scaled(region, scale) for region in regions]
    glyphs = find_glyphs(picture, decide_lift(picture, found))
    ground = clean_plate(picture, glyphs.mask).image
    hidden = grow((glyphs.mask > 0) | glyphs.held, max(2, height / 200)).astype(np.float32)
    scene = Scene(ground)
    words = tuple(_box_of(region.polygon, width, height) for region in glyphs.regions)
    return Contents(
        picture=picture,
        ground=ground,
        hidden=cv2.GaussianBlur(hidden, (0, 0), max(1.0, height / 400)),
        subject=scene.subject,
        words=words,
        faces=tuple(_boxes_in(scene.faces > 0.5)),
        regions=tuple(glyphs.regions),
    )


def _scaled(region: TextRegion, scale: float) -> TextRegion:
    data: dict[str, Any] = region.to_dict()
    return TextRegion.from_dict({**data, "polygon": [[x * scale, y * scale] for x, y in region.polygon]})


def _box_of(polygon: Sequence[tuple[float, float]], width: int, height: int) -> Box:
    points = np.asarray(polygon, np.float64) / (width, height)
    (left, top), (right, bottom) = points.min(0).clip(0, 1), points.max(0).clip(0, 1)
    return Box(float(left), float(top), float(right), float(bottom))


def _boxes_in(mask: np.ndarray) -> Iterable[Box]:
    height, width = mask.shape
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    for i in range(1, count):
        x, y, w, h = (int(value) for value in stats[i][:4])
        yield Box(x / width, y / height, (x + w) / width, (y + h) / height)
