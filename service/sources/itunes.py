"""iTunes Search (Apple): songs with artwork and half a minute of sound.

https://performance-partners.apple.com/search-api: about 20 calls a minute; what is beyond is answered with 403, which
also comes without load. Artwork of other sizes than the answer's 100 px is found by its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .source import Ask, Find, rows, text

URL = "https://itunes.apple.com/search"


class ITunes:
    name = "itunes"
    title = "iTunes"
    terms = "Apple gives artwork and previews to promote what its store sells; the link to the store stays beside them."
    hosts = frozenset({"itunes.apple.com", ".mzstatic.com"})
    pictures = ("https://*.mzstatic.com",)
    sounds = ("https://*.itunes.apple.com",)
    calls, seconds = 18, 60.0

    def __init__(self, url: str = URL):
        self._url = url

    def search(self, ask: Ask, query: str) -> Sequence[Find]:
        answer = ask(self._url, {"term": query, "media": "music", "entity": "song", "limit": 24})
        finds: dict[str, Find] = {}
        for row in rows(answer, "results"):
            if find := self._find(row):
                finds.setdefault(find.id, find)  # songs of one album have one cover
        return list(finds.values())

    def _find(self, row: Mapping[str, Any]) -> Find | None:
        small = text(row, "artworkUrl100")
        id = str(row.get("collectionId") or row.get("trackId") or "")
        if not small or not id.isdigit():
            return None
        return Find(
            source=self.name,
            id=id,
            title=text(row, "trackName"),
            artist=text(row, "artistName"),
            album=text(row, "collectionName"),
            artwork=_sized(small, 1500),
            thumb=_sized(small, 300),
            link=text(row, "collectionViewUrl") or text(row, "trackViewUrl"),
            preview=text(row, "previewUrl"),
        )


def _sized(url: str, side: int) -> str:
    return re.sub(r"/\d+x\d+(bb)?(?=[.-][^/]*$)", rf"/{side}x{side}\1", url)


SOURCE = ITunes()
