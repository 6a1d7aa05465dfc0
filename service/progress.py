"""What the process that renders tells the one that serves, and how far each request is."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from typing import Any

from ..orchestrator.job.meter import Meter, stage_of
from ..orchestrator.job.run import Stage
from ..orchestrator.job.workflow import Workflow
from ..orchestrator.server.events import Event, Running
from .requests import Requests

EVERY = 0.25


class Events:
    """Lines on standard output, from any thread."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)  # what a library prints is no event
        self._mutex = threading.Lock()

    def say(self, **event: Any) -> None:
        with self._mutex, contextlib.suppress(OSError):  # the reader is gone: we end in a moment
            self._out.write(json.dumps(event) + "\n")
            self._out.flush()


class Progress:
    """How far each request is; told a few times a second."""

    def __init__(self, events: Events, requests: Requests):
        self._events, self._requests = events, requests
        self._meters: dict[int, tuple[Meter, float, float]] = {}
        self._mutex = threading.Lock()

    def see(self, number: int, workflow: Workflow, event: Event | Stage) -> None:
        now = time.monotonic()
        with self._mutex:
            meter, began, told = self._meters.get(number) or (Meter(workflow.id), now, 0.0)
            before = meter.words
            meter.see(event)
            if meter.words == before and now - told < EVERY:
                return
            self._meters[number] = (meter, began, now)
        title = event.title if isinstance(event, Running) else ""
        self.say(number, workflow.id, meter.fraction, stage_of(event, workflow), title, now - began)

    def say(self, number: int, workflow: str, fraction: float, stage: str, title: str, elapsed: float) -> None:
        left = _left(fraction, elapsed, self._requests.usual_seconds(workflow))
        self._events.say(what="progress", id=number, fraction=round(fraction, 4), left=left, stage=stage, title=title)

    def ended(self, number: int) -> None:
        with self._mutex:
            self._meters.pop(number, None)
        self._events.say(what="ended", id=number)


def _left(fraction: float, elapsed: float, usual: float) -> float | None:
    """Seconds left: by its own pace once there is one, before that by what the last ones took."""
    if fraction > 0.15:
        return round(elapsed / fraction * (1 - fraction), 1)
    return round(max(0.0, usual - elapsed), 1) if usual else None
