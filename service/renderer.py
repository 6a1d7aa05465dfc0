"""The process that renders: takes requests from the table, has the orchestrator render them, and says how far it is.

`python -m coverloop.service.renderer`, started by `overseer.py`. The first line on standard input is the settings; any
further line says that something was asked for or cancelled; its end is the end of the service, however that came. A
line of JSON on standard output is an event. A process of its own, because judging a loop takes memory and time that the
pages need.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from ..core.errors import CoverLoopError, ServerError
from ..orchestrator.batch.crew import LINES_PER_SERVER
from ..orchestrator.batch.fleet import Post
from ..orchestrator.batch.line import Line, Work
from ..orchestrator.job.manifest import load_workflow
from ..orchestrator.job.retry import ANY_SERVER
from ..orchestrator.server import embedded
from ..orchestrator.store.store import Store
from .covers import Covers
from .progress import Events, Progress
from .relay import Relay
from .requests import Requests
from .settings import Limits, Settings
from .tables import open_tables
from .waiting import Waiting

log = logging.getLogger(__name__)


class Renderer:
    """Lines of the orchestrator over the waiting requests: of each workflow that is asked for, on each server."""

    def __init__(self, settings: Settings, events: Events):
        tables = open_tables(settings.folder)
        self._settings, self._events = settings, events
        self._requests = Requests(tables)
        self._covers = Covers(tables, settings.folder / "covers", Limits())
        self._store = Store()
        self._progress = Progress(events, self._requests)
        self._wake = threading.Condition()
        self._lines: dict[str, list[Post]] = {}
        self._servers: list[str] = list(settings.servers)
        self._requests.resume()

    def wake(self) -> None:
        with self._wake:
            self._wake.notify_all()

    def run(self) -> None:
        """Until the process ends."""
        if not self._servers:
            threading.Thread(target=self._keep_own_server, daemon=True).start()
        while True:
            for id in self._requests.workflows() if self._servers else ():
                if id not in self._lines:
                    self._begin(id)
            self._report()
            with self._wake:
                self._wake.wait(1.0)

    def _begin(self, id: str) -> None:
        workflow = load_workflow(id)
        posts = [Post(url, workflow) for url in self._servers]
        self._lines[id] = posts
        work = Work(
            workflow,
            self._store,
            posts,
            ANY_SERVER,
            force=False,
            resume=False,
            on_event=lambda server, row, event: self._progress.see(row.number, workflow, event),
        )
        waiting = Waiting(workflow, self._requests, self._covers, self._wake, self._events_of)
        for number in range(LINES_PER_SERVER if self._settings.servers else 1):
            for post in posts:
                name = f"{post.url} {workflow.id} {number}"
                threading.Thread(target=Line(work, waiting, post).run, name=name, daemon=True).start()

    def _events_of(self, what: str, number: int) -> None:
        self._progress.ended(number) if what == "ended" else self._events.say(what=what, id=number)

    def _report(self) -> None:
        posts = [post for posts in self._lines.values() for post in posts]
        known = {post.url for post in posts}
        up = {post.url for post in posts if post.up}
        error = next((post.error for post in posts if post.error), "")
        self._events.say(what="servers", known=len(known), up=len(up), ready=bool(self._servers), error=error)

    def _keep_own_server(self) -> None:
        """An embedded ComfyUI, started again on the same port when it ends."""
        port, wait = embedded.free_port(), 1.0
        while True:
            try:
                with embedded.start(port=port) as own:
                    wait = 1.0
                    self._servers = [own.url]
                    for posts in self._lines.values():
                        for post in posts:
                            post.ask_now()
                    self.wake()
                    own.process.wait()
                log.warning("ComfyUI ended; starting it again")
            except CoverLoopError as error:
                self._events.say(what="servers", known=1, up=0, ready=False, error=str(error))
                log.error("%s", error)
            time.sleep(wait)
            wait = min(60.0, wait * 2)


def lines_of(stream: Any) -> Iterator[str]:
    with contextlib.suppress(OSError, ValueError):
        yield from stream


def main() -> None:
    logging.basicConfig(format="coverloop: %(message)s", level=logging.WARNING, stream=sys.stderr)
    lines = lines_of(sys.stdin)
    settings = Settings.from_json(next(lines))
    events = Events()
    try:
        renderer = Relay(settings, events) if settings.queue else Renderer(settings, events)
    except (CoverLoopError, ServerError) as error:
        sys.exit(f"coverloop: {error}")
    threading.Thread(target=renderer.run, daemon=True).start()
    for _ in lines:
        renderer.wake()
    # What runs stays where it is written down: it is followed, or rendered again, when the service is back. The
    # embedded ComfyUI ends when its pipe to us does.
    os._exit(0)


if __name__ == "__main__":
    main()
