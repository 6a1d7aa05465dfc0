"""What a file is, read from the file itself: ours or anybody's. Nothing is decoded but the pictures of a GIF, WebP or
AVIF, whose times are told by their reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av
import av.error
from PIL import Image, UnidentifiedImageError

from ..errors import ClipError
from ..limits import FRAMES
from .boxes import layout
from .decode import READABLE
from .playlist import parts_of

STILLS = {"GIF": "gif", "WEBP": "webp", "AVIF": "avif"}
_UNEVEN = Fraction(1, 4)
"""Of a frame's time: further off the even times than rounding puts it."""


class Colour(NamedTuple):
    """As ITU-T H.273 numbers them; 1 is Rec.709, 2 is not told. full: range 0..255 in place of 16..235."""

    primaries: int
    transfer: int
    matrix: int
    full: bool


@dataclass(frozen=True)
class Facts:
    """kind: mp4, mov, webm, hls, gif, webp, avif or FFmpeg's name of what else it is. pixels: FFmpeg's pixel format.
    turned: degrees that players turn it by. square: pixels are. even: frames come at even times.

    What a kind of file does not have is None: index_first, edit_list (see `boxes.Layout`), first_decoded and
    first_shown (seconds), closed (no frame before a key frame needs the one before it), endless (it says that it loops
    for ever).
    """

    kind: str
    bytes: int
    width: int
    height: int
    frames: int
    seconds: Fraction
    codec: str
    profile: str = ""
    pixels: str = ""
    colour: Colour | None = None
    other_streams: tuple[str, ...] = ()
    turned: int = 0
    square: bool = True
    even: bool = True
    index_first: bool | None = None
    edit_list: bool | None = None
    first_decoded: Fraction | None = None
    first_shown: Fraction | None = None
    closed: bool | None = None
    endless: bool | None = None
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def fps(self) -> float:
        return float(self.frames / self.seconds) if self.seconds else 0.0

    @property
    def mbps(self) -> float:
        return float(8 * self.bytes / self.seconds / 1_000_000) if self.seconds else 0.0


def read_facts(path: Path) -> Facts:
    """What the file is.

    Raises:
        ClipError: missing, neither a video nor an animated picture, damaged, or longer than the bounds.
    """
    if not path.is_file():
        raise ClipError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}; give a video file")
    with path.open("rb") as file:
        head = file.read(32)
    if head.startswith(b"#EXTM3U"):
        return _of_playlist(path)
    if head[:6] in (b"GIF87a", b"GIF89a") or head[8:12] in (b"WEBP", b"avis", b"avif"):
        return _of_picture(path)
    return _of_video(path)


def _of_picture(path: Path) -> Facts:
    try:
        with Image.open(path, formats=list(STILLS)) as picture:
            count = getattr(picture, "n_frames", 1)
            if count > FRAMES.high:
                raise ClipError(f"{path}: {count} frames; the limit is {FRAMES.high}")
            kind = STILLS[str(picture.format)]
            times = []
            for number in range(count):
                picture.seek(number)
                if kind != "gif":
                    picture.load()  # these readers know the time of a frame once it is decoded
                times.append(round(picture.info.get("duration") or 0))
            width, height = picture.size
            endless = None if kind == "avif" else picture.info.get("loop") == 0
            usual = Fraction(sum(times), max(1, count))
            even = all(abs(time - usual) <= max(usual * _UNEVEN, 10) for time in times)
            seconds = Fraction(sum(times), 1000)
            size = path.stat().st_size
            return Facts(kind, size, width, height, count, seconds, kind, even=even, endless=endless)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise ClipError(f"{path}: is not a picture that can be read, or is damaged ({error})") from error


def _of_playlist(path: Path) -> Facts:
    parts = parts_of(path)
    facts = _of_video(parts.media)
    return Facts(**{**vars(facts), "kind": "hls", "bytes": facts.bytes + path.stat().st_size})


def _of_video(path: Path) -> Facts:
    try:
        with av.open(str(path), container_options={"format_whitelist": READABLE}) as container:
            if not container.streams.video:
                raise ClipError(f"{path}: has no video stream; give a video file")
            stream = container.streams.video[0]
            codec, base = stream.codec_context, stream.time_base or Fraction(1, 1000)
            others = tuple(other.type for other in container.streams if other is not stream)
            names = container.format.name.split(",")
            aspect = stream.sample_aspect_ratio
            turned = _turned(path)
            words = dict(container.metadata)
            packets = [
                _Packet(p.pts, p.dts, bool(p.is_keyframe), p.duration or 0)
                for p in container.demux(stream)
                if p.size and p.pts is not None
            ]
    except (av.error.FFmpegError, OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ClipError(f"{path}: is not a video that can be read, or is damaged ({reason})") from error
    if not 1 <= len(packets) <= FRAMES.high:
        raise ClipError(f"{path}: {len(packets)} frames; a loop has 1 to {FRAMES.high}")
    boxed = "mp4" in names
    told = layout(path) if boxed else None
    shown = sorted(packet.pts for packet in packets)
    kind = ("mov" if told.brand == "qt" else "mp4") if told else "webm" if "webm" in names else names[0]
    return Facts(
        kind=kind,
        bytes=path.stat().st_size,
        width=stream.width,
        height=stream.height,
        frames=len(packets),
        seconds=_length(shown, packets, stream.average_rate, base),
        codec=codec.name,
        profile=codec.profile or "",
        pixels=codec.pix_fmt or "",
        colour=Colour(int(codec.color_primaries), int(codec.color_trc), int(codec.colorspace), codec.color_range == 2),
        other_streams=others,
        turned=turned,
        square=not aspect or aspect == 1,
        even=_even(shown),
        index_first=told and told.index_first,
        edit_list=told and told.edit_list,
        first_decoded=_seconds(packets[0].dts, base),
        first_shown=_seconds(shown[0], base),
        closed=_closed(packets),
        words=words,
    )


class _Packet(NamedTuple):
    pts: int
    dts: int | None
    key: bool
    lasts: int


def _seconds(stamp: int | None, base: Fraction) -> Fraction | None:
    return None if stamp is None else stamp * base


def _length(shown: Sequence[int], packets: Sequence[_Packet], rate: Fraction | None, base: Fraction) -> Fraction:
    """From the first frame to the end of the last."""
    last = max(packets, key=lambda packet: packet.pts).lasts * base or (1 / rate if rate else Fraction(0))
    if len(shown) > 1 and not last:
        last = (shown[-1] - shown[0]) * base / (len(shown) - 1)
    return (shown[-1] - shown[0]) * base + last


def _even(shown: Sequence[int]) -> bool:
    if len(shown) < 3:
        return True
    step = Fraction(shown[-1] - shown[0], len(shown) - 1)
    return all(abs(stamp - shown[0] - number * step) <= max(_UNEVEN * step, 1) for number, stamp in enumerate(shown))


def _closed(packets: Sequence[_Packet]) -> bool:
    """No frame that is decoded after a key frame is shown before it; the first one is a key frame."""
    key = packets[0].pts if packets[0].key else None
    for before, packet in pairwise(packets):
        if packet.key:
            key = packet.pts
        elif key is None or (packet.pts < key and packet.dts is not None and before.dts is not None):
            return False
    return key is not None


def _turned(path: Path) -> int:
    """Degrees, as the first frame tells: the header has it in side data that not every version of PyAV reads."""
    with av.open(str(path), container_options={"format_whitelist": READABLE}) as container:
        frame = next(container.decode(video=0), None)
        return 0 if frame is None else round(frame.rotation) % 360
