"""What moves in a clip, measured: where, which way, and how much, in words that a model or a caption can use."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from ..core.video.decode import opened

_SIDE = 192
"""px of the longer side on which motion is measured."""
_SAMPLES = 17
"""Frames that are compared, evenly over the clip."""
_MOVES = 0.12
"""px a frame of that size from which a place moves to the eye; grain and coding stay below 0.05."""
_BREATHES = 1.5
"""Grey levels by which a place's light rises and falls, from which it is seen."""
_LIGHT, _LIGHT_OF_ALL = "its light rises and falls", "the light of the whole picture rises and falls"
_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "centre", "right")
_WAYS = ("right", "down and right", "down", "down and left", "left", "up and left", "up", "up and right")


@dataclass(frozen=True)
class Seen:
    """moments: four frames that differ most, in their order, in one picture; first: the first frame; both (H, W, 3)
    uint8 sRGB; seconds: of the clip; told: what moves, a phrase each, none where nothing does."""

    moments: np.ndarray
    first: np.ndarray
    seconds: float
    told: tuple[str, ...]

    @property
    def words(self) -> str:
        return "; ".join(self.told) or "nothing moves that the eye would see"


def look(path: Path) -> Seen:
    """Measure a clip. Motion is Farneback's flow (2003) between frames a sixteenth of the clip apart.

    Raises:
        ClipError: it cannot be read.
    """
    with opened(path) as clip:
        frames, fps = list(clip.frames), float(clip.fps)
    places = np.unique(np.linspace(0, len(frames) - 1, min(_SAMPLES, len(frames))).round().astype(int))
    apart = max(1.0, (len(frames) - 1) / max(1, len(places) - 1))
    small = [_small(frames[place]) for place in places]
    flows = [
        cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 3, 15, 3, 5, 1.2, 0)  # type: ignore[call-overload]
        for a, b in pairwise(small)
    ]
    told = tuple(_places(np.array(flows) / apart, np.array(small, np.float32))) if flows else ()
    return Seen(_moments(frames, places, small), frames[0], len(frames) / fps, told)


def _small(frame: np.ndarray) -> np.ndarray:
    scale = _SIDE / max(frame.shape[:2])
    size = max(16, round(frame.shape[1] * scale)), max(16, round(frame.shape[0] * scale))
    return cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)


def _places(flows: np.ndarray, grey: np.ndarray) -> list[str]:
    """flows: (n, h, w, 2) px a frame; grey: (n + 1, h, w)."""
    height, width = grey.shape[1:]
    told = []
    for row, vertical in enumerate(_ROWS):
        for column, across in enumerate(_COLUMNS):
            part = np.s_[
                :,
                row * height // 3 : (row + 1) * height // 3,
                column * width // 3 : (column + 1) * width // 3,
            ]
            how = _how(flows[part], grey[part])
            if how:
                name = "centre" if (row, column) == (1, 1) else f"{vertical} {across}"
                told.append((name, how))
    ways = {how for _, how in told}
    if len(told) == 9 and len(ways) == 1:
        return [_LIGHT_OF_ALL if told[0][1] == _LIGHT else f"the whole picture {told[0][1]}"]
    return [f"{' and '.join(name for name, other in told if other == how)}: {how}" for how in sorted(ways)]


def _how(flows: np.ndarray, grey: np.ndarray) -> str:
    """What a place does; "" where it stands still."""
    moving = np.linalg.norm(flows, axis=-1)
    much = float(np.quantile(moving, 0.9, axis=(1, 2)).mean())
    light = grey.mean((1, 2))
    if much < _MOVES:
        return _LIGHT if float(np.ptp(light)) > _BREATHES else ""
    heavy = moving > 0.5 * np.quantile(moving, 0.9)
    mean = np.array(
        [step[part].mean(0) if part.any() else np.zeros(2) for step, part in zip(flows, heavy, strict=True)]
    )
    drift, swing = np.linalg.norm(mean.mean(0)), np.linalg.norm(mean, axis=1).mean()
    pace = "slowly" if much < 0.5 else "fast" if much > 2 else "steadily"
    if drift > 0.5 * swing and drift > 0.3 * much:
        angle = np.arctan2(mean.mean(0)[1], mean.mean(0)[0])
        return f"moves {pace} {_WAYS[round(float(angle) / (np.pi / 4)) % 8]}"
    return f"sways {pace} to and fro" if swing > 0.3 * much else f"stirs {pace}, each part its own way"


def _moments(frames: list[np.ndarray], places: np.ndarray, small: list[np.ndarray]) -> np.ndarray:
    """Four frames in one picture: the first, then each time the one that differs most from those chosen."""
    chosen = [0]
    while len(chosen) < min(4, len(places)):
        far = [min(float(np.abs(one.astype(int) - small[c]).mean()) for c in chosen) for one in small]
        chosen.append(int(np.argmax([-1 if i in chosen else value for i, value in enumerate(far)])))
    picked = [frames[places[i]] for i in sorted(chosen)]
    picked += [picked[-1]] * (4 - len(picked))
    return np.vstack([np.hstack(picked[:2]), np.hstack(picked[2:])])
