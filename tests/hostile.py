"""A server that looks like ComfyUI until a test tells it to misbehave. Speaks just enough of the API for one job."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

STATS = {
    "system": {"comfyui_version": "0.3.75", "python_version": "3.11.7 (main)", "pytorch_version": "2.11.0"},
    "devices": [{"name": "cpu"}],
}


class Hostile:
    """`url`; `answers`: (method, path pattern) -> a function of the handler, or a value that is sent as JSON.
    `requests`: what came in, as (method, path). `video`: what /view sends. `socket_says`: JSON messages sent on every
    websocket."""

    def __init__(self, video: bytes = b""):
        self.answers: dict[tuple[str, str], Any] = {}
        self.requests: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.prompts: list[dict[str, Any]] = []
        self.video = video
        self.socket_says: list[dict[str, Any]] = []
        self._sockets: list[Any] = []
        self.filename, self.subfolder = "clip.mp4", ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: Any, method: str) -> None:
        parts = urlsplit(handler.path)
        self.requests.append((method, parts.path))
        self.headers.append(dict(handler.headers))
        for (wanted, pattern), what in self.answers.items():
            if wanted == method and re.fullmatch(pattern, parts.path):
                return what(handler) if isinstance(what, Callable) else handler.send(what)
        self._honest(handler, method, parts)

    def _honest(self, handler: Any, method: str, parts: Any) -> None:
        path = parts.path
        if path == "/ws":
            return self._socket(handler)
        if path == "/system_stats":
            return handler.send(STATS)
        if path.startswith("/object_info/"):
            name = path.rpartition("/")[2]
            return handler.send({name: {"input": {}}} if name != "NodeOfNobody" else {})
        if path == "/upload/image":
            return handler.send({"name": "cover.png", "subfolder": "", "type": "input"})
        if path == "/prompt":
            body = json.loads(handler.body)
            self.prompts.append(body)
            return handler.send({"prompt_id": body["prompt_id"], "number": 1, "node_errors": {}})
        if path == "/queue" and method == "GET":
            return handler.send({"queue_running": [], "queue_pending": []})
        if path.startswith("/history/"):
            return handler.send(self.history(path.rpartition("/")[2]))
        if path == "/view":
            assert parse_qs(parts.query)["filename"] == [self.filename]
            return handler.send_bytes(self.video, "video/mp4")
        if method == "POST":
            return handler.send({})
        return handler.send({"error": "no such page"}, 404)

    def history(self, prompt_id: str, **status: Any) -> dict[str, Any]:
        if not any(body["prompt_id"] == prompt_id for body in self.prompts):
            return {}
        file = {"filename": self.filename, "subfolder": self.subfolder, "type": "output"}
        ended = {"status_str": "success", "completed": True, "messages": [], **status}
        return {prompt_id: {"outputs": {"9": {"images": [file], "animated": [True]}}, "status": ended}}

    def _socket(self, handler: Any) -> None:
        key = handler.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        handler.send_response(101)
        handler.send_header("Upgrade", "websocket")
        handler.send_header("Connection", "Upgrade")
        handler.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        handler.end_headers()
        self._sockets.append(handler.wfile)
        for message in self.socket_says:
            self._say(handler.wfile, message)
        opcode = 0
        while opcode != 8:  # until the client closes
            head = handler.rfile.read(2)
            if len(head) < 2:
                return
            opcode, size = head[0] & 15, head[1] & 127
            size = int.from_bytes(handler.rfile.read(2), "big") if size == 126 else size
            handler.rfile.read(4 + size)
        handler.wfile.write(b"\x88\x00")
        handler.close_connection = True

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message on every open websocket."""
        for socket in self._sockets:
            with contextlib.suppress(OSError, ValueError):
                self._say(socket, message)

    def _say(self, socket: Any, message: Any) -> None:
        data = json.dumps(message).encode()
        size = struct.pack(">BB", 0x81, len(data)) if len(data) < 126 else struct.pack(">BBH", 0x81, 126, len(data))
        socket.write(size + data)
        socket.flush()

    def _handler(outer) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else a body waits 40 ms for the other side to have taken the head
            body = b""

            def do_GET(self) -> None:
                self.handle_any("GET")

            def do_POST(self) -> None:
                self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.handle_any("POST")

            def handle_any(self, method: str) -> None:
                try:
                    outer.answer(self, method)
                except (ConnectionError, TimeoutError):
                    self.close_connection = True

            def send(self, value: Any, status: int = 200) -> None:
                self.send_bytes(json.dumps(value).encode(), "application/json", status)

            def send_bytes(self, data: bytes, kind: str, status: int = 200, **headers: str) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *words: Any) -> None:
                pass

        return Handler
