"""What is seen of a scene besides its picture: its words as type, and how the film comes out of black and goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..pixels import smoothstep
from ..prompt.form.answers import Mood
from .captions import Setting, share_at
from .glossary import MOOD_OF
from .shots import Shot
from .timing import FPS, Scene

_BLACK_IN, _BLACK_OUT = 12, 30  # frames


@dataclass(frozen=True)
class Take:
    """All that decides the frames of a scene, but for its picture. mood, refused, words: of the shot it shows. frames:
    of the whole film."""

    scene: Scene
    mood: Mood
    words: str
    refused: bool
    seed: int
    frames: int
    setting: Setting


def take_of(scene: Scene, shots: tuple[Shot, ...], *, seed: int, frames: int, setting: Setting) -> Take:
    """What is drawn for a scene: as its first shot says, or as all words feel where it shows none."""
    if not scene.shots:
        return Take(scene, "calm", "", False, seed, frames, setting)
    shot = shots[scene.shots[0]]
    refused = bool(shot.refused)
    words = "" if refused else shot.text
    return Take(scene, MOOD_OF[shot.emotion], words, refused, seed, frames, replace(setting, card=refused))


def worded(pictures: Iterable[np.ndarray], take: Take) -> Iterator[np.ndarray]:
    """The frames of a scene with its words over them. pictures: (H, W, 3) uint8, one for each; they are drawn on."""
    scene = take.scene
    lines = [(take.setting.stamp(one.text), round(one.start * FPS), round(one.end * FPS)) for one in scene.captions]
    for now, frame in enumerate(pictures, scene.first):
        for stamp, first, last in lines:
            if (share := share_at(now, first, last, scene.last)) > 0:
                stamp.over(frame, share)
        light = min((now + 1) / _BLACK_IN, (take.frames - now) / _BLACK_OUT)
        yield frame if light >= 1 else cv2.convertScaleAbs(frame, alpha=float(smoothstep(light)))
