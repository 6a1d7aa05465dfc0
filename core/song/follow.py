"""What a loop takes from a song: whole bars for its length, an accent for each beat, how much moves, the mood.

The loop begins on a bar, in the loudest bars of the chosen section, so its beats lie at equal steps from frame 0.
"""

from __future__ import annotations

import json
import math
import re
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from ..errors import SongError
from ..limits import SECONDS, SONG_SECONDS, STRENGTH
from ..motion.region import Strict, Unit
from ..prompt.form.answers import Mood
from .calibration import FOLLOWING
from .heard import Heard, Section

MAX_TEXT = 20_000
_CLOCK = re.compile(r"(?:(\d+):)?(\d+(?:\.\d+)?)")


class Following(Strict):
    """seconds: of the loop, `bars` bars of `metre` beats. accents: 0..1 of each beat. start: where in the song the loop
    begins, s. strength: what everything that moves is multiplied by; loudness: LUFS, of the bars that are followed."""

    version: Literal[1] = 1
    seconds: Annotated[float, Field(ge=SECONDS.low, le=SECONDS.high)]
    tempo: Annotated[float, Field(ge=20, le=400)]
    metre: Literal[3, 4]
    bars: Annotated[int, Field(ge=1, le=20)]
    accents: Annotated[tuple[Unit, ...], Field(min_length=3, max_length=80)]
    start: Annotated[float, Field(ge=0, le=SONG_SECONDS.high)] = 0.0
    strength: Annotated[float, Field(ge=STRENGTH.low, le=STRENGTH.high)] = 1.0
    loudness: float | None = None
    mood: Mood | None = None
    mood_confidence: Unit = 0.0
    key: Annotated[str, Field(max_length=10)] = ""
    title: Annotated[str, Field(max_length=300)] = ""
    artist: Annotated[str, Field(max_length=300)] = ""

    @classmethod
    def parse(cls, text: str) -> Following:
        """Read what `to_json` wrote.

        Raises:
            SongError: not that, or a field that is unknown, missing or out of range.
        """
        try:
            if len(text) > MAX_TEXT:
                raise ValueError(f"{len(text)} characters; the limit is {MAX_TEXT}")
            read = cls.model_validate(json.loads(text))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "song"
            raise SongError(f"song: {where}: {first['msg'].lower()}; give what Song shows") from error
        except (ValueError, RecursionError) as error:
            raise SongError(f"song: is not JSON ({error}); give what Song shows") from error
        if len(read.accents) != read.bars * read.metre:
            raise SongError(f"song: {len(read.accents)} accents; {read.bars} bars of {read.metre} have as many beats")
        return read

    def to_json(self) -> str:
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False)

    def words(self) -> str:
        """For a model, as a hint."""
        return f"{self.tempo:.0f} beats a minute, {self.metre}/4, {self.key}, sounds {self.mood}"


def follow(heard: Heard, seconds: float, section: str = "") -> Following:
    """What a loop of about `seconds` takes from a song.

    section: "" is the loudest, or the loudest bars of the song where that is too short; else its number from 1, or
    from-to in seconds or minutes ("1:02-1:20").

    Raises:
        SongError: no such section, or one without a whole bar.
    """
    part = chosen(heard, section)
    if not section.strip() and part.end - part.start < seconds:
        part = Section(heard.start, heard.end, part.loudness)
    first, bars = _bars(heard, part, seconds)
    edges = np.append(heard.bars, heard.bars[-1] + heard.metre * 60 / heard.tempo)
    length = float(edges[first + bars] - edges[first])
    beats = heard.bars[first] + np.arange(bars * heard.metre) * length / (bars * heard.metre)
    loud = _loud(heard, beats, length / len(beats))
    accents = 10 ** ((loud - loud.max()) / FOLLOWING.softer)
    accents *= np.tile(FOLLOWING.threes if heard.metre == 3 else FOLLOWING.fours, bars)
    accents = np.clip(accents / accents[0], FOLLOWING.least, 1.0)
    usual = float(np.median(heard.loudness[heard.loudness > heard.loudness.max() - 30]))
    strength = float(np.clip(1 + (loud.mean() - usual) / FOLLOWING.louder, FOLLOWING.calm, FOLLOWING.alive))
    return Following(
        seconds=round(length, 6),
        tempo=round(60 * len(beats) / length, 3),
        metre=3 if heard.metre == 3 else 4,
        bars=bars,
        accents=tuple(round(float(accent), 3) for accent in accents),
        start=round(float(heard.bars[first]), 3),
        strength=round(strength, 3),
        loudness=round(float(loud.mean()), 1),
        mood=heard.mood,
        mood_confidence=round(heard.mood_confidence, 2),
        key=heard.key,
        title=heard.title,
        artist=heard.artist,
    )


def chosen(heard: Heard, section: str) -> Section:
    """The section that is named; as in `follow`, and raises as it does."""
    text = section.strip()
    if not text:
        return heard.loudest
    if text.isdecimal() and 1 <= int(text) <= len(heard.sections):
        return heard.sections[int(text) - 1]
    told = _span(text)
    if told is not None and heard.start <= told[0] < told[1] <= heard.end + 0.1:
        return Section(*told, heard.loudest.loudness)
    parts = ", ".join(f"{n}: {s.start:.1f}-{s.end:.1f} s" for n, s in enumerate(heard.sections[:12], 1))
    raise SongError(f"section {text}: give the number of one ({parts}) or from-to in seconds, as 62-80 or 1:02-1:20")


def span(text: str, seconds: float) -> tuple[float, float]:
    """From-to in seconds or minutes ("62-80", "1:02-1:20") as two times in seconds, of a song of so many.

    Raises:
        SongError: not that, or not in the song.
    """
    told = _span(text)
    if told is None or not 0 <= told[0] < told[1] <= seconds + 0.1:
        raise SongError(f"section {text}: give from-to in seconds, as 62-80 or 1:02-1:20; the song has {seconds:.1f} s")
    return told[0], min(told[1], seconds)


def _span(text: str) -> tuple[float, float] | None:
    ends = [_CLOCK.fullmatch(part.strip()) for part in text.split("-")]
    if len(ends) != 2 or not all(ends):
        return None
    start, end = (60 * int(match[1] or 0) + float(match[2]) for match in ends if match)
    return start, end


def _bars(heard: Heard, part: Section, seconds: float) -> tuple[int, int]:
    """The first bar of the loop and how many: as near to `seconds` as may be, where the section is loudest."""
    bar = heard.metre * 60 / heard.tempo
    inside = np.flatnonzero((heard.bars >= part.start - 0.05) & (heard.bars + bar <= part.end + 0.3))
    if not len(inside):
        where = f"section {part.start:.1f}-{part.end:.1f} s"
        raise SongError(f"{where}: holds no whole bar of {bar:.1f} s; give a longer one")
    most = max(1, min(len(inside), math.floor(SECONDS.high / bar), 80 // heard.metre, 20))
    count = int(np.clip(round(seconds / bar), 1, most))
    loud = _loud(heard, heard.bars[inside], bar)
    sums = np.convolve(10 ** (loud / 10), np.ones(count), "valid")
    return int(inside[int(sums.argmax())]), count


def _loud(heard: Heard, times: np.ndarray, length: float) -> np.ndarray:
    """LUFS from each of `times` on for `length` s."""
    power = np.concatenate([[0.0], np.cumsum(10 ** (heard.loudness.astype(np.float64) / 10))])
    at = np.clip((np.stack([times, times + length]) - heard.start) * heard.rate, 0, len(power) - 1)
    low, high = np.interp(at, np.arange(len(power)), power)
    return 10 * np.log10(np.maximum(high - low, 1e-10) / np.maximum(at[1] - at[0], 1e-6))
