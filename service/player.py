"""What plays now, whoever told it, and which loop goes with it."""

from __future__ import annotations

import logging
import threading
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import CoverLoopError
from .covers import Words
from .desk import Desk
from .fetch import Fetcher
from .loops import Loop, all_loops
from .requests import Request, State
from .search import Search, folded, words_of

log = logging.getLogger(__name__)

LISTENBRAINZ = "https://api.listenbrainz.org"
EVERY = 20.0
LONGEST = 300
"""Signs of a name that is told from outside."""


@dataclass(frozen=True)
class Song:
    title: str = ""
    artist: str = ""
    album: str = ""


def plain(words: str) -> str:
    """Words as they are compared: no case, no width, no accents."""
    apart = unicodedata.normalize("NFKD", folded(words))
    return unicodedata.normalize("NFC", "".join(sign for sign in apart if not unicodedata.combining(sign)))


def matching(desk: Desk, song: Song) -> Loop | None:
    """The loop for a song: of this artist, and of this album or with this title. One that passed before one that did
    not, the latest first. Exact or nothing: a wrong cover is worse than none."""
    artist, album, title = plain(song.artist), plain(song.album), plain(song.title)
    if not artist or not (album or title):
        return None

    def goes_with(words: Words) -> bool:
        of_album = plain(words.album or words.title)  # a single has no other name
        return plain(words.artist) == artist and (
            (bool(album) and album == of_album) or (bool(title) and title == plain(words.title))
        )

    found = [loop for loop in all_loops(desk) if loop.cover is not None and goes_with(loop.cover.words)]
    return min(found, key=lambda loop: not loop.entry.passed, default=None)


class Player:
    """Tells the board what plays. makes: a song without a loop gets one, of the first cover that is found."""

    def __init__(self, desk: Desk, search: Search, makes: bool):
        self._desk, self._search, self._makes = desk, search, makes
        self._mutex = threading.Lock()
        self._song = Song()
        self._asked: tuple[Song, Request] | None = None
        desk.on_ended = self._look_again

    def play(self, song: Song) -> None:
        """From now on this plays; an empty song is silence."""
        with self._mutex:
            fresh, self._song = song != self._song, song
        self._show()
        if fresh and self._makes and song.artist and matching(self._desk, song) is None:
            threading.Thread(target=self._make, args=(song,), daemon=True).start()

    def _look_again(self) -> None:
        if self._song != Song():
            self._show()

    def _show(self) -> None:
        song = self._song
        loop = matching(self._desk, song)
        asked = None
        if self._asked is not None and self._asked[0] == song:
            asked = self._desk.requests.get(self._asked[1].id)
        making = asked is not None and asked.state in (State.QUEUED, State.RUNNING) and loop is None
        video = f"video{loop.entry.video.suffix}" if loop is not None and loop.entry.video is not None else ""
        told = {"title": song.title, "artist": song.artist, "album": song.album, "making": making, "video": video}
        self._desk.board.put("now", "", {**told, "loop": loop.key if loop else None})

    def _make(self, song: Song) -> None:
        try:
            finds, _ = self._search.find(f"{song.artist} {song.album or song.title}")
            names = {plain(name) for name in (song.album, song.title) if name}
            for find in finds:
                same = plain(find.artist) == plain(song.artist) and names & {plain(find.title), plain(find.album)}
                if same and not find.concern:
                    cover = self._desk.covers.take(self._search.picture(find), words_of(find))
                    given = {"title": find.title or find.album, "artist": find.artist}
                    known = {name: value for name, value in given.items() if name in self._desk.workflow.bindings}
                    self._asked = song, self._desk.ask("now playing", cover, known)
                    return self._show()
        except CoverLoopError as error:
            log.warning("%s – %s: no loop is made (%s)", song.artist, song.title, error)


def song_of(listen: Any) -> Song:
    """The song of a listen as ListenBrainz writes it; empty for anything else."""
    told = listen.get("track_metadata") if isinstance(listen, Mapping) else None
    told = told if isinstance(told, Mapping) else {}
    names = (told.get(name) for name in ("track_name", "artist_name", "release_name"))
    return Song(*(name.strip()[:LONGEST] if isinstance(name, str) else "" for name in names))


def follow_listenbrainz(user: str, player: Player, fetcher: Fetcher, ends: threading.Event) -> None:
    """Ask ListenBrainz what this user plays, until it ends."""
    hosts = {"api.listenbrainz.org"}
    while not ends.is_set():
        began = time.monotonic()
        try:
            answer = fetcher.get(f"{LISTENBRAINZ}/1/user/{user}/playing-now", hosts, limit=200_000)
            listens = answer.json()["payload"]["listens"] if answer.status == 200 else None
            if isinstance(listens, list):
                player.play(song_of(listens[0]) if listens else Song())
        except (CoverLoopError, KeyError, TypeError) as error:
            log.info("ListenBrainz: %s", error)
        ends.wait(max(1.0, EVERY - (time.monotonic() - began)))
