"""What the players of this machine play, over a real D-Bus of the test's own."""

import asyncio
import json
import shutil
import subprocess
import sys
import threading
import time

import pytest
from coverloop.core.errors import UsageError
from coverloop.service.mpris import check, song_of
from coverloop.service.player import Song
from serving import serving

DAEMON = shutil.which("dbus-daemon")


@pytest.fixture
def bus(tmp_path, monkeypatch):
    if not DAEMON:
        pytest.skip("dbus-daemon is not installed: MPRIS was not tried (apt install dbus-daemon)")
    address = f"unix:path={tmp_path / 'bus'}"
    daemon = subprocess.Popen([DAEMON, "--session", "--nofork", "--nopidfile", f"--address={address}"])
    while not (tmp_path / "bus").exists():
        assert daemon.poll() is None
        time.sleep(0.02)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    yield address
    daemon.terminate()
    daemon.wait(10)


class FakePlayer:
    """A media player on the bus, as MPRIS has it."""

    def __init__(self, address: str, name: str):
        self._loop, self._address = asyncio.new_event_loop(), address
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._run(self._join(name))

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _join(self, name: str):
        from dbus_fast import PropertyAccess, Variant
        from dbus_fast.aio import MessageBus
        from dbus_fast.service import ServiceInterface, dbus_property

        class Interface(ServiceInterface):
            def __init__(self):
                super().__init__("org.mpris.MediaPlayer2.Player")
                self.state, self.song = "Stopped", {}

            @dbus_property(access=PropertyAccess.READ)
            def PlaybackStatus(self) -> "s":  # noqa: F821
                return self.state

            @dbus_property(access=PropertyAccess.READ)
            def Metadata(self) -> "a{sv}":  # noqa: F722
                return self.song

        self._variant, self._player = Variant, Interface()
        self._bus = await MessageBus(self._address).connect()
        self._bus.export("/org/mpris/MediaPlayer2", self._player)
        await self._bus.request_name(f"org.mpris.MediaPlayer2.{name}")

    def plays(self, state: str, title: str = "", artist: str = "", album: str = "") -> None:
        async def tell():
            told = {"xesam:title": ("s", title), "xesam:artist": ("as", [artist]), "xesam:album": ("s", album)}
            self._player.state = state
            self._player.song = {name: self._variant(*value) for name, value in told.items()}
            self._player.emit_properties_changed({"PlaybackStatus": state, "Metadata": self._player.song})

        self._run(tell())

    def leaves(self) -> None:
        async def leave():
            self._bus.disconnect()

        self._run(leave())


def shown(client, title: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        _, news = client.app.state.desk.board.since(0, ("now",))
        if news and json.loads(news[0].text)["title"] == title:
            return
        assert time.monotonic() < deadline, news
        time.sleep(0.05)


def test_what_a_player_plays_is_shown_until_it_pauses_or_leaves(place, bus):
    early = FakePlayer(bus, "early")
    early.plays("Playing", "First", "Someone", "An album")
    with serving(place, servers=("http://127.0.0.1:9",), mpris=True) as client:
        shown(client, "First")
        late = FakePlayer(bus, "late.instance1")
        late.plays("Playing", "Second", "Someone")
        early.plays("Playing", "Third", "Someone")
        shown(client, "Third")
        early.plays("Paused", "Third", "Someone")
        shown(client, "Second")
        late.leaves()
        shown(client, "")
        early.plays("Playing", "Third", "Someone")
        shown(client, "Third")


def test_a_bus_that_is_away_is_no_harm(place, monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'nobody'}")
    with serving(place, servers=("http://127.0.0.1:9",), mpris=True) as client:
        assert client("GET", "/now").status == 200


def test_metadata_of_any_shape_is_read():
    assert song_of({"xesam:title": " A ", "xesam:artist": ["B", "C"]}) == Song("A", "B, C", "")
    assert song_of(None) == song_of({"xesam:title": 3, "xesam:artist": [3]}) == Song()


def test_the_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "dbus_fast", None)
    with pytest.raises(UsageError, match="coverloop\\[mpris\\]"):
        check()
