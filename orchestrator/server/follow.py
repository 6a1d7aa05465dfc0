"""Following one job on a ComfyUI server: progress from the websocket, the truth from `/queue` and `/history`.

A dropped websocket loses events for good, a restarted server loses the job, and a success message comes before the
history is written. So the socket only makes the picture move: what happened is read from HTTP, every two seconds and
when the socket says that the job is over.
"""

from __future__ import annotations

import json
import logging
import ssl
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import websocket

from ...core.errors import JobError, ServerError
from .wire import JobLost, JobStopped, OutputFile, Prompt, ServerAway

if TYPE_CHECKING:
    from .client import Comfy

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
PING_SECONDS = 10.0
SILENT_SECONDS = 30.0
STUCK_SECONDS = 10.0
MAX_MESSAGE = 64_000_000
_PREVIEW, _PREVIEW_WITH_METADATA = 1, 4


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
    by node id, as far as the socket told (cached nodes are absent)."""

    files: tuple[OutputFile, ...]
    seconds: float
    node_seconds: Mapping[str, float]


Event = Queued | Running | Preview | Finished


@dataclass(frozen=True)
class Patience:
    """How long a server may give no answer, in seconds, before that is an error: `silent` while it hangs, `refused`
    while nobody listens there (it may be starting again). `stopped` is asked now and then; True ends the job."""

    silent: float = 60.0
    refused: float = 60.0
    stopped: Callable[[], bool] = lambda: False


class Socket:
    """The server's event socket of one client id; opens anew when it breaks, and may be absent altogether."""

    def __init__(self, url: str, client_id: str, auth: str | None, ca: str | None):
        parts = urlsplit(url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        self._url = f"{scheme}://{parts.netloc}{parts.path}/ws?clientId={client_id}"
        self._header = [f"Authorization: {auth}"] if auth else []
        self._tls = {"ca_certs": ca} if ca else None
        self._socket: websocket.WebSocket | None = None
        self._heard = self._pinged = self._tried = 0.0

    def open(self) -> None:
        """Connect unless connected. Failing is not an error: jobs are followed over HTTP as well."""
        now = time.monotonic()
        if self._socket is not None or now - self._tried < 1.0:
            return
        self._tried = now
        fresh = websocket.WebSocket(sslopt=self._tls or {})
        try:
            fresh.connect(self._url, timeout=5, header=self._header, redirect_limit=0)
            fresh.send(json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}}))
        except (websocket.WebSocketException, OSError, ssl.SSLError, ValueError) as error:
            log.warning("no progress events from %s: %s", self._url.partition("?")[0], error)
            fresh.shutdown()
            return
        self._socket = fresh
        self._heard = self._pinged = time.monotonic()

    def close(self) -> None:
        """Close and wait for the server to have closed too: it drops the *newest* socket of a client id when an older
        one ends, so the old one must be gone before a new one is opened."""
        if self._socket is not None:
            try:
                self._socket.close(timeout=2)
            except (websocket.WebSocketException, OSError):
                self._socket.shutdown()
        self._socket = None
        self._tried = 0.0

    def receive(self, timeout: float) -> str | bytes | None:
        """The next message, or None after `timeout` seconds without one. Pings a silent server, since it sends no
        heartbeat of its own, and gives up a socket that stays silent after that."""
        self.open()
        if self._socket is None:
            time.sleep(timeout)
            return None
        try:
            self._socket.settimeout(max(0.001, timeout))
            opcode, frame = self._socket.recv_data_frame(control_frame=True)
            self._heard = time.monotonic()
        except websocket.WebSocketTimeoutException:
            self._keep_alive()
            return None
        except (websocket.WebSocketException, OSError) as error:
            log.info("event socket lost: %s", error)
            self.close()
            return None
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            self.close()
            return None
        data = frame.data
        if opcode == websocket.ABNF.OPCODE_BINARY:
            return bytes(data)
        return data.decode("utf-8", "replace") if opcode == websocket.ABNF.OPCODE_TEXT else None

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if now - self._heard > SILENT_SECONDS:
            log.info("event socket silent for %.0f s: opening a new one", now - self._heard)
            self.close()
        elif now - max(self._heard, self._pinged) > PING_SECONDS and self._socket is not None:
            self._pinged = now
            try:
                self._socket.ping()
            except (websocket.WebSocketException, OSError):
                self.close()


class _Progress:
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
        return Finished(history.files, history.seconds, {})

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
    progress = _Progress(prompt_id, prompt)
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
            yield Finished(state.files, state.seconds, dict(progress.node_seconds))
            return
        if state is not None and state != said:
            said = state
            yield state
        next_look = time.monotonic() + (POLL_SECONDS if not progress.over else POLL_SECONDS / 4)
        progress.over = False
