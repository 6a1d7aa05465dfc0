"""A source looked at once: where its clips lie, and what is measured of each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from ..core.lettering.border import border_of
from ..core.lettering.find import find_text
from ..core.pixels import LUMA, reduced
from ..core.video.colour import to_srgb
from ..core.video.decode import opened, turns_of, upright
from . import measures
from .calibration import CAMERA, DARK, FLICKER, LETTERING, MAKING, READING, STILL

FPS = 24
_ANY = 10**9  # frames: a source is read in order and left early, whatever its header tells
_PIXELS = 10**15


@dataclass(frozen=True)
class Window:
    """A clip to be: from frame `start` of the source on. ring: frames after which it begins again, 0 for none.
    cut: a hard cut lies in it."""

    start: int
    ring: int = 0
    cut: bool = False

    def frames(self, count: int, fps: Fraction) -> list[int]:
        """The source's frames that are shown at 24 a second: the nearest in time."""
        chosen = [self.start + math.floor(i * fps / FPS + Fraction(1, 2)) for i in range(count)]
        return [number % self.ring for number in chosen] if self.ring else chosen


@dataclass(frozen=True)
class Watched:
    """Of one clip. window: None where the source is too short for one. size: (height, width) without `border` (top,
    right, bottom, left px). Measures: as in `measures`; lettering: part of the picture, None where it was not looked
    for, since the clip is out anyway. busiest: frame of the clip from which on it moves most."""

    fps: tuple[int, int]
    size: tuple[int, int]
    border: tuple[int, int, int, int]
    window: Window | None
    notes: tuple[str, ...]
    seconds: float
    still: float = 0.0
    flicker: float = 0.0
    camera: float = 0.0
    bright: float = 0.0
    closes: bool = False
    lettering: float | None = None
    busiest: int = 0
    fingerprint: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, told: dict[str, Any]) -> Watched:
        window = told["window"] and Window(**told["window"])
        lists = {name: tuple(told[name]) for name in ("fps", "size", "border", "notes")}
        return cls(**{**told, **lists, "window": window})

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def rate(self) -> Fraction:
        return Fraction(*self.fps)


class Look(NamedTuple):
    """clips: at least one, which says what is wrong where nothing is right. poster: (h, w, 3) uint8, for a person.
    held: the pictures that were read, by number; none where they are too many."""

    clips: list[Watched]
    poster: np.ndarray
    held: dict[int, av.VideoFrame]


def watch(path: Path, count: int) -> Look:
    """The clips of `count` frames at 24 a second that a video holds, measured.

    Raises:
        ClipError: as `core.video.decode.opened`.
    """
    with opened(path, max_frames=_ANY, max_pixels=_PIXELS, convert=itself) as video:
        looks = _looks(video.expected, video.fps)
        seen, held, scaler = _Seen([], [], []), _Held({}), VideoReformatter()
        most, shape, total = math.ceil(READING.seconds * video.fps), (0, 0), 0
        chosen = _chosen(video.fps)
        due = next(chosen)
        for number, picture in enumerate(video.frames):
            if number >= most:
                break
            total = number + 1
            held.add(number, picture)
            if number in looks:
                whole = upright(picture)
                shape = (whole.shape[0], whole.shape[1])
                seen.large.append(reduced(whole, 720))
            if number == due:
                seen.small.append(_small(picture, scaler))
                seen.numbers.append(number)
                due = next(chosen)
    notes = list(video.notes)
    if total >= most:
        notes.append(f"only its first {READING.seconds:g} seconds were used")
    if video.fps < FPS:
        notes.append(f"its {float(video.fps):.4g} frames a second are shown more than once at times")
    border = _border(seen.large, shape)
    if any(border):
        notes.append("a border was cut off: top {}, right {}, bottom {}, left {} px".format(*border))
    height, width = shape[0] - border[0] - border[2], shape[1] - border[1] - border[3]
    facts = {
        "fps": (video.fps.numerator, video.fps.denominator),
        "size": (height, width),
        "border": border,
        "notes": tuple(notes),
        "seconds": round(total / float(video.fps), 3),
    }
    cut = [_cropped(picture, border, shape) for picture in seen.small]
    grey = np.stack([picture.astype(np.float32) @ LUMA for picture in cut])
    poster = reduced(cut[len(cut) // 2], min(MAKING.poster, min(cut[0].shape[:2])))
    lettered = [_cropped(picture, border, shape) for picture in seen.large]
    clips = _clips(grey, seen.numbers, total, video.fps, count)
    watched = [_measured(facts, grey, seen.numbers, clip, count, lettered) for clip in clips]
    return Look(watched, poster, held.pictures)


def itself(picture: av.VideoFrame) -> av.VideoFrame:
    return picture


def _small(picture: av.VideoFrame, by: VideoReformatter) -> np.ndarray:
    """What is measured, upright."""
    scale = min(1.0, READING.side / min(picture.height, picture.width))
    size = max(1, round(picture.height * scale)), max(1, round(picture.width * scale))
    return np.ascontiguousarray(np.rot90(to_srgb(picture, size, by), turns_of(picture)))


@dataclass
class _Held:
    pictures: dict[int, av.VideoFrame]
    bytes: int = 0

    def add(self, number: int, picture: av.VideoFrame) -> None:
        self.bytes += sum(plane.buffer_size for plane in picture.planes)
        if self.bytes <= READING.held:
            self.pictures[number] = picture
        else:
            self.pictures.clear()


@dataclass(frozen=True)
class _Seen:
    large: list[np.ndarray]
    small: list[np.ndarray]
    numbers: list[int]


def _chosen(fps: Fraction) -> Iterator[int]:
    """Frames that are shown at 24 a second, each once."""
    last, i = -1, 0
    while True:
        number = math.floor(i * fps / FPS + Fraction(1, 2))
        if number != last:
            yield number
        last, i = number, i + 1


def _looks(expected: int, fps: Fraction) -> set[int]:
    count = max(1, min(expected, math.ceil(READING.seconds * fps)))
    return {0} | {(2 * i + 1) * count // (2 * READING.border_looks) for i in range(READING.border_looks)}


def _border(pictures: list[np.ndarray], shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """px of the source; what is there in all pictures that are bright enough to tell."""
    told = [picture for picture in pictures if picture.mean() >= READING.picture]
    found = [border_of(picture, deepest=READING.border_deepest) for picture in told]
    bands = [band for band in found if band is not None]
    if not bands or len(bands) < len(found):
        return (0, 0, 0, 0)
    scale = shape[0] / told[0].shape[0]
    top, right, bottom, left = (math.ceil(min(side) * scale) for side in zip(*bands, strict=True))
    return top, right, bottom, left


def _cropped(picture: np.ndarray, border: tuple[int, int, int, int], shape: tuple[int, int]) -> np.ndarray:
    height, width = picture.shape[:2]
    top, bottom = (math.ceil(border[side] * height / shape[0]) for side in (0, 2))
    right, left = (math.ceil(border[side] * width / shape[1]) for side in (1, 3))
    return picture[top : height - bottom, left : width - right]


def _clips(grey: np.ndarray, numbers: list[int], total: int, fps: Fraction, count: int) -> list[Window | None]:
    small = measures.blurred(grey)
    starts = [numbers[i] for i in measures.cuts(small)]
    needs = math.floor((count - 1) * fps / FPS + Fraction(1, 2)) + 1  # frames of the source
    if not starts:
        closed, again = measures.closes(small)
        ring = total - again
        if closed and ring >= 6:
            turns = max(1, min(MAKING.windows, ring // needs))
            return [Window(turn * needs, ring) for turn in range(turns)]
    ends = [*starts, total]
    found: list[Window | None] = []
    for begin, end in zip([0, *starts], ends, strict=True):
        found += [Window(at) for at in range(begin, end - needs + 1, needs)]
    if found:
        return found[: MAKING.windows]
    return [Window(0, cut=True) if starts and total >= needs else None]


def _measured(
    facts: dict[str, Any],
    grey: np.ndarray,
    numbers: list[int],
    window: Window | None,
    count: int,
    lettered: list[np.ndarray],
) -> Watched:
    """Where there is no window, all of the source is measured, so that a person is told all that is wrong."""
    fps = Fraction(*facts["fps"])
    chosen = numbers if window is None else window.frames(count, fps)
    shown = [int(i) for i in np.searchsorted(numbers, chosen).clip(0, len(numbers) - 1)]
    own = grey[list(dict.fromkeys(shown))]
    small = measures.blurred(own)
    steps = np.abs(np.diff(grey[shown], axis=0)).mean((1, 2))
    few = min(MAKING.resolution_frames, count)
    run = np.convolve(steps, np.ones(few - 1), "valid") if len(steps) >= few - 1 else np.zeros(1)
    watched = Watched(
        window=window,
        still=round(measures.stillness(small), 3),
        flicker=round(measures.flicker(own), 3),
        camera=round(measures.camera(own, min(FPS, float(fps))), 4),
        bright=round(float(np.percentile(own, 99)), 1),
        closes=window is not None and window.ring > 0,
        busiest=int(run.argmax()),
        fingerprint=measures.fingerprint(own),
        **facts,
    )
    return watched if faults(watched) else replace(watched, lettering=_lettering(lettered[len(lettered) // 2]))


def faults(clip: Watched) -> list[str]:
    """Why a clip is not trained on, in words of one; measures alone, so that a duplicate is none."""
    found = {
        "small": min(clip.size) < MAKING.least,
        "short": clip.window is None,
        "cut": clip.window is not None and clip.window.cut,
        "dark": clip.bright < DARK.bright,
        "still": clip.still < STILL.departs,
        "flicker": clip.flicker > FLICKER.jumps,
        "camera": clip.camera > CAMERA.moves,
        "lettering": (clip.lettering or 0) > LETTERING.mostly,
    }
    return [reason for reason, holds in found.items() if holds]


def _lettering(picture: np.ndarray) -> float:
    """Part of (h, w, 3) that lies in boxes of lettering. Where two small looks find none, there is none."""
    picture = np.ascontiguousarray(picture)
    if not find_text(picture, read=False, sides=LETTERING.sides):
        return 0.0
    mask = np.zeros(picture.shape[:2], np.uint8)
    for region in find_text(picture, read=False):
        cv2.fillPoly(mask, [np.round(np.array(region.polygon)).astype(np.int32)], 1)
    return round(float(mask.mean()), 4)
