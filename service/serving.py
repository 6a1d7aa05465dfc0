"""Starting the service and ending it."""

from __future__ import annotations

import os
from typing import Any

import uvicorn
from fastapi import FastAPI

from ..core.errors import UsageError
from ..orchestrator.cli.options import stderr
from ..orchestrator.remote.shared import Shared
from ..orchestrator.server.choose import given_server
from ..orchestrator.store.store import store_folder
from .app import make_app
from .mpris import check
from .settings import LOOPBACK, Settings


def run(*, is_open: bool, servers: tuple[str, ...], **given: Any) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        UsageError: it would be open to others without --token or --open, the address cannot be listened on, the
            queue is asked for without a shared folder, or D-Bus cannot be spoken.
    """
    host = given["host"]
    if host not in LOOPBACK and not given["token"] and not is_open:
        raise UsageError(f"--host {host}: others could use it; give --token, or --open if they may")
    if given["queue"] and (servers or not given["shared"]):
        raise UsageError("--queue: its workers have the servers; give --out, the folder they reach, and no --server")
    if given["queue"]:
        Shared(given["shared"])
    if given["mpris"]:
        check()
    known = servers or ((url,) if (url := given_server(None)) else ())
    key = os.environ.get("YOUTUBE_API_KEY", "")
    settings = Settings(folder=store_folder().expanduser() / "service", servers=known, youtube_key=key, **given)
    app = make_app(settings)
    server = _Saying(config_of(app, host, settings.port))
    server.run()
    if not server.started:
        raise UsageError(f"{host}:{settings.port}: cannot be listened on; is another coverloop serve running?")


def config_of(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,  # addresses hold what people search for
        server_header=False,
        timeout_graceful_shutdown=2,  # event streams never end by themselves
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=32_768,
        limit_concurrency=2000,
    )


class _Saying(uvicorn.Server):
    """Says where it is once it answers."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            place = self.servers[0].sockets[0].getsockname()
            host = f"[{place[0]}]" if ":" in place[0] else place[0]
            stderr.print(f"coverloop: http://{host}:{place[1]} (Ctrl-C ends it)")
