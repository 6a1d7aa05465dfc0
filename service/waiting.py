"""The requests of one workflow as the orchestrator's lines take them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..core.errors import UsageError
from ..orchestrator.batch.row import Row
from ..orchestrator.batch.tasks import Outcome, OutcomeState, Task, Tasks
from ..orchestrator.job.workflow import Workflow
from .covers import Covers
from .requests import Request, Requests, State

_STATES = {
    OutcomeState.DONE: State.DONE,
    OutcomeState.CANCELLED: State.CANCELLED,
    OutcomeState.STOPPED: State.CANCELLED,
}


class Waiting(Tasks):
    """Never over: what is asked for later comes out of the same table. say: hears "taken" and "ended" with the number
    of a request."""

    def __init__(
        self,
        workflow: Workflow,
        requests: Requests,
        covers: Covers,
        wake: threading.Condition,
        say: Callable[[str, int], None],
    ):
        super().__init__()
        self._workflow, self._requests, self._covers, self._wake, self._say = workflow, requests, covers, wake, say
        self._back: list[Task] = []

    def over(self) -> bool:
        return False

    def stops(self, task: Task) -> bool:
        return self._requests.get(task.row.number).state is State.CANCELLED

    def take(self) -> Task:
        """The next one whose time has come; waits for it."""
        while True:
            with self._wake:
                task = self._again() or self._next()
                if task is not None:
                    return task
                self._wake.wait(1.0)

    def _again(self) -> Task | None:
        for task in self._back:
            if self.stops(task):
                self._back.remove(task)
                self._say("ended", task.row.number)
                return None
            if task.after <= time.monotonic():
                self._back.remove(task)
                return task
        return None

    def _next(self) -> Task | None:
        request = self._requests.take(self._workflow.id)
        if request is None:
            return None
        self._say("taken", request.id)
        try:
            return self._task(request)
        except UsageError as error:
            self._requests.end(request.id, State.FAILED, str(error))
            self._say("ended", request.id)
            return None

    def _task(self, request: Request) -> Task:
        cover = self._covers.find(request.cover)
        if cover is None:
            raise UsageError("its picture was deleted; give it again")
        row = Row(request.id, self._covers.path(cover), out="", title=cover.words.title, artist=cover.words.artist)
        return Task(row, None, self._workflow.read_values(request.given))

    def put_back(self, task: Task, wait: float = 0.0) -> None:
        with self._wake:
            task.after = time.monotonic() + wait
            self._back.append(task)
            self._wake.notify_all()

    def finish(self, outcome: Outcome) -> None:
        state = _STATES.get(outcome.state, State.FAILED)
        loop = outcome.entry.key if outcome.entry is not None and state is State.DONE else None
        self._requests.end(outcome.row.number, state, outcome.error, loop, outcome.good)
        self._say("ended", outcome.row.number)
