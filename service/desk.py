"""What all routes work with: the tables, the store, the renderer, and the board that the pages follow."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from ..orchestrator.disk.locks import Lock, is_free
from ..orchestrator.job.manifest import load_workflow
from ..orchestrator.store.store import Store
from .covers import Cover, Covers
from .events import Board
from .overseer import Overseer
from .rates import Rates
from .requests import Request, Requests, State
from .settings import Settings
from .tables import open_tables

log = logging.getLogger(__name__)

SHOWN = 12


class Desk:
    """Everything of one running service.

    Raises:
        UsageError: another service works in this folder, nothing can be kept there, or the workflow is unknown.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self.workflow = load_workflow(settings.workflow)
        self.tables = open_tables(settings.folder)
        place = settings.folder / "service.lock"
        if not is_free(place):
            raise UsageError(f"{settings.folder}: another coverloop serve works there; end it, or set COVERLOOP_STORE")
        self._lock = Lock(place)
        self.store = Store()
        self.covers = Covers(self.tables, settings.folder / "covers", settings.limits)
        self.requests = Requests(self.tables)
        self.board = Board()
        self.rates = Rates(settings.limits.rates)
        self.overseer = Overseer(settings, self.hear)
        self.on_ended: Callable[[], None] = lambda: None
        self._live: dict[int, Mapping[str, Any]] = {}
        self._mutex = threading.Lock()

    def open(self) -> None:
        for request in (*self.requests.latest(SHOWN), *self.requests.running(), *self.requests.order()):
            self.show(request)
        self._show_queue()
        self.board.put("status", "", {"state": "starting"})
        self.overseer.start()

    def close(self) -> None:
        self.overseer.stop()
        self.store.close()
        self.tables.close()
        self._lock.release()

    # asking

    def ask(
        self, client: str, cover: Cover, given: Mapping[str, Any], workflow: str | None = None, key: str | None = None
    ) -> Request:
        """A request for a loop of `cover`; one that is done when the store has just this loop.

        Raises:
            UsageError: the workflow is unknown, or a parameter is wrong. QueueFull, KeyReused: see `Requests.ask`.
        """
        known = self.workflow if workflow is None else load_workflow(workflow)
        known.read_values(given)
        for earlier in self.requests.answered(cover.id, known.id, given):
            if earlier.loop is not None and self.store.finished(earlier.loop) is not None:
                return earlier
        request = self.requests.ask(client, cover.id, known.id, given, self.settings.limits.waiting, key)
        self.show(request)
        self._show_queue()
        self.overseer.wake()
        return request

    def cancel(self, request: Request) -> Request:
        self.requests.end(request.id, State.CANCELLED, "cancelled")
        self.overseer.wake()
        self.ended(request.id)
        return self.requests.get(request.id)

    def forget(self, loop: str) -> None:
        """Delete a loop, and what was made of it."""
        request = self.requests.of_loop(loop)
        self.store.forget(loop)
        self.requests.forget_loop(loop)
        if request is not None:
            self.board.drop("job", request.ticket)

    # what the pages see

    def hear(self, event: Mapping[str, Any]) -> None:
        """An event of the renderer."""
        what = event["what"]
        if what == "servers":
            self._show_servers(event)
        elif what == "progress":
            with self._mutex:
                self._live[event["id"]] = event
            self.show(self.requests.get(event["id"]))
        elif what == "taken":
            self.show(self.requests.get(event["id"]))
            self._show_queue()
        elif what == "ended":
            self.ended(event["id"])

    def ended(self, id: int) -> None:
        with self._mutex:
            self._live.pop(id, None)
        self.show(self.requests.get(id))
        self._show_queue()
        for old in self.requests.latest(SHOWN + 50)[SHOWN:]:
            self.board.drop("job", old.ticket)
        self.on_ended()

    def show(self, request: Request) -> None:
        self.board.put("job", request.ticket, self.view(request))

    def renamed(self, cover: str) -> None:
        """What a cover is of was said: pages that show its jobs show it."""
        shown = (*self.requests.latest(SHOWN), *self.requests.running(), *self.requests.order())
        for request in shown:
            if request.cover == cover:
                self.show(request)

    def _show_queue(self) -> None:
        self.board.put("queue", "", {"order": [request.ticket for request in self.requests.order()]})

    def _show_servers(self, event: Mapping[str, Any]) -> None:
        state = "ready" if event["up"] or (event["ready"] and not event["known"]) else "starting"
        if event["error"] and not event["up"]:
            state = "away"
        self.board.put("status", "", {"state": state})

    def view(self, request: Request) -> dict[str, Any]:
        """A request as pages and programs see it. fraction: how far, in [0, 1]; stage: what works now, a class of
        node or a step of ours, and doing: its title; left: seconds,
        as far as can be told; loop: key of what was made."""
        cover = self.covers.find(request.cover)
        with self._mutex:
            live = self._live.get(request.id, {}) if request.state is State.RUNNING else {}
        return {
            "id": request.ticket,
            "state": request.state.value,
            "cover": request.cover,
            "title": cover.words.title if cover else "",
            "artist": cover.words.artist if cover else "",
            "fraction": 1.0 if request.state is State.DONE else live.get("fraction", 0.0),
            "stage": live.get("stage", ""),
            "doing": live.get("title", ""),
            "left": live.get("left"),
            "loop": request.loop,
            "passed": request.passed,
            "error": public(request.error, self.settings.folder),
        }


def public(error: str, folder: Path) -> str:
    """An error as anybody may read it: no logins, no folders of this machine."""
    error = re.sub(r"(\w+://)[^\s/@]*@", r"\1", error)
    error = re.sub(r"(?<![\w:/])(?:[A-Za-z]:)?[/\\](?:[^\s/\\:;,()']+[/\\])+", "", error)
    return error.replace(str(folder), "")
