"""When what is shown: lines in time with the song, and cuts on bars, none of them inside a line.

LRC gives a line's beginning and not its end. A line counts as sung for as long as it takes to read, and stays until the
next one begins or a cut comes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ..errors import UsageError
from .segments import is_header
from .shots import Shot
from .text import Words

FPS = 24
BAR, METRE = 2.0, 4
"""Seconds of a bar, and beats in it, where there is no song: 120 beats a minute, and 48 frames."""
_READ = 14.0  # letters a second
_LEAST, _MOST = 0.8, 8.0  # s that a line is shown
_CROWDED = 0.6  # s a line below which nobody can read
_SLOW = 1.2  # s that each line has at least between two sections that shots are put to
_FAR = 2  # bars that a cut may lie from the first line of its shot
_OPENING = 2  # bars without a line that make a scene of their own
_TAIL = 2.0  # s after the last line, where no times are told


@dataclass(frozen=True)
class Grid:
    """beats, bars, sections: s, ascending; a bar and a section is where it begins. sections: those of a song."""

    beats: tuple[float, ...]
    bars: tuple[float, ...]
    sections: tuple[float, ...] = ()

    @property
    def bar(self) -> float:
        """Usual length of a bar, s."""
        return float(np.median(np.diff(self.bars))) if len(self.bars) > 1 else BAR


def even_grid(seconds: float) -> Grid:
    """The grid of a film without a song."""
    beat = BAR / METRE
    beats = tuple(number * beat for number in range(int(seconds / beat) + 1))
    return Grid(beats, beats[::METRE])


@dataclass(frozen=True)
class Caption:
    """A line, or what of it fits the picture at once. start, end: s. shot: number of the shot it belongs to."""

    text: str
    start: float
    end: float
    shot: int

    @property
    def sung(self) -> float:
        """Until when it must not be cut, s."""
        return min(self.end, self.start + max(_LEAST, len(self.text) / _READ))


@dataclass(frozen=True)
class Scene:
    """One picture, from frame `first` to before frame `last`. shots: numbers of those it shows, several where no cut
    could be made between them, none before and after the words."""

    first: int
    last: int
    shots: tuple[int, ...]
    captions: tuple[Caption, ...]


@dataclass(frozen=True)
class Schedule:
    """scenes: one behind the other, the whole film. remarks: what could not be as asked, in plain words."""

    scenes: tuple[Scene, ...]
    remarks: tuple[str, ...] = ()

    @property
    def captions(self) -> tuple[Caption, ...]:
        return tuple(caption for scene in self.scenes for caption in scene.captions)


def schedule(
    shots: Sequence[Shot], words: Words, grid: Grid, seconds: float, split: Callable[[str], list[str]]
) -> Schedule:
    """Put shots and their lines in time. split: a line -> what of it fits the picture at once, in order.

    Raises:
        UsageError: more lines than can be read in the time, or none that begins within it.
    """
    lines = _lines(shots, words, grid, seconds)
    captions = [caption for line in lines for caption in _pieces(line, split)]
    kept = [replace(one, end=min(one.end, seconds)) for one in captions if one.start < seconds - _LEAST / 2]
    remarks = [f"{len(captions) - len(kept)} lines begin after the film's end"] if len(kept) < len(captions) else []
    if not kept:
        raise UsageError(f"no line begins within the film's {seconds:g} s; give more --seconds")
    shown = kept[-1].end - kept[0].start
    if shown / len(kept) < _CROWDED:
        raise UsageError(
            f"{len(kept)} lines in {shown:.0f} s are {shown / len(kept):.2f} s a line, and nobody reads that; "
            "give more --seconds or fewer words"
        )
    cuts, merged = _cuts(kept, grid, seconds)
    remarks += [f"{merged} shots go on in the picture before: no bar there lies between lines"] if merged else []
    return Schedule(tuple(_scenes(cuts, kept, seconds)), tuple(remarks))


def _lines(shots: Sequence[Shot], words: Words, grid: Grid, seconds: float) -> list[Caption]:
    """Every line with its time, in order."""
    told = list(_told(shots, words))
    if not any(time is not None for _, _, time in told):
        return _spread(told, grid, seconds)
    starts = _filled([time for _, _, time in told], [len(text) for text, _, _ in told], seconds)
    ends = [*starts[1:], seconds]
    return [
        Caption(text, start, min(max(end, start), start + _MOST), shot)
        for (text, shot, _), start, end in zip(told, starts, ends, strict=True)
        if text
    ]


def _told(shots: Sequence[Shot], words: Words):
    """(text, shot, time or None) of every line; "" where a time without words ends the line before."""
    times = iter(words.times)
    for number, shot in enumerate(shots):
        for line in shot.text.splitlines():
            time, text = next(times, None), " ".join(line.split())
            if text and not is_header(text):
                yield text, number, time
            elif time is not None:
                yield "", number, time


def _filled(times: Sequence[float | None], lengths: Sequence[int], seconds: float) -> list[float]:
    """Lines without a time share the time between their neighbours, longer ones more of it."""
    known: list[tuple[int, float]] = [(-1, 0.0), *((i, time) for i, time in enumerate(times) if time is not None)]
    last = known[-1][1]
    known.append((len(times), max(last + _LEAST, min(seconds, last + _MOST * (len(times) - known[-1][0])))))
    filled = [0.0] * len(times)
    for (before, early), (after, late) in pairwise(known):
        share = [max(1, lengths[i]) if i >= 0 else 0 for i in range(before, after)]
        total, gone = max(1, sum(share)), 0
        for i in range(before, after):
            if i >= 0:
                filled[i] = early + (late - early) * gone / total
            gone += share[i - before]
    return filled


def _spread(told: Sequence[tuple[str, int, float | None]], grid: Grid, seconds: float) -> list[Caption]:
    """Lines without any time: shots begin where sections of the song do, those between share the time by their length
    and begin on bars, lines begin on beats."""
    begin = grid.bars[1 if len(grid.bars) > 3 else 0]
    end = max(begin + _LEAST, seconds - _TAIL)
    at = _shared(told, grid, begin, end)
    starts: list[float] = []
    for (_, shot, _), start in zip(told, at, strict=True):
        first = not starts or shot != told[len(starts) - 1][1]
        near = _nearest(grid.bars if first else grid.beats, start)
        starts.append(near if not starts or near > starts[-1] + _LEAST / 2 else max(start, starts[-1]))
    # The bar or beat nearest to the last line may lie behind the end that was meant for it.
    ends = [*starts[1:], max(float(end), min(seconds, starts[-1] + max(_LEAST, len(told[-1][0]) / _READ)))]
    return [
        Caption(text, start, min(max(stop, start), start + _MOST), shot)
        for (text, shot, _), start, stop in zip(told, starts, ends, strict=True)
    ]


def _shared(told: Sequence[tuple[str, int, float | None]], grid: Grid, begin: float, end: float) -> list[float]:
    """When each line begins, s: all share the time by their length, and again between shots that begin a section."""
    weights = np.array([len(text) + 10.0 for text, _, _ in told])
    at = begin + (end - begin) * (np.cumsum(weights) - weights) / weights.sum()
    firsts = [i for i, (_, shot, _) in enumerate(told) if i == 0 or shot != told[i - 1][1]]
    sections = [max(begin, start) for start in grid.sections if start < end - _LEAST]
    edges = [(0, float(begin))]
    for line, start in _matched(firsts, at, sections):
        if line == 0:
            edges = [(0, start)]
        elif start - edges[-1][1] >= _SLOW * (line - edges[-1][0]) and end - start >= _SLOW * (len(told) - line):
            edges.append((line, start))
    edges.append((len(told), float(end)))
    for (one, early), (other, late) in pairwise(edges):
        part = weights[one:other]
        at[one:other] = early + (late - early) * (np.cumsum(part) - part) / part.sum()
    return at.tolist()


def _matched(lines: Sequence[int], at: np.ndarray, sections: Sequence[float]) -> list[tuple[int, float]]:
    """(line, the section that it begins): as many as there are lines or sections, in order, the sum of their distances
    in time the least."""
    fewer = min(len(lines), len(sections))
    if not fewer:
        return []
    far = np.abs(np.subtract.outer(at[list(lines)], np.array(sections)))
    swapped = len(lines) > len(sections)
    far = far.T if swapped else far
    total, cameby = far.copy(), np.zeros(far.shape, int)
    for row in range(1, fewer):
        best = np.minimum.accumulate(total[row - 1])
        where = np.array([int(total[row - 1][: column + 1].argmin()) for column in range(far.shape[1])])
        total[row] = far[row] + np.append(np.inf, best[:-1])
        cameby[row, 1:] = where[:-1]
    column = int(total[-1].argmin())
    pairs = []
    for row in reversed(range(fewer)):
        pairs.append((lines[column], sections[row]) if swapped else (lines[row], sections[column]))
        column = int(cameby[row, column])
    return pairs[::-1]


def _nearest(times: Sequence[float], time: float) -> float:
    at = bisect_left(times, time)
    return min(times[max(0, at - 1) : at + 1], key=lambda one: abs(one - time))


def _pieces(line: Caption, split: Callable[[str], list[str]]) -> list[Caption]:
    parts = split(line.text)
    at = line.start + (line.end - line.start) * np.cumsum([0, *map(len, parts)]) / max(1, sum(map(len, parts)))
    return [
        Caption(part, float(start), float(end), line.shot)
        for part, start, end in zip(parts, at[:-1], at[1:], strict=True)
    ]


def _cuts(captions: Sequence[Caption], grid: Grid, seconds: float) -> tuple[list[tuple[float, int | None]], int]:
    """(time, the shot that begins there; None: no words) in order, and how many shots begin without a cut."""
    half = 0.5 / FPS
    free = [bar for bar in grid.bars if not any(one.start + half < bar < one.sung - half for one in captions)]
    first = {
        shot: min(one.start for one in captions if one.shot == shot) for shot in sorted({one.shot for one in captions})
    }
    bar, merged = grid.bar, 0
    cuts: list[tuple[float, int | None]] = [(0.0, None)]
    for shot, wanted in first.items():
        last = cuts[-1][0]
        near = [
            at for at in free if last + bar - half < at < seconds - bar / 2 and abs(at - wanted) < (_FAR + 0.1) * bar
        ]
        if shot == captions[0].shot and wanted < _OPENING * bar - half:
            cuts[0] = (0.0, shot)
        elif near:
            cuts.append((min(near, key=lambda at: abs(at - wanted)), shot))
        else:
            merged += 1
    ends = [at for at in free if at > captions[-1].sung and at >= cuts[-1][0] + bar - half]
    if ends and seconds - ends[0] > _OPENING * bar:
        cuts.append((ends[0], None))
    return cuts, merged


def _scenes(cuts: Sequence[tuple[float, int | None]], captions: Sequence[Caption], seconds: float):
    """A line that is still shown at a cut ends there."""
    ends = [*(at for at, _ in cuts[1:]), seconds]
    for (start, shot), end in zip(cuts, ends, strict=True):
        inside = [
            replace(one, end=min(one.end, end)) for one in captions if start - 0.5 / FPS <= one.start < end - 0.5 / FPS
        ]
        shots = (shot, *sorted({one.shot for one in inside} - {shot})) if shot is not None else ()
        yield Scene(round(start * FPS), round(end * FPS), shots, tuple(inside))
