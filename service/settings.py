"""What a service is started with, and what it lets one client do."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Limits:
    """upload_bytes, upload_pixels: of a picture, checked before it is decoded. body_bytes: of any other request.
    waiting: jobs that one client may have in the queue. streams: of events, in all and of one client. rates: kind of
    call -> (calls a minute, calls at once) of one client."""

    upload_bytes: int = 30_000_000
    upload_pixels: int = 50_000_000
    body_bytes: int = 65_536
    waiting: int = 20
    streams: int = 400
    streams_of_client: int = 24
    rates: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "call": (1200.0, 300.0),
            "upload": (30.0, 15.0),
            "search": (30.0, 10.0),
            "job": (60.0, 30.0),
            "login": (10.0, 5.0),
        }
    )


@dataclass(frozen=True)
class Settings:
    """folder: where the service keeps its tables and pictures. token: "" when none is asked for. names: host names it
    is called by, besides loopback and plain addresses. servers: ComfyUIs; none means one of our own. queue: address of
    a PostgreSQL whose workers render instead, shared: the folder or bucket that they reach. sources: where covers are
    searched; None means everywhere. listenbrainz: whose listens are asked for; mpris: what this machine's players
    play is followed; make_playing: a song without a loop gets one made. youtube_key: "" when no videos are searched."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8600
    token: str = ""
    names: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    queue: str = ""
    shared: str = ""
    workflow: str = "ambient_loop"
    sources: tuple[str, ...] | None = None
    listenbrainz: str = ""
    mpris: bool = False
    make_playing: bool = False
    youtube_key: str = field(default="", repr=False)
    limits: Limits = field(default_factory=Limits)

    def to_json(self) -> str:
        """For the process that renders."""
        return json.dumps({**dataclasses.asdict(self), "folder": str(self.folder), "limits": None, "youtube_key": ""})

    @classmethod
    def from_json(cls, text: str) -> Settings:
        values = json.loads(text)
        del values["limits"]
        lists = {name: tuple(values[name] or ()) for name in ("names", "servers", "sources")}
        return cls(**{**values, **lists, "folder": Path(values["folder"])})
