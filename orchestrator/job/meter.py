"""How far a cover is: events become a fraction and a few words. Draws nothing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from ..server.events import Event, Finished, Queued, Running
from .run import Stage
from .workflow import Workflow

_STAGES = {"upload": (0.0, "sending the cover"), "download": (0.97, "fetching the loop"), "judge": (0.98, "judging it")}
_SERVER_SHARE = 0.97


class Meter:
    """Turns events into a fraction in [0, 1] and a few words. Nodes weigh what they took the last time this workflow
    ran on this machine; until then, alike."""

    def __init__(self, workflow: str):
        self._workflow = workflow
        self._weights = _remembered(workflow)
        self.fraction = 0.0
        self.words = ""

    def see(self, event: Event | Stage) -> None:
        if isinstance(event, Stage):
            at, self.words = _STAGES[event.name]
            self.fraction = max(self.fraction, at)
        elif isinstance(event, Queued):
            self.words = f"waiting, {event.position} in the queue" if event.position > 1 else "waiting"
        elif isinstance(event, Running):
            self.words = event.title
            self.fraction = max(self.fraction, _SERVER_SHARE * self._done(event))
        elif isinstance(event, Finished) and event.node_seconds:
            _remember(self._workflow, {**self._weights, **event.node_seconds})

    def _done(self, event: Running) -> float:
        usual = sum(self._weights.values()) / len(self._weights) if self._weights else 1.0
        weights = [self._weights.get(node, usual) for node in event.finished]
        current = self._weights.get(event.node, usual)
        known = sum(self._weights.values())
        total = known + usual * max(0, event.total - len(self._weights))
        return min(1.0, (sum(weights) + current * event.fraction) / max(total, 1e-9))


def stage_of(event: Event | Stage, workflow: Workflow) -> str:
    """What works now: the class of a node, or a step of ours."""
    if isinstance(event, Stage):
        return event.name
    if isinstance(event, Running):
        node = workflow.prompt.get(event.node) or workflow.prompt.get(event.node.partition(".")[0]) or {}
        return str(node.get("class_type", ""))
    return "waiting"


def _timings_file(workflow: str) -> Path:
    return platformdirs.user_cache_path("coverloop", appauthor=False) / "timings" / f"{workflow}.json"


def _remembered(workflow: str) -> dict[str, float]:
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        seconds = json.loads(_timings_file(workflow).read_text("utf-8"))
        return {str(node): max(0.0, float(value)) for node, value in seconds.items()}
    return {}


def _remember(workflow: str, node_seconds: Mapping[str, float]) -> None:
    with contextlib.suppress(OSError):  # only an estimate is lost
        path = _timings_file(workflow)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({node: round(value, 3) for node, value in node_seconds.items()}), "utf-8")
