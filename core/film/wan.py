"""Shots by a video model: which clips a film needs, and their frames one behind the other.

Wan makes five seconds at once, and a shot may last longer: it then goes on in a further clip, which begins with the
last frame that was seen. The same joins two shots between which there is no cut. Knows no server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np

from ..limits import SEED
from ..pixels import middle
from ..wan.clip import TRAINED
from .shots import Shot
from .timing import FPS, Scene

_CLIPS = 100
"""Seeds that a shot has to itself, so that a shot that grows longer changes no other one's."""


@dataclass(frozen=True)
class Clip:
    """A clip to be made. shot: number of the shot it shows. frames: made, 4n + 1; `shown` of them are seen, the first
    one too unless it `follows`: then it is the last frame that was seen of the clip before."""

    shot: int
    prompt: str
    seed: int
    frames: int
    shown: int
    follows: bool

    @property
    def last(self) -> int:
        """Which of its frames is the last that is seen."""
        return self.shown - (not self.follows)


def clips_of(scenes: Sequence[Scene], shots: Sequence[Shot], seed: int, covered: bool) -> list[tuple[Clip, ...]]:
    """For each scene its clips; none where something else is shown: a title card, or the cover.

    A scene without words shows what the words before it, or else behind it, tell. covered: it shows a cover instead.
    """
    told: list[tuple[Clip, ...]] = []
    made = dict.fromkeys(range(len(shots)), 0)  # clips of each shot so far
    before = None  # the shot that the frame before is of
    for scene in scenes:
        clips: list[Clip] = []
        for shot, frames in _parts(scene, shots) if scene.shots else _around(scene, scenes, shots, covered):
            follows = bool(clips) or shot == before
            for length in _lengths(frames, follows):
                made_seed = (seed + _CLIPS * shot + made[shot]) % (SEED.high + 1)
                clips.append(Clip(shot, shots[shot].prompt, made_seed, *length))
                made[shot] += 1
        before = clips[-1].shot if clips else None
        told.append(tuple(clips))
    return told


def _parts(scene: Scene, shots: Sequence[Shot]) -> Iterator[tuple[int, int]]:
    """(shot, frames) of a scene: a further shot begins with its first line, one that must not be shown leaves the
    picture as it is; nothing where the first one must not be."""
    if shots[scene.shots[0]].refused:
        return
    shown = [shot for shot in scene.shots if not shots[shot].refused]
    starts = [scene.first]
    for shot in shown[1:]:
        first = next(round(one.start * FPS) for one in scene.captions if one.shot == shot)
        starts.append(min(max(first, starts[-1] + 1), scene.last - 1))
    for shot, (start, end) in zip(shown, pairwise([*starts, scene.last]), strict=True):
        if end > start:
            yield shot, end - start


def _around(scene: Scene, scenes: Sequence[Scene], shots: Sequence[Shot], covered: bool) -> Iterator[tuple[int, int]]:
    """(shot, frames) for a scene without words."""
    at = scenes.index(scene)
    near = [shot for one in reversed(scenes[:at]) for shot in reversed(one.shots)]
    near += [shot for one in scenes[at:] for shot in one.shots]
    near = [shot for shot in near if not shots[shot].refused]
    if near and not covered:
        yield near[0], scene.last - scene.first


def _lengths(frames: int, follows: bool) -> Iterator[tuple[int, int, bool]]:
    """(frames to make, frames shown, whether it follows) of clips that show `frames` together, of like length."""
    steps = max(1, frames if follows else frames - 1)
    fours = -(-steps // 4)
    count = -(-fours // ((TRAINED - 1) // 4))
    for number in range(count):
        share = fours * (number + 1) // count - fours * number // count
        first = not follows and number == 0
        shown = min(4 * share + first, frames)
        frames -= shown
        yield 4 * share + 1, shown, not first


def joined(clips: Iterable[tuple[Clip, Iterable[np.ndarray]]], height: int, width: int) -> Iterator[np.ndarray]:
    """What is seen of clips, one behind the other, as (height, width, 3) uint8. clips: each with its frames."""
    for clip, frames in clips:
        for frame in islice(frames, int(clip.follows), clip.last + 1):
            yield middle(frame, height, width)
