"""Clips out of files: bounded before anything is decoded, colours as the file tells them."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from ..errors import ClipError
from ..limits import FRAMES
from ..parallel import in_order

MAX_PIXELS = 1_000_000_000
"""Over all frames of a clip: 3 GB decoded."""
MAX_FRAME_PIXELS = 40_000_000
READABLE = "mov,matroska,avi,gif,apng,mpegts,mpeg,flv,asf,ogg,webp,h264,hevc"
"""FFmpeg demuxers a clip may come in: none that follows a list of other files."""
_AHEAD = 8  # pictures decoded while others are converted, which takes longer
_BILINEAR, _FULL_CHROMA, _ROUND = 2, 8192 | 16384, 262144  # libswscale flags; without them decoding is 1.2 levels dark
_REC709, _REC601 = 1, 5


@dataclass(frozen=True)
class Clip:
    """A decoded clip: `frames` (N, H, W, 3) uint8 RGB, `fps` frames per second."""

    frames: np.ndarray
    fps: Fraction


def decode(path: str | Path, *, max_frames: int = FRAMES.high, max_pixels: int = MAX_PIXELS) -> Clip:
    """Read a whole video file; as `opened`, and raises as it does."""
    with opened(path, max_frames=max_frames, max_pixels=max_pixels) as video:
        frames: np.ndarray | None = None
        count = 0
        for count, frame in enumerate(video.frames, 1):
            if frames is None:
                frames = np.empty((max(1, video.expected), *frame.shape), np.uint8)
            elif count > len(frames):  # more than the header tells
                frames = np.concatenate([frames, np.empty_like(frames)])
            frames[count - 1] = frame
        assert frames is not None
        return Clip(frames[:count], video.fps)


@dataclass(frozen=True)
class Video:
    """A video file that is open: `fps` frames per second, `frames` (H, W, 3) uint8 RGB one by one, `expected` of them
    as its header tells."""

    fps: Fraction
    expected: int
    frames: Iterator[np.ndarray]


@contextlib.contextmanager
def opened(path: str | Path, *, max_frames: int = FRAMES.high, max_pixels: int = MAX_PIXELS) -> Iterator[Video]:
    """Read a video file frame by frame. Audio is ignored; rotation and the file's colour tags are followed, odd sizes
    are fine.

    Untagged files are taken as players do: Rec.709 from 720 lines on, Rec.601 below.
    max_pixels: over all frames together. Bounds are checked against the header before anything is decoded, and again on
        what really comes, since a header may lie.

    Raises:
        ClipError: missing, not a video, damaged, without a picture, more frames or pixels than the bounds. What is
            found only while decoding is raised by `frames`.
    """
    path = Path(path)
    if not path.is_file():
        raise ClipError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}; give a video file")
    with contextlib.ExitStack() as stack:
        with _told(path):
            container = stack.enter_context(av.open(str(path), container_options={"format_whitelist": READABLE}))
            if not container.streams.video:
                raise ClipError(f"{path}: has no video stream; give a video file")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            stream.codec_context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}
            fps = stream.average_rate or stream.guessed_rate or Fraction(24)
            expected = stream.frames or math.ceil(float((stream.duration or 0) * (stream.time_base or 0) * fps))
            bounds = _Bounds(path, max_frames, max_pixels)
            bounds.check(expected, stream.width, stream.height)
        frames = stack.enter_context(contextlib.closing(_frames(path, container, stream, bounds)))
        yield Video(fps, expected, frames)


def _frames(path: Path, container: InputContainer, stream: VideoStream, bounds: _Bounds) -> Generator[np.ndarray]:
    def pictures() -> Iterator[av.VideoFrame]:
        for number, picture in enumerate(container.decode(stream), 1):
            bounds.check(number, picture.width, picture.height)
            yield picture

    shape = None
    with _told(path):
        for frame in in_order(_to_rgb, pictures(), ahead=_AHEAD):
            if shape not in (None, frame.shape):
                raise ClipError(f"{path}: its frames change size; encode it again at one size")
            shape = frame.shape
            yield frame
    if shape is None:
        raise ClipError(f"{path}: holds no picture; get the file again")


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """What FFmpeg says of a file it cannot read, as a ClipError."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ClipError(
            f"{path}: is not a video that can be read, or is damaged ({reason}); get the file again"
        ) from error


@dataclass(frozen=True)
class _Bounds:
    path: Path
    max_frames: int
    max_pixels: int

    def check(self, frames: int, width: int, height: int) -> None:
        if frames > self.max_frames:
            raise ClipError(f"{self.path}: {frames} frames or more; the limit is {self.max_frames}, cut it shorter")
        if width * height > MAX_FRAME_PIXELS or max(frames, 1) * width * height > self.max_pixels:
            raise ClipError(
                f"{self.path}: {frames} frames of {width}x{height} are too many pixels; the limit is "
                f"{self.max_pixels / 1e6:.0f} megapixels in all and {MAX_FRAME_PIXELS / 1e6:.0f} a frame"
            )


def _to_rgb(picture: av.VideoFrame) -> np.ndarray:
    matrix = picture.colorspace
    if matrix in (0, 2, 3):  # RGB, or not told
        matrix = _REC709 if picture.height >= 720 else _REC601
    rgb = picture.reformat(format="rgb24", src_colorspace=matrix, interpolation=_BILINEAR | _FULL_CHROMA | _ROUND)
    turns = round(picture.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb.to_ndarray(), turns))
