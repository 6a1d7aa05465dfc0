"""The command line with two faults: SIGUSR1 cuts every event socket, and while the file CHAOS_DELETE is there, the next
output file is deleted from the server's folder just before it is downloaded. Started by chaos.py; not for people."""

import contextlib
import gc
import os
import signal
import sys
from pathlib import Path

import websocket
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.server.client import Comfy

download = Comfy.download


def cut_sockets(*_):
    for thing in gc.get_objects():
        if isinstance(thing, websocket.WebSocket) and thing.sock:
            with contextlib.suppress(OSError):
                thing.sock.shutdown(2)


def download_or_lose(self, file, target, **options):
    wish = Path(os.environ["CHAOS_DELETE"])
    if wish.exists():
        for base in os.environ["CHAOS_BASES"].split(os.pathsep):
            (Path(base) / "output" / file.subfolder / file.filename).unlink(missing_ok=True)
        wish.unlink(missing_ok=True)
    return download(self, file, target, **options)


if __name__ == "__main__":
    Comfy.download = download_or_lose
    signal.signal(signal.SIGUSR1, cut_sockets)
    sys.exit(main())
