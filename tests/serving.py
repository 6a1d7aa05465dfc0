"""A service for tests: in this process, on a port of its own, with a small workflow and made-up covers."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from coverloop.service.app import make_app
from coverloop.service.serving import config_of
from coverloop.service.settings import Limits, Settings
from PIL import Image

JSON = {"Content-Type": "application/json"}


def picture(number: int = 0, side: int = 96, kind: str = "PNG", **save: Any) -> bytes:
    """A square cover of its own for each `number`, as a file."""
    y, x = np.mgrid[0:side, 0:side] * (96 / side)
    wave = 100 + 60 * np.sin(x / (5 + number % 7) + number) + 40 * np.cos(y / (4 + number % 5))
    image = (
        np.stack([wave, np.roll(wave, (number * side) // 96 % side, 0), 255 - wave], -1).clip(0, 255).astype(np.uint8)
    )
    out = io.BytesIO()
    Image.fromarray(image).save(out, kind, **save)
    return out.getvalue()


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Calls a service; follows no redirect, knows no proxy."""

    def __init__(self, url: str, headers: dict[str, str] | None = None):
        self.url, self.headers = url, headers or {}
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body, told = json.dumps(body).encode(), {**JSON, **told}
        request = urllib.request.Request(self.url + path, body, {**self.headers, **told}, method=method)
        try:
            with self._opener.open(request, timeout=30) as answer:
                return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())

    def give(self, data: bytes, query: str = "") -> dict[str, Any]:
        answer = self("POST", f"/api/v1/covers{query}", data, Content_Type="image/png")
        assert answer.status == 201, answer.body
        return answer.json()

    def ask(self, cover: str, **more: Any) -> dict[str, Any]:
        answer = self("POST", "/api/v1/jobs", {"cover": cover, **more})
        assert answer.status in (200, 202), answer.body
        return answer.json()

    def wait(self, job: dict[str, Any], states: tuple[str, ...] = ("done",), seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while job["state"] not in states:
            assert job["state"] in ("queued", "running") and time.monotonic() < deadline, job
            time.sleep(0.05)
            job = self("GET", f"/api/v1/jobs/{job['id']}").json()
        return job


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


@contextlib.contextmanager
def serving(folder: Path, sources=(), fetcher=None, limits: Limits | None = None, **settings: Any) -> Iterator[Client]:
    """A service whose store and tables are in `folder` (set COVERLOOP_STORE to it first). A port of its own."""
    chosen = Settings(folder=folder / "service", workflow="tiny", limits=limits or Limits(), **settings)
    app = make_app(chosen, list(sources), fetcher)
    server = uvicorn.Server(config_of(app, "127.0.0.1", 0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        client = Client(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
        client.app = app
        yield client
    finally:
        server.should_exit = True
        thread.join(20)


@contextlib.contextmanager
def serving_process(store: Path, port: int, *arguments: str) -> Iterator[tuple[subprocess.Popen, Client]]:
    """`coverloop serve` as people start it, until the end of the block; it may be killed before."""
    call = [sys.executable, "-m", "coverloop.orchestrator.cli", "serve", "--port", str(port), "--workflow", "tiny"]
    child = subprocess.Popen(
        [*call, "--sources", "none", *arguments], env={**os.environ, "COVERLOOP_STORE": str(store)}
    )
    try:
        client = Client(f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + 30
        while True:
            assert child.poll() is None and time.monotonic() < deadline
            with contextlib.suppress(OSError):
                client("GET", "/")
                break
            time.sleep(0.1)
        yield child, client
    finally:
        child.terminate()
        child.wait(20)
