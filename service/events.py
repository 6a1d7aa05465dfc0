"""What the pages see of what happens: the latest state of each thing, sent when it changes.

A page that is slow, or was away, gets where things stand and not what it missed; so nothing piles up for anybody.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, NamedTuple

PAUSE = 0.1
BEAT = 15.0
"""Seconds after which a quiet stream says that it is there: proxies close those that say nothing."""


class News(NamedTuple):
    """kind: "job", "queue", "status" or "now"; text: the state of it, JSON."""

    kind: str
    text: str

    @property
    def event(self) -> bytes:
        """As a server-sent event."""
        return f"event: {self.kind}\ndata: {self.text}\n\n".encode()


class Board:
    """The latest state of things by (kind, name). `put` and `drop` from any thread, `follow` in the loop."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._version = 0
        self._things: dict[tuple[str, str], tuple[int, str]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._last: tuple[Any, tuple[int, bytes]] = (None, (0, b""))
        self.followers = 0

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From here on whoever follows is woken, in this loop."""
        self._loop = loop
        loop.call_later(BEAT, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._wake()
        loop.call_later(BEAT, self._beat, loop)

    def put(self, kind: str, name: str, state: Mapping[str, Any]) -> None:
        text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
        with self._mutex:
            if self._things.get((kind, name), (0, ""))[1] == text:
                return
            self._version += 1
            self._things[kind, name] = (self._version, text)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def drop(self, kind: str, name: str) -> None:
        with self._mutex:
            self._things.pop((kind, name), None)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def since(self, version: int, kinds: Collection[str], name: str | None = None) -> tuple[int, list[News]]:
        """What changed after `version`, in that order, and the version now. name: of a job, and no other job's."""
        with self._mutex:
            fresh = sorted(
                (at, kind, text)
                for (kind, other), (at, text) in self._things.items()
                if at > version and kind in kinds and (name is None or kind != "job" or other == name)
            )
            return self._version, [News(kind, text) for _, kind, text in fresh]

    def _written(self, version: int, kinds: Collection[str], name: str | None) -> tuple[int, bytes]:
        """`since`, as it is sent. Most who follow saw the same last, and are sent the same bytes."""
        asked = (version, self._version, tuple(kinds), name)
        if self._last[0] != asked:
            now, news = self.since(version, kinds, name)
            if now != asked[1]:
                return now, b"".join(one.event for one in news)
            self._last = asked, (now, b"".join(one.event for one in news))
        return self._last[1]

    async def follow(self, kinds: Collection[str], name: str | None = None) -> AsyncIterator[bytes]:
        """All there is, then what changes, as server-sent events, until whoever asks goes away."""
        version, said = 0, time.monotonic()
        self.followers += 1
        try:
            while True:
                changed = self._changed
                version, events = self._written(version, kinds, name)
                quiet = time.monotonic() - said > BEAT / 2
                if events or quiet:
                    yield events or b": \n\n"
                    said = time.monotonic()
                    await asyncio.sleep(PAUSE)  # what comes meanwhile goes out together
                await changed.wait()
        finally:
            self.followers -= 1
