"""Finding a song's video on YouTube, where there is a key (YOUTUBE_API_KEY).

https://developers.google.com/youtube/v3/docs/search/list: a search costs 100 of the 10,000 units that a key has a day,
so what was found is kept as long as what other sources find.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..core.errors import CoverLoopError
from ..orchestrator.store.database import Database
from .fetch import Fetcher, FetchError
from .search import HIT, MISS, Pace, folded
from .sources.source import SourceError, rows, text

NAME = "youtube"
VIDEO = re.compile("[A-Za-z0-9_-]{11}")
MOST = 5
REASONS = {
    "quotaExceeded": "has answered as often as its key allows today",
    "rateLimitExceeded": "wants to be left alone for a while",
    "keyInvalid": "does not take the key; check YOUTUBE_API_KEY",
    "badRequest": "does not take the key; check YOUTUBE_API_KEY",
    "accessNotConfigured": "is not enabled for that key; enable the YouTube Data API for it",
}


class NoVideos(CoverLoopError):
    """YouTube gave no answer that can be used."""


class Video(NamedTuple):
    id: str
    title: str
    channel: str


class YouTube:
    """key: "" when there is none; then nothing is asked."""

    url = "https://www.googleapis.com/youtube/v3/search"
    hosts = frozenset({"www.googleapis.com"})

    def __init__(self, key: str, tables: Database, fetcher: Fetcher):
        self._key, self._db, self._fetcher = key, tables, fetcher
        self._pace = Pace(95, 86400.0)

    def __bool__(self) -> bool:
        return bool(self._key)

    def find(self, words: str) -> list[Video]:
        """Videos that may be embedded, the best first. Raises NoVideos."""
        query = folded(words)
        select = "SELECT answer FROM lookups WHERE source = ? AND query = ? AND until > ?"
        if known := self._db.rows(select, (NAME, query, time.time())):
            return [Video(*video) for video in json.loads(known[0]["answer"])]
        try:
            found = self._ask(query)
        except (FetchError, SourceError) as error:
            raise NoVideos(f"YouTube {error}") from error
        with self._db.change():
            until = time.time() + (HIT if found else MISS)
            row = (NAME, query, json.dumps(found), until)
            self._db.execute("INSERT OR REPLACE INTO lookups VALUES (?, ?, ?, ?)", row)
        return found

    def _ask(self, query: str) -> list[Video]:
        self._pace.take()
        asked = {"part": "snippet", "type": "video", "videoEmbeddable": "true", "maxResults": MOST, "q": query}
        answer = self._fetcher.get(self.url, self.hosts, {**asked, "key": self._key})
        if answer.status != 200:
            raise SourceError(REASONS.get(_reason(answer.body), f"answered with {answer.status}"))
        return [video for row in rows(answer.json(), "items") if (video := _video(row))]


def _video(row: Mapping[str, Any]) -> Video | None:
    id, snippet = row.get("id"), row.get("snippet")
    if not isinstance(id, Mapping) or not isinstance(snippet, Mapping) or not VIDEO.fullmatch(text(id, "videoId")):
        return None
    return Video(text(id, "videoId"), text(snippet, "title"), text(snippet, "channelTitle"))


def _reason(body: bytes) -> str:
    """Google's word for what is wrong."""
    try:
        return str(json.loads(body)["error"]["errors"][0]["reason"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return ""
