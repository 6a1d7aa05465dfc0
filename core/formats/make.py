"""A loop into a file for a place: reframed, repeated in whole turns, written, judged and checked, frame after frame.

Frames pass one after the other; none but those at work lie in memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UsageError
from ..limits import CRF
from ..parallel import in_order
from ..video.encode import frame_rate, write_poster
from ..video.facts import read_facts
from ..video.playlist import write_playlist
from ..video.write import write
from .judged import Judged, judge_file
from .preset import Format
from .reframe.choose import Over, reframe
from .reframe.contents import Contents, contents_of
from .reframe.layout import Way, same_shape
from .registry import Wanted
from .rules import Line, check

_SLACK = 0.02
_AHEAD = 1
"""Frames under way while one is encoded: large ones are 44 MB each."""


@dataclass(frozen=True)
class Turn:
    """One turn of a loop. frames: a fresh pass over its frames, (h, w, 3) uint8, each time it is called; count of them;
    height, width: of the picture that was drawn, before it is scaled; enlarged: how many times the cover was for it."""

    frames: Callable[[], Iterator[np.ndarray]]
    count: int
    fps: Fraction
    height: int
    width: int
    enlarged: float = 1.0


@dataclass(frozen=True)
class Made:
    """A file for a place. turns: how often the loop goes round in it; lines: of `rules.check`; notes: for a person."""

    wanted: Wanted
    video: Path
    poster: Path
    turns: int
    judged: Judged
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()

    @property
    def problems(self) -> list[str]:
        """What the place would refuse, and what the judge says."""
        return [*(f"{line.rule}: {line.said}" for line in self.lines if not line.met), *self.judged.problems]

    def to_dict(self) -> dict[str, Any]:
        files = {"preset": self.wanted.id, "video": str(self.video), "poster": str(self.poster), "turns": self.turns}
        return {**files, "problems": self.problems, "notes": list(self.notes), "judgement": self.judged.to_dict()}


def make(
    turn: Turn, wanted: Wanted, over: Over, stem: Path, *, words: Mapping[str, str] | None = None, way: str = ""
) -> Made:
    """Write `<stem>.<preset>.<ending>` and its poster, and say what became of it.

    over: the way to the shape of the format, at its size. words: title, artist, comment of the file.

    Raises:
        ClipError: the frames are none. UsageError: it cannot be written, or one turn is longer than the place takes.
    """
    asked = wanted.format
    fps, notes = rate_for(turn.fps, asked)
    turns = turns_for(turn.count / fps, asked, wanted.id)
    video = stem.with_name(wanted.file_name(stem.name))
    still: list[np.ndarray] = []

    def frames() -> Iterator[np.ndarray]:
        for _ in range(turns):
            for frame in _over(over, turn):
                if not still:
                    still.append(frame)
                yield frame

    coding = asked.coding
    while True:
        write(frames(), video, coding, fps=fps, words=words)
        over_rate = read_facts(video).mbps / asked.mbps.high
        if over_rate <= 1 or coding.mbps is not None or coding.crf >= CRF.high:
            break
        # A rate that x264 holds by itself is held at the cost of the last frame, and the join shows.
        coding = replace(coding, crf=min(int(CRF.high), coding.crf + max(1, round(6 * math.log2(over_rate)))))
    if coding is not asked.coding:
        notes.append(f"coded at crf {coding.crf} to stay under {asked.mbps.high:g} Mbps")
    shown = video
    if asked.coding.kind == "hls":
        shown = video.with_suffix(".m3u8")
        write_playlist(video, shown, turns * turn.count / fps)
    poster = video.with_suffix(".jpg") if asked.video else stem.with_name(f"{stem.name}.{wanted.preset}.jpg")
    write_poster(still[0], poster)
    few_colours = asked.coding.kind == "gif"
    judged = judge_file(video, turn=turn.count, fps=fps, cover=None if few_colours else still[0])
    lines = tuple(check(read_facts(shown), asked))
    notes += enlarged(max(over.layout.tall / turn.height, over.layout.broad / turn.width) * turn.enlarged, asked)
    if few_colours:
        notes.append("256 colours: not judged by how well it keeps the cover")
    return Made(wanted, shown, poster, turns, judged, lines, (*([way] if way else ()), *notes))


def _over(over: Over, turn: Turn) -> Iterator[np.ndarray]:
    at = over.layout
    if at.way is Way.OWN and (at.height, at.width) == (turn.height, turn.width):
        return turn.frames()
    return in_order(over.over, turn.frames(), ahead=_AHEAD, workers=_AHEAD)


def make_all(
    turn: Turn, asked: Sequence[Wanted], stem: Path, *, way: str = "auto", words: Mapping[str, str] | None = None
) -> list[Made]:
    """One loop for every format; its cover is its first frame, looked at only where another shape is asked for.

    way: see `reframe`. Raises as `make`, and before anything is written where a turn is too long for a place.
    """
    for one in asked:
        turns_for(turn.count / rate_for(turn.fps, one.format)[0], one.format, one.id)
    looked: Contents | None = None
    made = []
    for one in asked:
        height, width = one.format.size_for(turn.height, turn.width)
        if looked is None and not same_shape((turn.height, turn.width), height, width):
            looked = contents_of(next(iter(turn.frames())))
        contents = looked or Contents.of_shape(turn.height, turn.width)
        chosen = reframe(contents, height, width, one.format.safe, way)
        made.append(make(turn, one, chosen.ready(height, width), stem, words=words, way=chosen.said))
    return made


def rate_for(fps: Fraction, asked: Format) -> tuple[Fraction, list[str]]:
    """Frames a second of the file. Every frame is shown at the rate that comes nearest to its own."""
    rates = asked.rates or (() if asked.fps.holds(float(fps)) else asked.fps)
    if not rates:
        return fps, []
    nearest = min((frame_rate(rate) for rate in rates), key=lambda rate: abs(float(rate / fps) - 1))
    change = float(nearest / fps) - 1
    if abs(change) < 1e-6:
        return nearest, []
    speed = f"{abs(change):.0%} {'faster' if change > 0 else 'slower'}"
    return nearest, [f"plays at {float(nearest):g} frames a second in place of {float(fps):g}: {speed}"]


def turns_for(seconds: Fraction, asked: Format, name: str) -> int:
    """How many whole turns a file of the format has. Raises UsageError: one is too long already."""
    least, most = asked.seconds
    turns = max(1, -(-round(1000 * (least - _SLACK)) // max(1, round(1000 * seconds))))
    if turns * seconds > most + _SLACK:
        raise UsageError(
            f"{name} takes {least:g} to {most:g} s; {turns} turns of {float(seconds):g} s are "
            f"{float(turns * seconds):g} s: render it with another --seconds"
        )
    return turns


def enlarged(times: float, asked: Format) -> list[str]:
    """Said where a picture is enlarged so many times."""
    if times < 1.02:
        return []
    return [f"upscaled {times:.1f} times" + ("; Apple refuses upscales" if asked.no_upscales else "")]
