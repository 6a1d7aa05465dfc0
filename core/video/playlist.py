"""Playlists of HLS for a loop of one segment (RFC 8216): written for our fragmented MP4, read as others write them."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from ..errors import ClipError
from ..files import write_text
from .boxes import boxes

_MOST = 1_000_000
"""Bytes of a playlist."""


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
