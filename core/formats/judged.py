"""The judgement of a written file: of one turn as of any loop, and of every join between turns.

Goes by the decoded file, frame after frame; of a frame only what the judge keeps is kept.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from ..judge.judgement import Judgement
from ..judge.registry import rules
from ..judge.rules import STEP_SIDE, Verdict
from ..judge.score import score
from ..limits import FRAMES
from ..pixels import reduced, ring_steps
from ..video.colour import to_srgb
from ..video.decode import opened, turns_of, upright
from ..video.stills import shown

FILE_PIXELS = 60_000_000_000
"""Over all frames of a file that passes through: 20 s of 3840x3840 at 60 a second are 18."""


_HALVE_FROM = 2160
"""px of the shorter side from which frames are judged at half their size: what is measured is measured at 512 px or
less, but for the first frame."""


@dataclass(frozen=True)
class Judged:
    """turn: of the first turn; joins: the step at every join over the median step, the last one back to the start."""

    turn: Judgement
    joins: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"joins": [round(join, 3) for join in self.joins], **self.turn.to_dict()}

    @classmethod
    def of_dict(cls, told: Mapping[str, Any]) -> Judged:
        """Raises KeyError, TypeError: it is none."""
        return cls(
            Judgement.of_dict({name: value for name, value in told.items() if name != "joins"}), tuple(told["joins"])
        )

    @property
    def problems(self) -> list[str]:
        rule = rules()["seam_ratio"]
        bad = [join for join in self.joins if rule.verdict(join, self.turn.figures) is Verdict.OUTSIDE]
        inner = [f"between turns {rule.words(join)}" for join in bad[:1]]
        return [*self.turn.problems, *inner]


@contextlib.contextmanager
def frames_in(path: Path, convert: Callable[[av.VideoFrame], np.ndarray] = upright) -> Iterator[Iterator[np.ndarray]]:
    """The frames of a video or an animated picture, (H, W, 3) uint8 sRGB, one after the other. convert: see `opened`.

    Raises:
        ClipError: it cannot be read.
    """
    if path.suffix.lower() in (".gif", ".webp", ".avif"):
        yield shown(path)
        return
    with opened(path, max_frames=8 * FRAMES.high, max_pixels=FILE_PIXELS, convert=convert) as video:
        yield video.frames


def _as_judged(picture: av.VideoFrame) -> np.ndarray:
    height, width = picture.height, picture.width
    size = (height // 2, width // 2) if min(height, width) >= _HALVE_FROM else None
    return np.ascontiguousarray(np.rot90(to_srgb(picture, size), turns_of(picture)))


def judge_file(
    path: Path,
    *,
    turn: int,
    fps: float | Fraction,
    cover: np.ndarray | None = None,
    lettering: np.ndarray | None = None,
    words: Sequence[Any] = (),
) -> Judged:
    """Judge what was written. turn: frames of one turn. cover: (h, w, 3) uint8, the still in the shape of the file;
    lettering, words: see `score`.

    Raises:
        ClipError: it cannot be read, or has fewer frames than a turn.
    """
    small: list[np.ndarray] = []

    def seen(frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        for frame in frames:
            small.append(reduced(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32), STEP_SIDE))
            yield frame

    with frames_in(path, _as_judged) as frames:
        rest = seen(frames)
        judgement = score(itertools.islice(rest, turn), fps=fps, cover=cover, lettering=lettering, words=words)
        for _ in rest:
            pass
    steps, _ = ring_steps(np.stack(small))
    median = max(float(judgement.figures["median_step"] or 0), 0.02)
    return Judged(judgement, tuple(float(step) / median for step in steps[turn - 1 :: turn]))
