"""Which way leads from a cover to another shape, by measuring; and that way, made ready for frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from ...errors import UsageError
from ...pixels import resized
from ..calibration import CHOOSING
from ..preset import Shares
from .backdrop import Backdrop
from .contents import Contents
from .extend import Extension
from .layout import Layout, Way, cropped, inside, same_shape

WAYS = ("auto", *(way.value for way in Way if way is not Way.OWN))


class Over(Protocol):
    """A way made ready: the same is done to every frame, and to the cover."""

    layout: Layout

    def over(self, frame: np.ndarray) -> np.ndarray:
        """frame: (h, w, 3) uint8 of the cover's shape -> (height, width, 3) uint8, itself where nothing changes."""
        ...


@dataclass(frozen=True)
class Reframing:
    """What was chosen: where the cover lies, and why this way."""

    layout: Layout
    reason: str
    contents: Contents

    @property
    def way(self) -> Way:
        return self.layout.way

    @property
    def said(self) -> str:
        """For a person; "" where nothing is changed."""
        return "" if self.way is Way.OWN else f"{self.way}: {self.reason}"

    def ready(self, height: int, width: int) -> Over:
        """The way at a size of this shape."""
        layout = self.layout.scaled(height, width)
        if layout.way is Way.EXTEND:
            return Extension(layout, self.contents.ground, self.contents.hidden)
        return Backdrop(layout) if layout.way is Way.BACKDROP else Window(layout)


class Window:
    """A part of the cover, or all of it in its own shape."""

    def __init__(self, layout: Layout):
        self.layout = layout

    def over(self, frame: np.ndarray) -> np.ndarray:
        at = self.layout
        down, across = frame.shape[0] / at.tall, frame.shape[1] / at.broad
        top, left = round(-at.top * down), round(-at.left * across)
        bottom, right = round((at.height - at.top) * down), round((at.width - at.left) * across)
        return resized(frame[max(0, top) : bottom, max(0, left) : right], at.width, at.height)


def reframe(contents: Contents, height: int, width: int, safe: Shares, way: str = "auto") -> Reframing:
    """Choose how a cover becomes a picture of (height, width) px.

    In this order: its own shape; a crop, where subject, faces and lettering stay inside; the ground extended, where it
    goes on by itself and nothing is cut by the edge; else the backdrop, which suits every cover.

    way: one of WAYS. Raises UsageError for another.
    """
    if way not in WAYS:
        raise UsageError(f"{way!r}: no such way to another shape; there are {', '.join(WAYS)}")
    size = contents.picture.shape[:2]
    if same_shape(size, height, width):
        return Reframing(Layout(Way.OWN, height, width, 0, 0, height, width), "the cover's own shape", contents)
    crop = cropped(size, height, width, contents.whole, safe)
    larger = inside(size, height, width, contents.whole, safe, Way.EXTEND)
    behind = inside(size, height, width, None, safe, Way.BACKDROP)
    if way != "auto":
        named = {Way.CROP: crop, Way.EXTEND: larger, Way.BACKDROP: behind}
        return Reframing(named[Way(way)], "as asked", contents)
    cut = _cut_by(crop, contents, safe)
    if not cut:
        return Reframing(crop, "nothing that matters is cut", contents)
    stops = _stops_at(larger, contents)
    if not stops:
        return Reframing(larger, f"the ground goes on; a crop is no way: {cut}", contents)
    return Reframing(behind, f"{stops}; a crop is no way: {cut}", contents)


def _cut_by(crop: Layout, contents: Contents, safe: Shares) -> str:
    """What a crop would cut, "" when nothing."""
    share = crop.height * crop.width / (crop.tall * crop.broad)
    if share < CHOOSING.crop_least:
        return f"it keeps {share:.0%} of the cover"
    if not all(crop.keeps(box, safe) for box in contents.words):
        return "lettering would be cut or hidden"
    if not all(crop.keeps(box, safe) for box in contents.faces):
        return "a face would be cut or hidden"
    subject = contents.subject
    at = Window(crop)
    window = at.over(np.ascontiguousarray(np.dstack([subject] * 3)))
    kept = float(window[..., 0].mean()) * crop.height * crop.width / (crop.tall * crop.broad)
    whole = float(subject.mean())
    return (
        "" if whole < 0.01 or kept / whole >= CHOOSING.crop_keeps else f"{1 - kept / whole:.0%} of the subject is cut"
    )


def _stops_at(layout: Layout, contents: Contents) -> str:
    """Why the ground does not go on beyond the edges of this layout, "" when it does."""
    ground = contents.ground
    turns = {"top": 0, "bottom": 2, "left": 3, "right": 1}
    margins = dict(zip(turns, Extension(layout, ground, contents.hidden).margins, strict=True))
    for name, margin in margins.items():
        if margin < 0.02 * min(layout.tall, layout.broad):
            continue
        turned = np.ascontiguousarray(np.rot90(ground, turns[name]))
        hidden = np.ascontiguousarray(np.rot90(contents.hidden, turns[name]))
        subject = np.ascontiguousarray(
            np.rot90(resized(contents.subject, ground.shape[1], ground.shape[0]), turns[name])
        )
        edge = subject[: max(2, len(subject) // 40)].max(0)
        if float((edge > 0.5).mean()) > CHOOSING.edge_subject:
            return f"the subject goes over the {name} edge"
        if _varies(turned) > CHOOSING.edge_varies:
            return f"things are cut by the {name} edge"
        miss = _missed(turned, hidden)
        if miss > CHOOSING.miss:
            return f"the picture does not go on by itself at the {name} ({miss:.0f} grey levels off)"
    return ""


def _varies(ground: np.ndarray) -> float:
    """Grey levels, standard deviation of broad colour along the top edge, but for a gradient."""
    edge = cv2.blur(ground[: max(2, len(ground) // 30)].mean(0, keepdims=True), (15, 1))[0]
    along = np.linspace(-1, 1, len(edge))
    even = np.stack([np.polyval(np.polyfit(along, channel, 1), along) for channel in edge.T], axis=1)
    return float((edge - even).std(axis=0).max())


def _missed(ground: np.ndarray, hidden: np.ndarray) -> float:
    """Grey levels, mean over broad colours: hide a strip at the top and extend the rest over it again."""
    side = min(ground.shape[:2])
    strip = max(4, round(CHOOSING.trial * side))
    height, width = ground.shape[:2]
    layout = Layout(Way.EXTEND, height, width, strip, 0, height - strip, width)
    made = Extension(layout, ground[strip:], hidden[strip:]).over(ground[strip:])[:strip]
    apart = cv2.blur(made.astype(np.float32), (strip, strip)) - cv2.blur(
        ground[:strip].astype(np.float32), (strip, strip)
    )
    return float(np.abs(apart).mean())
