"""The event socket of a ComfyUI server: kept alive, opened anew when it breaks, absent where it cannot be had."""

from __future__ import annotations

import json
import logging
import ssl
import time
from urllib.parse import urlsplit

import websocket

log = logging.getLogger(__name__)

PING_SECONDS = 10.0
SILENT_SECONDS = 30.0


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
