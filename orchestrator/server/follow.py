"""Following one job on a ComfyUI server: progress from the websocket, the truth from `/queue` and `/history`.

A dropped websocket loses events for good, a restarted server loses the job, and a success message comes before the
history is written. So the socket only makes the picture move: what happened is read from HTTP, every two seconds and
when the socket says that the job is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ...core.errors import JobError, ServerError
from .client import Comfy
from .events import Event, Finished, Progress, Queued
from .wire import JobLost, JobStopped, Prompt, ServerAway

POLL_SECONDS = 2.0
STUCK_SECONDS = 10.0


@dataclass(frozen=True)
class Patience:
    """How long a server may give no answer, in seconds, before that is an error: `silent` while it hangs, `refused`
    while nobody listens there (it may be starting again). `stopped` is asked now and then; True ends the job."""

    silent: float = 60.0
    refused: float = 60.0
    stopped: Callable[[], bool] = lambda: False


class _Watch:
    """What `/queue` and `/history` say of one job, over time."""

    def __init__(self, comfy: Comfy, prompt_id: str, patience: Patience):
        self._comfy = comfy
        self._id = prompt_id
        self._patience = patience
        self._answered = time.monotonic()
        self._absent = 0
        self._stuck_since: float | None = None

    def look(self, over: bool) -> Queued | Finished | None:
        """None while it runs or the server is away and we are patient; raises what ended the job."""
        try:
            state = self._ask(over)
        except ServerAway as error:
            allowed = self._patience.refused if error.refused else self._patience.silent
            if time.monotonic() - self._answered > allowed:
                raise
            return None
        self._answered = time.monotonic()
        return state

    def _ask(self, over: bool) -> Queued | Finished | None:
        if over and (finished := self._finished()):
            return finished
        queue = self._comfy.queue()
        if self._id in queue.running:
            self._absent, self._stuck_since = 0, None
            return None
        if self._id in queue.pending:
            self._absent = 0
            self._check_stuck(bool(queue.running))
            return Queued(queue.pending.index(self._id) + 1)
        if finished := self._finished():
            return finished
        self._absent += 1
        if self._absent >= 2:
            raise JobLost(f"{self._comfy.url}: no longer knows the job (it was restarted, or the job was deleted)")
        return None

    def _finished(self) -> Finished | None:
        history = self._comfy.history(self._id)
        if history is None:
            return None
        if history.stopped:
            raise JobStopped(f"{self._comfy.url}: the job was interrupted on the server")
        if history.error:
            raise JobError(f"{self._comfy.url}: {history.error}")
        return Finished(history.files, history.seconds, {}, history.shown)

    def _check_stuck(self, something_runs: bool) -> None:
        now = time.monotonic()
        if something_runs:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = now
        elif now - self._stuck_since > STUCK_SECONDS:
            raise ServerError(f"{self._comfy.url}: has jobs waiting and runs none; its worker is dead, restart it")


def follow(comfy: Comfy, prompt_id: str, prompt: Prompt, patience: Patience | None = None) -> Iterator[Event]:
    """Events of a submitted job; the last one is `Finished`.

    Raises:
        JobError: it failed there. JobStopped: somebody interrupted it, or `patience.stopped`. JobLost: absent from
        queue and history twice. ServerAway: away for longer than we are patient. ServerError: it answers, but not as
        ComfyUI; or its worker is dead.
    """
    progress = Progress(prompt_id, prompt)
    patience = patience or Patience()
    watch = _Watch(comfy, prompt_id, patience)
    next_look = time.monotonic() + POLL_SECONDS / 4
    said: Event | None = None
    while True:
        if patience.stopped():
            comfy.cancel(prompt_id)
            raise JobStopped(f"{comfy.url}: the job was stopped by us")
        message = comfy.socket.receive(min(1.0, max(0.0, next_look - time.monotonic())))
        event = progress.read(message) if message is not None else None
        if event is not None and event != said:
            said = event
            yield event
        if not progress.over and time.monotonic() < next_look:
            continue
        state = watch.look(progress.over)
        if isinstance(state, Finished):
            while not progress.over and (message := comfy.socket.receive(0.05)):  # the history may be ahead of it
                progress.read(message)
            yield replace(state, node_seconds=dict(progress.node_seconds))
            return
        if state is not None and state != said:
            said = state
            yield state
        next_look = time.monotonic() + (POLL_SECONDS if not progress.over else POLL_SECONDS / 4)
        progress.over = False
