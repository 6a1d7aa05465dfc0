"""Playlists of HLS for a loop of one segment (RFC 8216): written for our fragmented MP4, read as others write them."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import av.error

from ..errors import ClipError
from ..files import write_text
from .boxes import boxes

_MOST = 1_000_000
"""Bytes of a playlist."""
FRAGMENTED = {"movflags": "+empty_moov+default_base_moof+negative_cts_offsets", "use_editlist": "0"}
"""Layout of an MP4 in one fragment, which a playlist can name."""
PLAYLIST, MEDIA = "index.m3u8", "loop.mp4"


class Parts(NamedTuple):
    """media: the one file that all segments lie in; seconds: of all of them; ends: the list says that it is whole."""

    media: Path
    seconds: float
    ends: bool


def write_playlist(media: Path, playlist: Path, seconds: Fraction) -> None:
    """Write the playlist of a fragmented MP4 in the same folder.

    Raises:
        ClipError: it is not fragmented. UsageError: the playlist cannot be written.
    """
    outer = [box for box in boxes(media) if not box.inside]
    index = next((box for box in outer if box.kind == "moov"), None)
    first = next((box for box in outer if box.kind == "moof"), None)
    if index is None or first is None:
        raise ClipError(f"{media}: is not a fragmented MP4; HLS plays no other")
    end = max(box.start + box.size for box in outer if box.kind == "mdat")
    lines = (
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, round(float(seconds) + 0.5))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{media.name}",BYTERANGE="{index.start + index.size}@0"',
        f"#EXTINF:{float(seconds):.5f},",
        f"#EXT-X-BYTERANGE:{end - first.start}@{first.start}",
        media.name,
        "#EXT-X-ENDLIST",
    )
    write_text(playlist, "\n".join(lines) + "\n")


def package(video: Path, folder: Path) -> Path:
    """Write `index.m3u8` and `loop.mp4` of an H.264 or H.265 video into `folder`, nothing encoded again; returns the
    playlist.

    Raises:
        ClipError: the video cannot be read, or holds nothing that a fragment can.
    """
    folder.mkdir(parents=True, exist_ok=True)
    media, playlist = folder / MEDIA, folder / PLAYLIST
    try:
        with av.open(str(video)) as source, av.open(str(media), "w", format="mp4", options=FRAGMENTED) as target:
            taken = source.streams.video[0]
            given = target.add_stream_from_template(taken)
            for packet in source.demux(taken):
                if packet.dts is not None:
                    packet.stream = given
                    target.mux(packet)
            if not (taken.frames and taken.average_rate):
                raise ValueError("it does not say how long it is")
            seconds = taken.frames / taken.average_rate
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        raise ClipError(f"{video}: cannot be packaged as HLS ({error}); give an MP4 with H.264") from error
    write_playlist(media, playlist, seconds)
    return playlist


def parts_of(playlist: Path) -> Parts:
    """The media file of a playlist. Raises ClipError: it is none, its file is away, or its segments lie in several."""
    if playlist.stat().st_size > _MOST:
        raise ClipError(f"{playlist}: is too long for a playlist of a loop")
    text = playlist.read_text("utf-8", errors="replace")
    names = {line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")}
    names |= set(re.findall(r'#EXT-X-MAP:.*?URI="([^"]+)"', text))
    if len(names) != 1:
        raise ClipError(f"{playlist}: its segments lie in {len(names)} files; a loop of one file is read here")
    media = playlist.parent / names.pop()
    if not media.is_file():
        raise ClipError(f"{playlist}: {media.name}, which it names, is not beside it")
    seconds = sum(float(found) for found in re.findall(r"#EXTINF:([0-9.]+)", text))
    return Parts(media, seconds, "#EXT-X-ENDLIST" in text)
