"""Many covers on some servers: who does what, what is tried again, what is set aside. Prints nothing.

Two threads per server, each with one prompt there, so that a server always has the next one at hand; a faster server
comes for more. What a thread does with one cover is in `line.py`, the covers that wait are in `tasks.py`.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...core.errors import UsageError
from ..disk.files import sweep_parts
from ..job.retry import ANY_SERVER, RetryPolicy
from ..job.run import Stage
from ..job.workflow import Workflow
from ..server.events import Event
from ..store.store import Store
from .fleet import Post
from .line import Line, Work
from .row import Row
from .tasks import Outcome, OutcomeState, Task, Tasks

LINES_PER_SERVER = 2
GIVE_UP = 300.0


class Batch:
    """Render `rows` with `workflow` on `servers`, keeping everything in `store`.

    given: parameters for all rows; a row's own come on top. force: render what is finished, too. resume: covers that an
    earlier run set aside stay aside; otherwise they get another chance. policy: when a cover is tried again.
    on_outcome: called once per row; on_event: with server, row and event; both from any thread.
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
        policy: RetryPolicy = ANY_SERVER,
        on_outcome: Callable[[Outcome], None] = lambda outcome: None,
        on_event: Callable[[str, Row, Event | Stage], None] = lambda server, row, event: None,
    ):
        self._posts = [Post(url, workflow) for url in servers]
        self._work = Work(workflow, store, self._posts, policy, force, resume, on_event)
        self.tasks = Tasks(on_outcome)
        stems = [out / row.out for row in rows]
        for folder in {stem.parent for row, stem in zip(rows, stems, strict=True) if not row.error}:
            sweep_parts(folder)
        for row, stem in zip(rows, stems, strict=True):
            self._add(row, stem, {**given, **_words(row, workflow), **row.values})

    def _add(self, row: Row, stem: Path, given: Mapping[str, Any]) -> None:
        if row.error:
            return self.tasks.refuse(row, stem, row.error)
        try:
            self.tasks.add(Task(row, stem, self._work.workflow.read_values(given)))
        except UsageError as problem:
            self.tasks.refuse(row, stem, str(problem))

    def run(self) -> list[Outcome]:
        """Work until every row has its outcome, or the batch is stopped; returns the outcomes, in the rows' order."""
        threads = [
            threading.Thread(target=Line(self._work, self.tasks, post).run, name=f"{post.url} {number}", daemon=True)
            for number in range(LINES_PER_SERVER)
            for post in self._posts
        ]
        for thread in threads:
            thread.start()
        down_since: float | None = None
        with _ctrl_c(self.tasks.interrupt):
            while any(thread.is_alive() for thread in threads):
                time.sleep(0.1)
                if any(post.up for post in self._posts):
                    down_since = None
                    continue
                down_since = down_since or time.monotonic()
                if time.monotonic() - down_since > GIVE_UP:
                    reason = "; ".join(sorted({post.error for post in self._posts}))
                    self.tasks.finish_waiting(OutcomeState.FAILED, f"no server: {reason}")
        self.tasks.finish_waiting(OutcomeState.STOPPED, "stopped before its turn")
        return sorted(self.tasks.outcomes, key=lambda outcome: outcome.row.number)


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
