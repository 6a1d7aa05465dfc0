"""Sound out of files: bounded before anything is decoded and again on what comes, since a header may lie."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.stream import Disposition

from ..errors import SongError
from ..limits import SONG_BYTES, SONG_CHANNELS, SONG_RATE, SONG_SECONDS

RATE = 22050
"""Samples a second that all listening is done at: nothing above 11 kHz tells of beats or keys."""
STEREO_RATE = 44100
"""Samples a second of what is played and not listened to."""
READABLE = "mp3,mov,flac,wav,w64,ogg,aac,aiff,matroska,asf,caf,wv,ape,mpc,mpc8,tta,au"
"""FFmpeg demuxers a song may come in: none that follows a list of other files."""
MAX_COVER = 30_000_000
MAX_TAG = 300


@dataclass(frozen=True)
class Sound:
    """samples: (n,) float32 mono at `RATE`, -1..1, from `start` s of a file of `seconds`. title, artist: of its tags,
    else "". cover: the picture inside it, or None."""

    samples: np.ndarray = field(repr=False)
    start: float
    seconds: float
    title: str = ""
    artist: str = ""
    cover: bytes | None = field(default=None, repr=False)


def read_sound(path: str | Path, section: tuple[float, float] | None = None) -> Sound:
    """Read a song, or of it what lies between two times in seconds. What kind of file it is, its content says.

    Raises:
        SongError: missing, no sound that can be read, damaged, protected, a video, or beyond `core/limits.py`; a
            section that is not in it.
    """
    path = Path(path)
    if not path.is_file():
        raise SongError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}; give a song ({_KINDS})")
    if path.stat().st_size > SONG_BYTES:
        raise SongError(f"{path}: {path.stat().st_size / 1e6:.0f} MB; a song may have {SONG_BYTES / 1e6:.0f}")
    with _told(path), av.open(str(path), container_options={"format_whitelist": READABLE}) as file:
        _check(path, file)
        samples, seconds = _decode(path, file, section)
        start = 0.0 if section is None else section[0]
        tags = _tags(file)
        cover = _picture(path) if file.streams.video else None
    return Sound(samples, start, seconds, tags.get("title", ""), tags.get("artist", ""), cover)


_KINDS = "MP3, FLAC, WAV, M4A, OGG"


def _check(path: Path, file: InputContainer) -> None:
    if any(not stream.disposition & Disposition.attached_pic for stream in file.streams.video):
        raise SongError(f"{path}: is a video; give its sound alone ({_KINDS})")
    if not file.streams.audio:
        raise SongError(f"{path}: has no sound in it; give a song ({_KINDS})")
    stream = file.streams.audio[0]
    if stream.codec_context is None or stream.codec_context.codec_tag in ("drms", "enca"):
        raise SongError(f"{path}: is protected (DRM) or of an unknown kind; give it as {_KINDS}")
    if not SONG_RATE.holds(stream.rate) or not 1 <= stream.channels <= SONG_CHANNELS:
        raise SongError(
            f"{path}: {stream.rate} Hz, {stream.channels} channels; give {SONG_RATE} Hz, 1..{SONG_CHANNELS}"
        )
    told = float((stream.duration or 0) * (stream.time_base or 0)) or (file.duration or 0) / 1e6
    if told > SONG_SECONDS.high:
        raise SongError(f"{path}: {_clock(told)} long; a song may have {_clock(SONG_SECONDS.high)}, cut it shorter")


def _decode(path: Path, file: InputContainer, section: tuple[float, float] | None) -> tuple[np.ndarray, float]:
    """The samples of the section, and how long the whole file is, s."""
    low, high = (0.0, float(SONG_SECONDS.high)) if section is None else section
    first, last = round(low * RATE), round(high * RATE)
    kept, count = [], 0
    for block in _mono(file):
        kept.append(block[max(0, first - count) : max(0, last - count)])
        count += len(block)
        if count > SONG_SECONDS.high * RATE:
            raise SongError(f"{path}: longer than {_clock(SONG_SECONDS.high)}; cut it shorter")
    seconds = count / RATE
    if section is not None and not 0 <= low < high <= seconds + 0.1:
        raise SongError(f"{path}: section {low:g}-{high:g} s; the song has 0-{seconds:.1f} s")
    samples = np.concatenate(kept) if kept else np.zeros(0, np.float32)
    return np.nan_to_num(samples, copy=False), seconds


def read_stereo(path: Path, start: float, end: float) -> np.ndarray:
    """What lies between two times, s, of a song that `read_sound` has read: (2, n) float32 at `STEREO_RATE`.

    Raises:
        SongError: damaged.
    """
    first, last = round(start * STEREO_RATE), round(end * STEREO_RATE)
    kept: list[np.ndarray] = [np.zeros((2, 0), np.float32)]
    count = 0
    resampler = av.AudioResampler("fltp", "stereo", STEREO_RATE)
    with _told(path), av.open(str(path), container_options={"format_whitelist": READABLE}) as file:
        for frame in file.decode(file.streams.audio[0]):
            frame.pts = None  # gaps and jumps of times would become silence or an error
            for part in resampler.resample(frame):
                block = part.to_ndarray()
                kept.append(block[:, max(0, first - count) : max(0, last - count)])
                count += block.shape[1]
            if count >= last:
                break
    return np.nan_to_num(np.concatenate(kept, axis=1), copy=False)


def _mono(file: InputContainer) -> Iterator[np.ndarray]:
    resampler = av.AudioResampler("fltp", "mono", RATE)
    for frame in file.decode(file.streams.audio[0]):
        frame.pts = None  # gaps and jumps of times would become silence or an error
        for part in resampler.resample(frame):
            yield part.to_ndarray()[0]
    for part in resampler.resample(None):
        yield part.to_ndarray()[0]


def resampled(samples: np.ndarray, rate: int) -> np.ndarray:
    """(channels, n) float at `rate` -> (m,) float32 mono at `RATE`.

    Raises:
        SongError: rate, channels or length beyond `core/limits.py`.
    """
    channels, count = samples.shape
    if not SONG_RATE.holds(rate) or not 1 <= channels <= SONG_CHANNELS or count > SONG_SECONDS.high * rate:
        raise SongError(
            f"sound of {rate} Hz, {channels} channels, {count / max(rate, 1):.0f} s; give {SONG_RATE} Hz, "
            f"1..{SONG_CHANNELS} channels, {SONG_SECONDS} s"
        )
    frame = av.AudioFrame.from_ndarray(samples.mean(0, dtype=np.float32)[None], "fltp", "mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler("fltp", "mono", RATE)
    parts = [part.to_ndarray()[0] for part in (*resampler.resample(frame), *resampler.resample(None))]
    return np.nan_to_num(np.concatenate(parts), copy=False)


def _tags(file: InputContainer) -> Mapping[str, str]:
    tags = {name.lower(): value for stream in file.streams.audio for name, value in stream.metadata.items()}
    tags.update({name.lower(): value for name, value in file.metadata.items()})
    return {name: " ".join(value.split())[:MAX_TAG] for name, value in tags.items()}


def _picture(path: Path) -> bytes | None:
    with av.open(str(path), container_options={"format_whitelist": READABLE}) as file:
        packet = next((packet for packet in file.demux(file.streams.video[0]) if packet.size), None)
    return bytes(packet) if packet is not None and packet.size <= MAX_COVER else None


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """What FFmpeg says of a file it cannot read, as a SongError."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SongError(f"{path}: is no song that can be read, or is damaged ({reason}); give {_KINDS}") from error


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
