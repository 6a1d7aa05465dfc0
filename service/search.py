"""Searching covers in several sources at once: at their pace, from a cache where it was asked before, and with a reason
where one gave no answer."""

from __future__ import annotations

import json
import logging
import threading
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict
from typing import Any, NamedTuple

from ..core.errors import CoverError
from ..orchestrator.store.database import Database
from .covers import Words
from .fetch import Fetcher, FetchError
from .sources.source import Find, Source, SourceError

log = logging.getLogger(__name__)

HIT, MISS = 7 * 86400.0, 86400.0
AWAY = 600.0
PATIENCE = 9.0
LARGEST = 20_000_000


class Trouble(NamedTuple):
    source: str
    why: str


class Pace:
    """So many calls in so many seconds; whoever would have to wait longer than `patience` is told so."""

    def __init__(self, calls: int, seconds: float, patience: float = 6.0):
        self._calls, self._seconds, self._patience = calls, seconds, patience
        self._times: deque[float] = deque()
        self._mutex = threading.Lock()

    def take(self) -> None:
        """Wait for a turn. Raises SourceError."""
        with self._mutex:
            now = time.monotonic()
            while self._times and self._times[0] <= now - self._seconds:
                self._times.popleft()
            at = now if len(self._times) < self._calls else self._times[-self._calls] + self._seconds
            if at - now > self._patience:
                raise SourceError("is asked as often as it allows; try again in a minute")
            self._times.append(max(at, now))
        time.sleep(max(0.0, at - now))


class Search:
    """sources: those that are asked."""

    def __init__(self, tables: Database, sources: Sequence[Source], fetcher: Fetcher):
        self._db, self.sources, self._fetcher = tables, sources, fetcher
        self._paces = {source.name: Pace(source.calls, source.seconds) for source in sources}
        self._away: dict[str, tuple[float, str]] = {}
        self._threads = ThreadPoolExecutor(max(1, 2 * len(sources)), thread_name_prefix="search")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._fetcher.close()

    def find(self, query: str) -> tuple[list[Find], list[Trouble]]:
        """What the sources find, one of each in turn, and those that gave no answer. A source that is slow is answered
        from its cache the next time."""
        asked = {self._threads.submit(self._ask, source, folded(query)): source for source in self.sources}
        done, late = wait(asked, PATIENCE)
        lists, troubles = [], [Trouble(asked[one].title, "is slow; try again") for one in late]
        for one, source in asked.items():
            if one in done:
                try:
                    lists.append(list(one.result()))
                except SourceError as error:
                    troubles.append(Trouble(source.title, str(error)))
                except Exception:  # a source in a shape that nobody foresaw must not take the others along
                    log.exception("%s: %s", source.name, query)
                    troubles.append(Trouble(source.title, "gave an answer that is not understood"))
        longest = max(map(len, lists), default=0)
        return [finds[place] for place in range(longest) for finds in lists if place < len(finds)], troubles

    def _ask(self, source: Source, query: str) -> Sequence[Find]:
        if (known := self._known(source.name, query)) is not None:
            return known
        until, why = self._away.get(source.name, (0.0, ""))
        if time.monotonic() < until:
            raise SourceError(why)
        try:
            finds = source.search(self._asking(source), query)
        except SourceError as error:
            if error.away:
                self._away[source.name] = (time.monotonic() + error.away, str(error))
            raise
        self._keep(source.name, query, finds)
        return finds

    def _asking(self, source: Source) -> Callable[[str, Mapping[str, Any]], Any]:
        def ask(url: str, query: Mapping[str, Any]) -> Any:
            self._paces[source.name].take()
            try:
                answer = self._fetcher.get(url, source.hosts, query)
                if answer.status == 404:
                    return None
                if answer.status in (403, 429, 503):
                    raise SourceError("wants to be left alone for some minutes", AWAY)
                if answer.status != 200:
                    raise SourceError(f"answered with {answer.status}", 30.0)
                return answer.json()
            except FetchError as error:
                raise SourceError(str(error), 30.0) from error

        return ask

    def _known(self, source: str, query: str) -> list[Find] | None:
        select = "SELECT answer FROM lookups WHERE source = ? AND query = ? AND until > ?"
        rows = self._db.rows(select, (source, query, time.time()))
        return [Find(**find) for find in json.loads(rows[0]["answer"])] if rows else None

    def _keep(self, source: str, query: str, finds: Sequence[Find]) -> None:
        now = time.time()
        with self._db.change():
            self._db.execute("DELETE FROM lookups WHERE until < ?", (now,))
            row = (source, query, json.dumps([asdict(find) for find in finds]), now + (HIT if finds else MISS))
            self._db.execute("INSERT OR REPLACE INTO lookups VALUES (?, ?, ?, ?)", row)
            for find in finds:
                place = (source, find.id, json.dumps(asdict(find)))
                self._db.execute("INSERT OR REPLACE INTO finds VALUES (?, ?, ?)", place)

    def found(self, source: str, id: str) -> Find | None:
        """What was found before, by its source's id; no address comes from outside."""
        rows = self._db.rows("SELECT find FROM finds WHERE source = ? AND id = ?", (source, id))
        return Find(**json.loads(rows[0]["find"])) if rows else None

    def picture(self, find: Find) -> bytes:
        """The artwork of a find.

        Raises:
            CoverError: it cannot be had now.
        """
        source = next((source for source in self.sources if source.name == find.source), None)
        if source is None:
            raise CoverError(f"{find.source} is not searched here")
        try:
            answer = self._fetcher.get(find.artwork, source.hosts, limit=LARGEST)
        except FetchError as error:
            raise CoverError(f"the picture could not be fetched: {error}") from error
        if answer.status != 200:
            raise CoverError(f"the picture could not be fetched: {source.title} answered with {answer.status}")
        return answer.body


def folded(words: str) -> str:
    """Words as they are compared: without case, width and doubled spaces."""
    return " ".join(unicodedata.normalize("NFKC", words).casefold().split())


def words_of(find: Find) -> Words:
    """What a find says of its cover."""
    return Words(find.title or find.album, find.artist, find.album, find.source, find.link, find.preview)
