"""A video as HTTP Live Streaming (RFC 8216): a playlist and segments, for players that take nothing else."""

from __future__ import annotations

from pathlib import Path

import av
import av.error

from ..errors import ClipError

PLAYLIST = "index.m3u8"


def package(video: Path, folder: Path) -> Path:
    """Write `index.m3u8`, `init.mp4` and segments (fragmented MP4) of an H.264 or H.265 video into `folder`; returns
    the playlist. Nothing is encoded again.

    Raises:
        ClipError: the video cannot be read, or holds nothing that such a segment can.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "hls_time": "2",
        "hls_playlist_type": "vod",
        "hls_segment_type": "fmp4",
        "hls_fmp4_init_filename": "init.mp4",
        "hls_segment_filename": str(folder / "part%03d.m4s"),
        "hls_flags": "independent_segments",
    }
    playlist = folder / PLAYLIST
    try:
        with av.open(str(video)) as source, av.open(str(playlist), "w", format="hls", options=options) as target:
            taken = source.streams.video[0]
            given = target.add_stream_from_template(taken)
            for packet in source.demux(taken):
                if packet.dts is not None:
                    packet.stream = given
                    target.mux(packet)
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        raise ClipError(f"{video}: cannot be packaged as HLS ({error}); give an MP4 with H.264") from error
    return playlist
