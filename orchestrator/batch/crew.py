"""Many covers on some servers: who does what, what is tried again, what is set aside. Prints nothing.

Two threads per server, each with one prompt there, so that a server always has the next one at hand; a faster server
comes for more. What a thread does with one cover is in `line.py`: found in the store, adopted from a server that
still has it, or rendered. What goes wrong with a server sends its covers to the others; what goes wrong with a cover
stays with it.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...core.errors import UsageError
from ..disk.files import sweep_parts
from ..job.run import Stage
from ..job.workflow import Workflow
from ..server.events import Event
from ..store.store import Store
from .fleet import Post
from .line import Line
from .sources import Row
from .tasks import Outcome, Task

log = logging.getLogger(__name__)

LINES_PER_SERVER = 2
GIVE_UP = 300.0


class Batch:
    """Render `rows` with `workflow` on `servers`, keeping everything in `store`.

    given: parameters for all rows; a row's own come on top. force: render what is finished, too. resume: covers that an
    earlier run set aside stay aside; otherwise they get another chance.
    on_outcome: called once per row; on_event: with server, name of the cover and event; both from any thread.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        out: Path,
        workflow: Workflow,
        servers: Sequence[str],
        store: Store,
        given: Mapping[str, Any],
        *,
        force: bool = False,
        resume: bool = False,
        on_outcome: Callable[[Outcome], None] = lambda outcome: None,
        on_event: Callable[[str, str, Event | Stage], None] = lambda server, cover, event: None,
    ):
        self.workflow, self.store, self.force, self.resume = workflow, store, force, resume
        self.posts = [Post(url, workflow) for url in servers]
        self._on_outcome, self.on_event = on_outcome, on_event
        self._condition = threading.Condition()
        self._waiting: deque[Task] = deque()
        self._open = 0
        self._all_down_since: float | None = None
        self.stopping = self.aborting = False
        self.outcomes: list[Outcome] = []
        for folder in {(out / row.out.replace("\\", "/")).parent for row in rows if not row.error}:
            sweep_parts(folder)
        for row in rows:
            self._enter(row, out / row.out.replace("\\", "/"), {**given, **_words(row, workflow), **row.values})

    def _enter(self, row: Row, stem: Path, given: Mapping[str, Any]) -> None:
        error = row.error
        values: Mapping[str, Any] = {}
        if not error:
            try:
                values = self.workflow.read_values(given)
            except UsageError as problem:
                error = str(problem)
        self._open += 1
        task = Task(row, stem, values)
        self._finish(task, Outcome(row, "failed", error, stem=stem)) if error else self._waiting.append(task)

    def run(self) -> list[Outcome]:
        """Work until every row has its outcome, or the batch is stopped; returns the outcomes, in the rows' order."""
        threads = [
            threading.Thread(target=Line(self, post).work, name=f"{post.url} {number}", daemon=True)
            for number in range(LINES_PER_SERVER)
            for post in self.posts
        ]
        for thread in threads:
            thread.start()
        with _ctrl_c(self.interrupt):
            while any(thread.is_alive() for thread in threads):
                time.sleep(0.1)
                self._give_up_without_servers()
        with self._condition:
            while self._waiting:
                task = self._waiting.popleft()
                self._finish(task, Outcome(task.row, "stopped", "stopped before its turn", stem=task.stem))
        return sorted(self.outcomes, key=lambda outcome: outcome.row.number)

    def interrupt(self) -> None:
        """First time: nothing new is begun. Second time: what runs is interrupted."""
        self.aborting = self.stopping
        self.stopping = True
        log.warning("interrupting what runs" if self.aborting else "finishing what runs; Ctrl-C again interrupts it")

    def _give_up_without_servers(self) -> None:
        if any(post.up for post in self.posts):
            self._all_down_since = None
        elif self._all_down_since is None:
            self._all_down_since = time.monotonic()
        elif time.monotonic() - self._all_down_since > GIVE_UP:
            reason = "; ".join(sorted({post.error for post in self.posts}))
            with self._condition:
                while self._waiting:
                    task = self._waiting.popleft()
                    self._finish(task, Outcome(task.row, "failed", f"no server: {reason}", stem=task.stem))

    # for the lines

    def over(self) -> bool:
        return self.stopping or self._open == 0

    def take(self) -> Task | None:
        """The next task; None when all are finished or the batch is stopping. Waits for those that may come back."""
        with self._condition:
            while not self.over():
                now = time.monotonic()
                for _ in range(len(self._waiting)):
                    task = self._waiting.popleft()
                    if task.after <= now:
                        return task
                    self._waiting.append(task)
                self._condition.wait(0.2)
            return None

    def put_back(self, task: Task, wait: float = 0.0) -> None:
        with self._condition:
            task.after = time.monotonic() + wait
            self._waiting.appendleft(task)
            self._condition.notify()

    def finish(self, task: Task, outcome: Outcome) -> None:
        with self._condition:
            self._finish(task, outcome)
            self._condition.notify_all()

    def _finish(self, task: Task, outcome: Outcome) -> None:
        self._open -= 1
        self.outcomes.append(outcome)
        self._on_outcome(outcome)


@contextlib.contextmanager
def _ctrl_c(act: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C calls `act` instead of raising wherever the program happens to be. Only the main thread may set that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: act())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _words(row: Row, workflow: Workflow) -> dict[str, str]:
    """Title and artist, for a workflow that binds them."""
    words = {"title": row.title, "artist": row.artist}
    return {name: word for name, word in words.items() if word and name in workflow.bindings}
