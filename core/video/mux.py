"""Frames into a container, one after the other. Knows no codec's settings and no place where a loop is shown."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.video.frame import PictureType
from av.video.stream import VideoStream

from ..errors import ClipError, UsageError

_REC709, _LIMITED = 1, 1  # ITU-T H.273


@dataclass(frozen=True)
class Coded:
    """container, codec, pixels: FFmpeg's names; options: of the codec; layout: of the container. last_alone: the last
    frame is coded on its own, as the first is (see `encode`)."""

    container: str
    codec: str
    pixels: str
    options: Mapping[str, str] = field(default_factory=dict)
    layout: Mapping[str, str] = field(default_factory=dict)
    last_alone: bool = True


def mux(
    frames: Iterable[np.ndarray | av.VideoFrame], path: Path, how: Coded, rate: Fraction, metadata: Mapping[str, str]
) -> None:
    """Write frames, as `checked_frames` or `shaper` gives them, with Rec.709 matrix and tags, limited range, no audio.

    Raises:
        ClipError: no frames. UsageError: the encode failed; says why.
    """
    rest = iter(frames)
    first = next(rest, None)
    if first is None:
        raise ClipError("no frames to encode; a loop needs at least one")
    with told(path), av.open(str(path), "w", format=how.container, options=dict(how.layout)) as container:
        container.metadata.update(metadata)
        stream = container.add_stream(how.codec, rate=rate)
        assert isinstance(stream, VideoStream)
        size = first.shape[:2] if isinstance(first, np.ndarray) else (first.height, first.width)
        stream.height, stream.width = (side & ~1 for side in size)
        stream.pix_fmt = how.pixels
        stream.thread_type = "AUTO"
        codec = stream.codec_context
        codec.color_primaries = codec.color_trc = codec.colorspace = _REC709
        codec.color_range = _LIMITED
        stream.options = dict(how.options)
        for packet in packets(stream, itertools.chain([first], rest), how.last_alone):
            container.mux(packet)


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """What FFmpeg says of an encode that failed, as a UsageError."""
    try:
        yield
    except av.error.FFmpegError as error:
        raise UsageError(
            f"{path}: the encode failed ({error.strerror or error}); check the disk and its settings"
        ) from error


def packets(
    stream: VideoStream, frames: Iterable[np.ndarray | av.VideoFrame], last_alone: bool = True
) -> Iterator[av.Packet]:
    """The first frame and, if it is asked for, the last are coded on their own, no other: see `encode`."""
    waiting: np.ndarray | av.VideoFrame | None = None
    number = 0
    for frame in itertools.chain(frames, [None]):  # one behind, to know the last when it comes
        if waiting is not None:
            if isinstance(waiting, np.ndarray):
                even = np.ascontiguousarray(waiting[: stream.height, : stream.width])
                picture = av.VideoFrame.from_numpy_buffer(even, format="rgb24")
                picture = picture.reformat(format=stream.pix_fmt, dst_colorspace=_REC709, dst_color_range=_LIMITED)
            else:
                picture = waiting
                picture.time_base = 1 / stream.codec_context.framerate
            picture.pts = number
            picture.pict_type = PictureType.I if number == 0 or (frame is None and last_alone) else PictureType.NONE
            yield from stream.encode(picture)
            number += 1
        waiting = frame
    yield from stream.encode(None)


def checked_frames(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The frames; raises ClipError at one that is no picture or differs in size from the first."""
    shape = None
    for number, frame in enumerate(frames):
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or min(frame.shape[:2]) < 16:
            raise ClipError(
                f"frame {number} is {frame.dtype} {frame.shape}; frames must be (H, W, 3) uint8 of at least 16 px"
            )
        if shape not in (None, frame.shape):
            raise ClipError(
                f"frame {number} is {frame.shape[:2]} where frame 0 is {shape[:2]}; all must be of one size"
            )
        shape = frame.shape
        yield frame
