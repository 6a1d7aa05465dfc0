"""Shots without a model: a cover, reframed to the film's shape, moves as the words feel.

None of it goes through ComfyUI: a graph holds all frames of what it makes in memory (a minute at 720p is 16 GB there),
and nothing here needs a model that a server would have to load. Here frames pass one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np

from ..formats.drawn import Lifted, drawn, lift
from ..formats.preset import Shares
from ..formats.reframe.choose import reframe
from ..formats.reframe.contents import contents_of
from ..formats.reframe.layout import Layout
from ..image import fit
from ..limits import STRENGTH
from ..motion.recipe import Recipe, derive_recipe
from ..pixels import resized
from ..prompt.directed import NOMINAL, ambient_recipe
from ..prompt.form.answers import Mood
from ..prompt.measured import measured_answer
from ..prompt.words.wish import read_wish
from .take import Take
from .timing import FPS

WIDTH, HEIGHT = 1280, 720
_TURN = 4 * FPS  # frames of the loop that a shot repeats
_LARGEST = 1280  # px of a cover's shorter side: more is not seen at this size
_LOWER = Shares(top=0.065, bottom=0.16)  # lines stand below; above, the largest zoom must not cut a whole cover
_ZOOM_LEAST = 1.01  # so that the motion of the camera never shows an edge


class Manner(NamedTuple):
    """strength: of what moves. zoom: of the picture at a shot's beginning and end. pan: shares of the width that it
    moves by meanwhile, rightwards."""

    strength: float
    zoom: tuple[float, float]
    pan: float = 0.0


MANNERS: dict[Mood, Manner] = {
    "calm": Manner(0.7, (1.02, 1.05)),
    "dreamy": Manner(0.9, (1.09, 1.03), 0.01),
    "warm": Manner(0.9, (1.02, 1.07)),
    "melancholic": Manner(0.7, (1.05, 1.05), -0.03),
    "dark": Manner(0.8, (1.03, 1.10)),
    "energetic": Manner(1.4, (1.04, 1.14), 0.02),
    "playful": Manner(1.3, (1.06, 1.06), 0.04),
    "majestic": Manner(1.0, (1.12, 1.02)),
}


@dataclass(frozen=True)
class Ground:
    """A cover as a film shows it. image: (H, W, 3) uint8 sRGB."""

    image: np.ndarray

    @cached_property
    def _cover(self) -> np.ndarray:
        image = self.image
        return fit(image, min(_LARGEST, min(image.shape[:2])))

    @cached_property
    def _looked(self):
        return lift(self._cover), contents_of(self._cover)

    @cached_property
    def whole(self) -> Lifted:
        """The cover in the film's shape, with its lettering."""
        lifted, contents = self._looked
        over = reframe(contents, HEIGHT, WIDTH, Shares()).ready(HEIGHT, WIDTH)
        layer = _laid(lifted.layer, over.layout)
        return Lifted(over.over(lifted.plate), layer, _laid(lifted.held, over.layout))

    @cached_property
    def clear(self) -> Lifted:
        """The same without what could be lifted of its lettering, so that the lines are the only words."""
        lifted, contents = self._looked
        plain = replace(contents, words=(), hidden=np.zeros_like(contents.hidden))
        over = reframe(plain, HEIGHT, WIDTH, _LOWER).ready(HEIGHT, WIDTH)
        nothing = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        return Lifted(over.over(lifted.plate), nothing, _laid(lifted.held, over.layout))

    @cached_property
    def card(self) -> Lifted:
        """Its colours alone, dark and without a shape: what stands for a picture that is not shown."""
        small = cv2.resize(self._cover, (16, 9), interpolation=cv2.INTER_AREA)
        wide = cv2.GaussianBlur(cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), (0, 0), 60)
        plate = (wide * 0.4).astype(np.uint8)
        return Lifted(plate, np.zeros((HEIGHT, WIDTH, 4), np.uint8), np.zeros((HEIGHT, WIDTH), np.float32))


def _laid(part: np.ndarray, at: Layout) -> np.ndarray:
    """A layer or mask of the cover where the cover lies in the picture."""
    made = np.zeros((at.height, at.width, *part.shape[2:]), part.dtype)
    fitted = resized(part, at.broad, at.tall, cv2.INTER_LINEAR)
    top, left = max(0, at.top), max(0, at.left)
    inside = fitted[top - at.top : at.height - at.top, left - at.left : at.width - at.left]
    made[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return made


def frames_of(take: Take, ground: Ground) -> Iterator[np.ndarray]:
    """The frames of a scene without its words, (720, 1280, 3) uint8 sRGB."""
    scene, manner = take.scene, MANNERS[take.mood]
    picture = ground.card if take.refused else ground.clear if scene.shots else ground.whole
    count = scene.last - scene.first
    turn = drawn(picture, count=min(_TURN, count), fps=Fraction(FPS), recipe=_recipe(picture.plate, take, manner))
    loop = [np.ascontiguousarray(frame) for frame in turn.frames()]
    still = not scene.shots  # the whole cover: its lettering would swim
    for number in range(count):
        frame = loop[number % len(loop)]
        yield frame.copy() if still else _seen(frame, manner, number / max(1, count - 1))


def poster(ground: Ground) -> np.ndarray:
    """The cover in the film's shape, (720, 1280, 3) uint8 sRGB."""
    return next(drawn(ground.whole, count=1, fps=Fraction(FPS), recipe=Recipe()).frames())


def _recipe(plate: np.ndarray, take: Take, manner: Manner) -> Recipe:
    """What suits the picture, as strong as the mood asks, and what the words name: rain, snow, petals."""
    measured = derive_recipe(plate, seed=take.seed)
    named = [move.model_copy(update={"strength": NOMINAL}) for move in read_wish(lyrics=take.words).movements]
    moves = (*named, *measured_answer(plate, measured).movements)
    stronger = [move.model_copy(update={"strength": min(1.0, move.strength * manner.strength)}) for move in moves]
    return ambient_recipe(stronger, measured, min(STRENGTH.high, manner.strength))


def _seen(frame: np.ndarray, manner: Manner, t: float) -> np.ndarray:
    """The frame as the camera sees it at 0..1 of the shot."""
    zoom = max(_ZOOM_LEAST, manner.zoom[0] + (manner.zoom[1] - manner.zoom[0]) * t)
    room = (1 - 1 / zoom) / 2
    pan = float(np.clip(manner.pan * (t - 0.5), -room, room))
    x, y = (0.5 + pan) * WIDTH - WIDTH / (2 * zoom), HEIGHT / 2 - HEIGHT / (2 * zoom)
    where = np.array([[1 / zoom, 0, x], [0, 1 / zoom, y]], np.float32)
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(frame, where, (WIDTH, HEIGHT), flags=how, borderMode=cv2.BORDER_REFLECT_101)
