"""Shots of a film into one file: each is coded on its own, and joined they are only copied.

So a film of any length needs the memory of one shot, and one that was cut short goes on from its last whole shot.
"""

from __future__ import annotations

import heapq
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import av.error
import numpy as np
from av.audio.stream import AudioStream
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream
from av.video.stream import VideoStream

from ..errors import ClipError, UsageError
from ..files import whole_file
from .decode import READABLE
from .mux import Coded, checked_frames, mux, told

SOUND_RATE = 44100
CRF = 19
_BLOCK = 1024  # samples that AAC codes together
_MS = Fraction(1, 1000)
# Key frames every two seconds, so that players can jump; the same settings for all shots, or they could not be joined.
_X264 = "keyint=48:scenecut=0:bframes=2:b-adapt=0"
_SHOT = Coded("mp4", "libx264", "yuv420p", {"profile": "high", "preset": "veryfast", "x264-params": _X264},
              last_alone=False)  # fmt: skip
# What the coder of MP4's text tracks asks for: a style in the form of ASS. Players set the words in their own.
_STYLE = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


class Said(NamedTuple):
    """start, end: s."""

    text: str
    start: float
    end: float


def write_shot(frames: Iterable[np.ndarray], path: Path, fps: Fraction, crf: int = CRF) -> None:
    """Write one shot as MP4 (H.264, Rec.709, no sound), whole or not at all. frames: (H, W, 3) uint8 sRGB, even sides.
    crf: x264's constant rate factor.

    Raises:
        ClipError: no frames, or not of one size. UsageError: it cannot be written.
    """
    with whole_file(path) as part:
        mux(checked_frames(frames), part, replace(_SHOT, options={**_SHOT.options, "crf": str(crf)}), fps, {})


def join(
    shots: Sequence[Path],
    path: Path,
    *,
    sound: Iterable[np.ndarray] | None = None,
    subtitles: Sequence[Said] = (),
    chapters: Sequence[Said] = (),
    words: Mapping[str, str] | None = None,
    graph: Mapping[str, str] | None = None,
) -> None:
    """Join what `write_shot` wrote into one MP4, whole or not at all; the index is in front.

    sound: blocks (2, n) float32 -1..1 at `SOUND_RATE`, read as they are needed, coded as AAC. subtitles: in order, one
    after the other: a text track. words: title, artist, comment. graph: keys of our own; a file that has any stores all
    its words so that fewer players show them.

    Raises:
        ClipError: no shots, or shots that were coded otherwise. UsageError: it cannot be written.
    """
    if not shots:
        raise ClipError("no shots to join; a film needs at least one")
    layout = {"movflags": "+faststart+use_metadata_tags" if graph else "+faststart"}
    with whole_file(path) as part, told(path), av.open(str(part), "w", "mp4", layout) as film:
        film.metadata.update({**(words or {}), **(graph or {})})
        with av.open(str(shots[0]), container_options={"format_whitelist": READABLE}) as first:
            picture = film.add_stream_from_template(first.streams.video[0])
        tracks = [_copied(shots, picture)]
        if sound is not None:
            audio = film.add_stream("aac", rate=SOUND_RATE, layout="stereo", bit_rate=192_000)
            assert isinstance(audio, AudioStream)
            tracks.append(_coded(sound, audio))
        if subtitles:
            text = film.add_stream("mov_text")
            assert isinstance(text, SubtitleStream)
            text.codec_context.subtitle_header = _STYLE  # type: ignore[attr-defined]
            text.time_base = _MS
            tracks.append(_set(subtitles, text))
        if chapters:
            film.set_chapters([_chapter(number, one) for number, one in enumerate(chapters)])
        film.start_encoding()
        for packet in heapq.merge(*tracks, key=_time):
            film.mux(packet)


def check_library() -> None:
    """Raises UsageError where the PyAV that is installed writes no text track; before it takes time to find out."""
    if not hasattr(SubtitleCodecContext, "encode_subtitle"):
        raise UsageError(f"a film needs PyAV 16.1 or later, this is {av.__version__}; pip install 'coverloop[film]'")


def srt(subtitles: Sequence[Said]) -> str:
    """Subtitles as SubRip text."""
    parts = (f"{n}\n{_clock(one.start)} --> {_clock(one.end)}\n{one.text}\n" for n, one in enumerate(subtitles, 1))
    return "\n".join(parts)


def _clock(seconds: float) -> str:
    ms = round(1000 * seconds)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"


def _time(packet: av.Packet) -> Fraction:
    at = packet.dts if packet.dts is not None else packet.pts
    return (at or 0) * (packet.time_base or _MS)


def _copied(shots: Sequence[Path], into: VideoStream) -> Iterator[av.Packet]:
    """The packets of all shots, each behind the one before."""
    header, begin = None, Fraction(0)
    for path in shots:
        with av.open(str(path), container_options={"format_whitelist": READABLE}) as shot:
            stream = shot.streams.video[0]
            coded = stream.codec_context.extradata
            if header not in (None, coded):
                raise ClipError(f"{path}: was coded otherwise than the shot before; render it anew")
            header, base = coded, stream.time_base or _MS
            offset, length = round(begin / base), 0
            for packet in shot.demux(stream):
                if packet.pts is None or packet.dts is None:
                    continue
                length = max(length, packet.pts + (packet.duration or 0))
                packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                packet.stream = into
                yield packet
            begin += length * base


def _coded(sound: Iterable[np.ndarray], into: AudioStream) -> Iterator[av.Packet]:
    fifo, count = av.AudioFifo(), 0
    for block in sound:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block, np.float32), "fltp", "stereo")
        frame.sample_rate, frame.pts = SOUND_RATE, count
        frame.time_base = Fraction(1, SOUND_RATE)
        count += block.shape[1]
        fifo.write(frame)
        for whole in fifo.read_many(_BLOCK):
            yield from into.encode(whole)
    if (rest := fifo.read(0, partial=True)) is not None:
        yield from into.encode(rest)
    yield from into.encode(None)


def _set(subtitles: Sequence[Said], into: SubtitleStream) -> Iterator[av.Packet]:
    for one in subtitles:
        text = one.text.encode()
        packet = av.Packet(struct.pack(">H", len(text)) + text)
        packet.stream, packet.time_base = into, _MS
        packet.pts = packet.dts = round(1000 * one.start)
        packet.duration = round(1000 * one.end) - packet.pts
        yield packet


def _chapter(number: int, one: Said) -> dict:
    ends = {"start": round(1000 * one.start), "end": round(1000 * one.end), "time_base": _MS}
    return {"id": number, **ends, "metadata": {"title": one.text}}
