"""Clips out of files: bounded before anything is decoded, colours as the file tells them."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from ..errors import ClipError
from ..limits import FRAMES
from ..parallel import in_order
from .colour import is_hdr, to_srgb
from .times import Placed, Times, read_times

MAX_PIXELS = 1_000_000_000
"""Over all frames of a clip: 3 GB decoded."""
MAX_FRAME_PIXELS = 40_000_000
READABLE = "mov,matroska,avi,gif,apng,mpegts,mpeg,flv,asf,ogg,webp,h264,hevc"
"""FFmpeg demuxers a clip may come in: none that follows a list of other files."""
_AHEAD = 8  # pictures decoded while others are converted, which takes longer


@dataclass(frozen=True)
class Clip:
    """A decoded clip: `frames` (N, H, W, 3) uint8 RGB, `fps` frames per second. `notes`: what was done to its colours
    and times, for a person."""

    frames: np.ndarray
    fps: Fraction
    notes: tuple[str, ...] = ()


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
        return Clip(frames[:count], video.fps, video.notes)


@dataclass(frozen=True)
class Video:
    """A video file that is open: `fps` frames per second, `frames` (H, W, 3) uint8 RGB one by one (or what was asked
    for instead), `expected` of them as its header tells. `notes`: as in `Clip`."""

    fps: Fraction
    expected: int
    frames: Iterator[Any]
    notes: tuple[str, ...] = ()


def upright(picture: av.VideoFrame) -> np.ndarray:
    """(H, W, 3) uint8 sRGB, turned as its file says."""
    return np.ascontiguousarray(np.rot90(to_srgb(picture), turns_of(picture)))


def turns_of(picture: av.VideoFrame) -> int:
    """Quarters of a turn, anticlockwise, that bring it upright."""
    return round(picture.rotation / 90) % 4


@contextlib.contextmanager
def opened(
    path: str | Path,
    *,
    max_frames: int = FRAMES.high,
    max_pixels: int = MAX_PIXELS,
    convert: Callable[[av.VideoFrame], Any] = upright,
) -> Iterator[Video]:
    """Read a video file frame by frame. Audio is ignored; rotation and the file's colour tags are followed (see
    `colour.to_srgb`), odd sizes are fine. Frames that are not evenly spaced are put at even times (see `times`).

    max_pixels: over all frames together. Bounds are checked against the header before anything is decoded, and again on
        what really comes, since a header may lie.
    convert: what becomes of a decoded picture, in another thread; its results are `frames`.

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
            times = read_times(path, READABLE)
            notes = ["high dynamic range was tone-mapped"] if is_hdr(int(stream.codec_context.color_trc)) else []
            if times is not None:
                fps, expected = times.fps, times.count
                notes.append(f"its frames are not evenly spaced: they were put at {float(fps):g} a second")
                bounds.check(expected, stream.width, stream.height)
        frames = stack.enter_context(contextlib.closing(_frames(path, container, stream, bounds, times, convert)))
        yield Video(fps, expected, frames, tuple(notes))


def _frames(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    bounds: _Bounds,
    times: Times | None,
    convert: Callable[[av.VideoFrame], Any],
) -> Generator[Any]:
    def pictures() -> Iterator[Placed]:
        size = None
        decoded = container.decode(stream)
        for number, placed in enumerate(decoded if times is None else times.placed(decoded), 1):
            one = placed if isinstance(placed, Placed) else Placed(placed, 1)
            bounds.check(number, one.picture.width, one.picture.height)
            if size not in (None, (one.picture.width, one.picture.height)):
                raise ClipError(f"{path}: its frames change size; encode it again at one size")
            size = one.picture.width, one.picture.height
            yield one
        if size is None:
            raise ClipError(f"{path}: holds no picture; get the file again")

    with _told(path):
        for frame, shown in in_order(lambda one: (convert(one.picture), one.shown), pictures(), ahead=_AHEAD):
            for _ in range(shown):
                yield frame


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
