"""The requests of the service on the queue on PostgreSQL: handed to it a few at a time, so that the fair order is ours,
and what its workers made brought into the store.

A request is on the queue under a name that only depends on itself: after a restart it is found there, not put there a
second time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import CoverLoopError, JobError, ServerError, UsageError
from ..orchestrator.batch.row import Row
from ..orchestrator.job.manifest import load_workflow
from ..orchestrator.job.request import Job, open_cover
from ..orchestrator.remote import queue
from ..orchestrator.remote.database import prepare
from ..orchestrator.remote.shared import Shared
from ..orchestrator.store.entry import Claim, Entry
from ..orchestrator.store.store import Store
from .covers import Covers
from .progress import Events, Progress
from .requests import Request, Requests, State
from .settings import Limits, Settings
from .tables import open_tables

log = logging.getLogger(__name__)

EVERY = 1.0
AHEAD = 2
"""Requests on the queue for each worker: one it works on, one that is ready for it."""


@dataclass
class Sent:
    """A request on its way. wanted: what the queue was told of it, None while it could not be told; began: when its
    worker began, by our clock."""

    request: Request
    row: Row
    job: Job
    wanted: Mapping[str, Any] | None = None
    began: float | None = field(default=None)

    @property
    def name(self) -> str:
        return queue.name_of(self.wanted) if self.wanted else ""


class Relay:
    """Takes the place of the lines of `renderer.Renderer` where there is a queue."""

    def __init__(self, settings: Settings, events: Events):
        tables = open_tables(settings.folder)
        self._url, self._shared = settings.queue, Shared(settings.shared)
        self._events, self._requests = events, Requests(tables)
        self._covers = Covers(tables, settings.folder / "covers", Limits())
        self._store = Store()
        self._progress = Progress(events, self._requests)
        self._sent: dict[int, Sent] = {}
        self._wake = threading.Event()
        self._requests.resume()

    def wake(self) -> None:
        self._wake.set()

    def run(self) -> None:
        """Until the process ends."""
        prepared = False
        while True:
            try:
                if not prepared:
                    prepare(self._url)
                    prepared = True
                self._turn()
            except ServerError as error:
                self._say_workers(0, str(error))
                log.warning("%s", error)
            except Exception:  # it must not end what the service lives of
                log.exception("the queue")
            self._wake.wait(EVERY)
            self._wake.clear()

    def _turn(self) -> None:
        living = queue.workers(self._url)
        self._say_workers(living, "" if living else "no worker is there")
        standings = queue.stood(self._url, [sent.name for sent in self._sent.values() if sent.wanted])
        for sent in list(self._sent.values()):
            self._guarded(sent, lambda sent: self._look(sent, standings.get(sent.name)))
        for workflow in self._requests.workflows():
            while len(self._sent) < AHEAD * max(1, living) and (request := self._requests.take(workflow)):
                self._events.say(what="taken", id=request.id)
                self._take(request)

    def _say_workers(self, living: int, error: str) -> None:
        self._events.say(what="servers", known=max(1, living), up=living, ready=bool(living), error=error)

    def _take(self, request: Request) -> None:
        try:
            workflow = load_workflow(request.workflow)
            cover = self._covers.find(request.cover)
            if cover is None:
                raise UsageError("its picture was deleted; give it again")
            path = self._covers.path(cover)
            values = tuple(sorted(workflow.read_values(request.given).items()))
            job = Job(open_cover(path).sha256, workflow.id, workflow.sha256, values)
            out = f"service/{request.id}-{request.ticket}"
            sent = Sent(request, Row(request.id, path, out, values=request.given), job)
        except CoverLoopError as error:
            return self._end(request, State.FAILED, str(error))
        self._sent[request.id] = sent
        self._guarded(sent, self._put)

    def _guarded(self, sent: Sent, do: Any) -> None:
        """What is wrong with one request ends that one."""
        try:
            do(sent)
        except JobError as error:
            self._end(sent.request, State.FAILED, str(error))
        except ServerError:
            raise
        except CoverLoopError as error:
            self._end(sent.request, State.FAILED, str(error))

    def _put(self, sent: Sent) -> None:
        if (entry := self._store.finished(sent.job.key)) is not None:
            return self._done(sent, entry)
        workflow = load_workflow(sent.request.workflow)
        wanted = queue.request_for(sent.row, workflow, {}, self._shared)
        if wanted is None:
            return self._bring(sent)
        name = queue.name_of(wanted)
        standing = queue.stood(self._url, [name]).get(name)
        if standing is None or standing.state not in ("waiting", "running"):
            queue.put(self._url, wanted)
        sent.wanted = wanted

    def _look(self, sent: Sent, standing: queue.Standing | None) -> None:
        if self._requests.get(sent.request.id).state is State.CANCELLED:
            if standing is not None and standing.state in ("waiting", "running"):
                queue.withdraw(self._url, standing.job)
            return self._end(sent.request, State.CANCELLED, "cancelled")
        if standing is None or standing.state == "cancelled":
            return self._put(sent)
        if standing.state == "done":
            return self._bring(sent)
        if standing.state == "failed":
            return self._end(sent.request, State.FAILED, standing.error or "it failed; the log of its worker says why")
        if standing.state == "running" and sent.began is None:
            sent.began = time.monotonic()
        elapsed = time.monotonic() - sent.began if sent.began is not None else 0.0
        stage = standing.stage if standing.state == "running" else "waiting"
        self._progress.say(sent.request.id, sent.job.workflow, standing.fraction, stage, "", elapsed)

    def _bring(self, sent: Sent) -> None:
        claim = self._store.claim(sent.job, sent.row.cover.name, force=True)
        if claim is not Claim.OURS:
            return  # another process has it in hand; it is found at the next look
        try:
            with self._store.staging() as scratch:
                made = self._shared.bring(sent.row.out, scratch / "loop")
                entry = self._store.keep(sent.job)(made)
        except Exception as error:
            self._store.fail(sent.job.key, str(error))
            raise
        self._done(sent, entry)

    def _done(self, sent: Sent, entry: Entry) -> None:
        self._end(sent.request, State.DONE, "", entry.key, entry.passed)

    def _end(self, request: Request, state: State, error: str, loop: str | None = None, passed: bool = False) -> None:
        self._sent.pop(request.id, None)
        self._requests.end(request.id, state, error, loop, passed)
        self._progress.ended(request.id)
