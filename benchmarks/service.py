"""How the service bears a crowd: many pages that watch events, some that queue at once, one render running.

usage: service.py [--watchers 200] [--asking 20]

Starts the service with the small workflow of the tests on an embedded ComfyUI. Prints one JSON line: jobs that were
asked for and done, the delay of an event from its being known to its reaching a page (median, p95), p95 of a page while
something renders, memory of the service in MB (at first, at most). `bare` is a FastAPI application that does nothing
but send events of that size to as many: what the frame itself costs.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
import requests

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))
from serving import picture  # noqa: E402
from tiny import write_workflows  # noqa: E402

WIDE = {kind: (1e6, 1e6) for kind in ("call", "upload", "search", "job", "login")}


def serve(folder: str, port: int, server: str) -> None:
    """The service, with the moment written into every event."""
    import uvicorn
    from coverloop.service import desk
    from coverloop.service.app import make_app
    from coverloop.service.serving import config_of
    from coverloop.service.settings import Limits, Settings

    view = desk.Desk.view
    desk.Desk.view = lambda self, request: {**view(self, request), "at": time.time()}
    limits = Limits(waiting=1000, streams=1000, streams_of_client=1000, rates=WIDE)
    settings = Settings(Path(folder) / "service", servers=(server,), workflow="tiny", sources=(), limits=limits)
    uvicorn.Server(config_of(make_app(settings), "127.0.0.1", port)).run()


def serve_bare(port: int) -> None:
    """An event every quarter of a second to whoever listens."""
    from collections.abc import AsyncIterator

    import uvicorn
    from fastapi import FastAPI
    from fastapi.sse import EventSourceResponse, ServerSentEvent

    app = FastAPI()

    async def events() -> AsyncIterator[ServerSentEvent]:
        while True:
            yield ServerSentEvent(raw_data=json.dumps({"at": time.time(), "filler": "x" * 300}), event="job")
            await asyncio.sleep(0.25)

    app.get("/api/v1/events", response_class=EventSourceResponse)(events)
    app.get("/")(lambda: {})
    uvicorn.run(app, port=port, log_level="error")


async def watch(port: int, delays: list[float], ends: asyncio.Event) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    began = time.time()
    while not ends.is_set():
        try:
            line = await asyncio.wait_for(reader.readline(), 0.5)
        except asyncio.TimeoutError:
            continue
        if line.startswith(b"data: ") and b'"at":' in line:
            at = json.loads(line[6:])["at"]
            if at > began:
                delays.append(time.time() - at)
    writer.close()


async def crowd(port: int, watchers: int, work) -> tuple[list[float], object]:
    delays, ends = [], asyncio.Event()
    tasks = [asyncio.create_task(watch(port, delays, ends)) for _ in range(watchers)]
    await asyncio.sleep(1)
    result = await asyncio.to_thread(work)
    ends.set()
    await asyncio.gather(*tasks)
    return delays, result


def open_pages(port: int, ends, result) -> None:
    """Opens a page ten times a second. In a process of its own: the one that watches is busy."""
    times = []
    while not ends.wait(0.1):
        began = time.perf_counter()
        requests.get(f"http://127.0.0.1:{port}/", timeout=30)
        times.append(time.perf_counter() - began)
    result.put({"pages": len(times), "p95_ms": round(statistics.quantiles(times, n=20)[-1] * 1000, 1)})


@contextlib.contextmanager
def pages_opened(port: int):
    """Yields what will be told of the pages that are opened meanwhile."""
    start = multiprocessing.get_context("spawn")
    ends, result, told = start.Event(), start.Queue(), {}
    process = start.Process(target=open_pages, args=(port, ends, result))
    process.start()
    try:
        yield told
    finally:
        ends.set()
        told.update(result.get(timeout=60))
        process.join(20)


def ask_and_wait(port: int, asking: int, memory) -> dict:
    url, most = f"http://127.0.0.1:{port}", [memory()]
    covers = [requests.post(f"{url}/api/v1/covers", data=picture(number)).json()["id"] for number in range(asking)]
    jobs = [requests.post(f"{url}/api/v1/jobs", json={"cover": cover}).json()["id"] for cover in covers]
    done: set[str] = set()
    deadline = time.monotonic() + 180
    while len(done) < len(jobs) and time.monotonic() < deadline:
        done |= {job for job in jobs if job not in done and _state(url, job) == "done"}
        most.append(memory())
        time.sleep(0.2)
    return {"asked": len(jobs), "done": len(done), "rss_mb": [most[0], max(most)]}


def _state(url: str, job: str) -> str:
    return requests.get(f"{url}/api/v1/jobs/{job}").json()["state"]


def started(target, *arguments) -> multiprocessing.Process:
    process = multiprocessing.get_context("spawn").Process(target=target, args=arguments)
    process.start()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            requests.get(f"http://127.0.0.1:{arguments[-1] if len(arguments) == 1 else arguments[1]}/", timeout=5)
            return process
        except requests.RequestException:
            time.sleep(0.1)
    sys.exit("it does not answer")


def told(delays: list[float]) -> dict:
    cut = statistics.quantiles(delays, n=20)
    return {"events": len(delays), "median_ms": round(cut[9] * 1000), "p95_ms": round(cut[-1] * 1000)}


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--watchers", type=int, default=200)
    options.add_argument("--asking", type=int, default=20)
    given = options.parse_args()
    from coverloop.orchestrator.server import embedded

    with tempfile.TemporaryDirectory() as folder:
        os.environ["COVERLOOP_STORE"] = folder
        os.environ["COVERLOOP_WORKFLOWS"] = str(write_workflows(Path(folder) / "workflows"))
        with embedded.start() as own:
            port = embedded.free_port()
            service = started(serve, folder, port, own.url)
            memory = lambda: round(psutil.Process(service.pid).memory_info().rss / 1e6)  # noqa: E731
            with pages_opened(port) as pages:
                work = lambda: ask_and_wait(port, given.asking, memory)  # noqa: E731
                delays, result = asyncio.run(crowd(port, given.watchers, work))
            service.terminate()
            service.join(20)
        port = embedded.free_port()
        bare = started(serve_bare, port)
        with pages_opened(port) as bare_pages:
            frame, _ = asyncio.run(crowd(port, given.watchers, lambda: time.sleep(10)))
        bare.terminate()
    frame_told = {**told(frame), "page": bare_pages}
    print(json.dumps({"watchers": given.watchers, **result, "delay": told(delays), "page": pages, "bare": frame_told}))


if __name__ == "__main__":
    main()
