"""What happens to one job, as events: read from the server's socket messages, or told by `follow`."""

from __future__ import annotations

import json
import logging
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .wire import OutputFile, Prompt

log = logging.getLogger(__name__)

_PREVIEW_WITH_METADATA = 4


@dataclass(frozen=True)
class Queued:
    """Waiting on the server. `position` 1 runs next."""

    position: int


@dataclass(frozen=True)
class Running:
    """`node` (its id) works. `title`: its title in the graph, else its class; `fraction` of that node in [0, 1];
    `finished`: ids of the nodes that are done or cached, out of `total`."""

    node: str
    title: str
    fraction: float
    finished: frozenset[str]
    total: int


@dataclass(frozen=True)
class Preview:
    """A picture of work in progress; `data` is a JPEG or PNG file."""

    data: bytes = field(repr=False)
    mime: str


@dataclass(frozen=True)
class Finished:
    """The job is over and succeeded. `files`: all it made; `seconds`: ComfyUI's own execution time; `node_seconds`:
    by node id, as far as the socket told (cached nodes are absent); `shown`: what nodes show, by node id, as the server
    sent it."""

    files: tuple[OutputFile, ...]
    seconds: float
    node_seconds: Mapping[str, float]
    shown: Mapping[str, Any] = field(default_factory=dict, repr=False)


Event = Queued | Running | Preview | Finished


class Progress:
    """Turns socket messages into events of one job, and remembers how long each node took."""

    def __init__(self, prompt_id: str, prompt: Prompt):
        self._id = prompt_id
        self._prompt = prompt
        self._cached: set[str] = set()
        self._started: dict[str, float] = {}
        self.node_seconds: dict[str, float] = {}
        self.over = False

    def read(self, message: str | bytes) -> Event | None:
        if isinstance(message, bytes):
            return self._preview(message)
        try:
            event = json.loads(message)
            name, data = event["type"], event["data"]
            if not isinstance(data, dict) or data.get("prompt_id") != self._id:
                return None
            if name == "execution_cached":
                self._cached = set(map(str, data["nodes"]))
            elif name == "progress_state":
                return self._nodes(data["nodes"])
            elif name in ("execution_error", "execution_interrupted") or (
                name == "executing" and data.get("node") is None
            ):
                self.over = True
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            log.debug("unreadable event from the server: %.200r", message)
        return None

    def _nodes(self, nodes: Mapping[str, Mapping[str, Any]]) -> Running | None:
        now = time.monotonic()
        latest = None
        for node, state in nodes.items():
            if state["state"] == "running":
                self._started.setdefault(node, now)
                latest = node
            elif node in self._started:
                self.node_seconds[node] = now - self._started.pop(node)
        if latest is None:
            return None
        state = nodes[latest]
        fraction = float(state["value"]) / max(float(state["max"]), 1e-9)
        done = {str(other) for other, at in nodes.items() if at["state"] == "finished"} | self._cached
        return Running(
            node=str(latest),
            title=self._title(latest),
            fraction=min(1.0, max(0.0, fraction)),
            finished=frozenset(done & set(self._prompt)) - {str(latest)},
            total=len(self._prompt),
        )

    def _title(self, node: str) -> str:
        entry = self._prompt.get(node) or self._prompt.get(node.partition(".")[0]) or {}
        title = (entry.get("_meta") or {}).get("title")
        return str(title or entry.get("class_type") or node)

    def _preview(self, message: bytes) -> Preview | None:
        if len(message) < 8:
            return None
        kind, second = struct.unpack(">II", message[:8])
        if kind == _PREVIEW_WITH_METADATA and 8 + second <= len(message):
            try:
                metadata = json.loads(message[8 : 8 + second])
                if metadata.get("prompt_id") == self._id:
                    return Preview(message[8 + second :], str(metadata.get("image_type", "image/jpeg")))
            except (ValueError, AttributeError):
                log.debug("unreadable preview from the server")
        return None  # an old-style preview does not say whose job it shows
