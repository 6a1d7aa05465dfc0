"""Deezer: songs with covers of 1000 px and half a minute of sound.

https://developers.deezer.com/api: no key, 50 calls in 5 seconds; errors come with status 200 and an `error` in the
body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .source import Ask, Find, SourceError, rows, text

URL = "https://api.deezer.com/search"
NO_PICTURE = ("/cover//", "/cover/d41d8cd98f00b204e9800998ecf8427e/")
"""Addresses of the picture for albums that have none: no hash, or the hash of nothing."""


class Deezer:
    name = "deezer"
    title = "Deezer"
    terms = (
        "Deezer gives covers and previews for use with its catalogue, not for sale; the link to it stays beside them."
    )
    hosts = frozenset({"api.deezer.com", ".dzcdn.net"})
    pictures = ("https://*.dzcdn.net",)
    sounds = ("https://*.dzcdn.net",)
    calls, seconds = 40, 5.0

    def __init__(self, url: str = URL):
        self._url = url

    def search(self, ask: Ask, query: str) -> Sequence[Find]:
        answer = ask(self._url, {"q": query, "limit": 24})
        if isinstance(answer, Mapping) and isinstance(answer.get("error"), Mapping):
            error = answer["error"]
            away = 5.0 if error.get("code") == 4 else 0.0  # its quota is counted over five seconds
            raise SourceError(f"answered: {text(error, 'message') or 'an error'}"[:120], away)
        finds: dict[str, Find] = {}
        for row in rows(answer, "data"):
            if find := self._find(row):
                finds.setdefault(find.id, find)
        return list(finds.values())

    def _find(self, row: Mapping[str, Any]) -> Find | None:
        album, artist = row.get("album"), row.get("artist")
        if not isinstance(album, Mapping) or not isinstance(artist, Mapping):
            return None
        large, id = text(album, "cover_xl"), str(album.get("id") or "")
        if not large or not id.isdigit():
            return None
        return Find(
            source=self.name,
            id=id,
            title=text(row, "title"),
            artist=text(artist, "name"),
            album=text(album, "title"),
            artwork=large,
            thumb=text(album, "cover_medium") or large,
            link=text(row, "link"),
            preview=text(row, "preview"),
            concern="placeholder" if any(part in large for part in NO_PICTURE) else "",
        )


SOURCE = Deezer()
