"""MusicBrainz for what there is, and the Cover Art Archive for its cover.

https://musicbrainz.org/doc/MusicBrainz_API/Rate_Limiting: one call a second, by a client that says who it is. The
archive's pictures have types and comments, which tell what is no cover: https://musicbrainz.org/doc/Cover_Art/Types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .source import Ask, Find, rows, text

URL = "https://musicbrainz.org/ws/2/release"
ARCHIVE = "https://coverartarchive.org/release"
NO_COVER = {"Raw/Unedited": "raw", "Watermark": "watermark", "Medium": "disc", "Back": "back", "Booklet": "booklet"}
MOST = 4
MBID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class MusicBrainz:
    name = "musicbrainz"
    title = "MusicBrainz"
    terms = "Its data is free (CC0); the pictures of the Cover Art Archive belong to whoever made them."
    hosts = frozenset({"musicbrainz.org", "coverartarchive.org", "archive.org", ".archive.org"})
    pictures = ("https://coverartarchive.org", "https://archive.org", "https://*.archive.org")
    sounds = ()
    calls, seconds = 1, 1.0

    def __init__(self, url: str = URL, archive: str = ARCHIVE):
        self._url, self._archive = url, archive

    def search(self, ask: Ask, query: str) -> Sequence[Find]:
        answer = ask(self._url, {"query": query, "fmt": "json", "limit": 12})
        finds: dict[tuple[str, str], Find] = {}
        asked = 0
        for row in rows(answer, "releases"):
            id, artist, title = text(row, "id"), _artist(row), text(row, "title")
            if not MBID.fullmatch(id) or (artist, title) in finds or asked == MOST:
                continue  # other pressings of one record mostly have the same cover
            asked += 1
            listed = ask(f"{self._archive}/{id}", {})
            picture = _front(rows(listed, "images")) if listed is not None else None
            if picture is not None:
                finds[artist, title] = self._find(id, artist, title, picture)
        return list(finds.values())

    def _find(self, id: str, artist: str, title: str, picture: Mapping[str, Any]) -> Find:
        small = picture.get("thumbnails")
        small = small if isinstance(small, Mapping) else {}
        return Find(
            source=self.name,
            id=id,
            title="",
            artist=artist,
            album=title,
            artwork=_secure(text(small, "1200") or text(picture, "image")),
            thumb=_secure(text(small, "250") or text(small, "small") or text(picture, "image")),
            link=f"https://musicbrainz.org/release/{id}",
            concern=_concern(picture),
        )


def _artist(row: Mapping[str, Any]) -> str:
    credits = row.get("artist-credit")
    parts = [part for part in credits if isinstance(part, Mapping)] if isinstance(credits, list) else []
    return "".join(text(part, "name") + text(part, "joinphrase") for part in parts)


def _front(pictures: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The approved front; of several, one whose types say nothing against it."""
    fronts = [picture for picture in pictures if picture.get("front") and picture.get("approved")]
    return min(fronts, key=lambda picture: bool(_concern(picture)), default=None)


def _concern(picture: Mapping[str, Any]) -> str:
    types = picture.get("types")
    named = [NO_COVER[kind] for kind in types if kind in NO_COVER] if isinstance(types, list) else []
    return named[0] if named else ""


def _secure(url: str) -> str:
    """The archive still lists addresses with http."""
    return re.sub(r"^http:(?=//coverartarchive\.org/)", "https:", url)


SOURCE = MusicBrainz()
