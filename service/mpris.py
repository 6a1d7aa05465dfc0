"""What plays on this machine, as its players tell it over D-Bus.

MPRIS 2.2 (https://specifications.freedesktop.org/mpris-spec/2.2/): each player has a name below
org.mpris.MediaPlayer2 on the session bus, and says what it plays in two properties.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from ..core.errors import UsageError
from .player import LONGEST, Song

log = logging.getLogger(__name__)

PREFIX = "org.mpris.MediaPlayer2."
PATH = "/org/mpris/MediaPlayer2"
PLAYER = "org.mpris.MediaPlayer2.Player"
BUS, BUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"
PROPERTIES = f"{BUS}.Properties"
MATCHES = (
    f"type='signal',interface='{PROPERTIES}',member='PropertiesChanged',path='{PATH}'",
    f"type='signal',sender='{BUS}',member='NameOwnerChanged',arg0namespace='{PREFIX[:-1]}'",
)
ANSWER, AGAIN = 2.0, 15.0


def check() -> None:
    """Raises UsageError where D-Bus cannot be spoken."""
    try:
        import dbus_fast  # noqa: F401
    except ImportError as error:
        raise UsageError(f'--mpris needs one more package ({error}); pip install "coverloop[mpris]"') from error


async def follow_mpris(play: Callable[[Song], None]) -> None:
    """Tell `play` what this machine's players play, until it is cancelled; a bus that is away is waited for."""
    from dbus_fast.aio import MessageBus

    told = ""
    while True:
        try:
            bus = await MessageBus().connect()
            told = ""
            try:
                await _listen(bus, play)
            finally:
                bus.disconnect()
        except Exception as error:  # whatever the bus or its driver says: the service lives on
            if str(error) != told:
                log.warning("MPRIS: the session bus gives no answer (%s); trying again", error)
            told = str(error)
        await asyncio.sleep(AGAIN)


async def _listen(bus: Any, play: Callable[[Song], None]) -> None:
    changed = asyncio.Event()
    bus.add_message_handler(lambda message: changed.set() if message.member in _SIGNALS else None)
    for rule in MATCHES:
        await _ask(bus, BUS, BUS_PATH, BUS, "AddMatch", rule)
    closed = asyncio.ensure_future(bus.wait_for_disconnect())
    playing, song = "", Song()
    try:
        while not closed.done():
            changed.clear()
            playing, fresh = await _playing(bus, playing)
            if fresh != song:
                song = fresh
                await asyncio.to_thread(play, song)
            waits = asyncio.ensure_future(changed.wait())
            await asyncio.wait((waits, closed), return_when=asyncio.FIRST_COMPLETED)
            waits.cancel()
    finally:
        closed.cancel()


_SIGNALS = ("PropertiesChanged", "NameOwnerChanged")


async def _playing(bus: Any, before: str) -> tuple[str, Song]:
    """Name and song of the player that plays; of several, the one that did `before`."""
    (names,) = await _ask(bus, BUS, BUS_PATH, BUS, "ListNames")
    players = sorted((name for name in names if name.startswith(PREFIX)), key=lambda name: name != before)
    for name in players:
        try:
            (told,) = await _ask(bus, name, PATH, PROPERTIES, "GetAll", PLAYER)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            log.info("%s: %s", name, error)
            continue
        if _value(told.get("PlaybackStatus")) == "Playing":
            return name, song_of(_value(told.get("Metadata")))
    return "", Song()


def song_of(metadata: Any) -> Song:
    """The song of a player's metadata; empty for anything else."""
    told = metadata if isinstance(metadata, Mapping) else {}
    artists = _value(told.get("xesam:artist"))
    artist = ", ".join(one for one in artists if isinstance(one, str)) if isinstance(artists, list) else artists
    names = (_value(told.get("xesam:title")), artist, _value(told.get("xesam:album")))
    return Song(*(name.strip()[:LONGEST] if isinstance(name, str) else "" for name in names))


def _value(variant: Any) -> Any:
    return getattr(variant, "value", variant)


async def _ask(bus: Any, to: str, path: str, interface: str, member: str, *words: str) -> list[Any]:
    """What is answered. Raises ValueError for an error, asyncio.TimeoutError."""
    from dbus_fast import Message, MessageType

    call = Message(
        destination=to, path=path, interface=interface, member=member, signature="s" * len(words), body=list(words)
    )
    answer = await asyncio.wait_for(bus.call(call), ANSWER)
    if answer is None or answer.message_type is not MessageType.METHOD_RETURN:
        raise ValueError(f"{member}: {answer.body if answer else 'no answer'}")
    return answer.body
