"""A local server that speaks the Gemini and the OpenAI chat protocol, and misbehaves on request.

Give it replies: each request takes the next one (the last one stays). A reply is the name of a recorded shape in
`tests/data/vlm/`, or a dict {status, headers, body} with optional `drip` (seconds between bytes) and `wait` (seconds).
Requests are kept in `requests` as (path, headers, body).
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SHAPES = Path(__file__).parent / "data" / "vlm"


def shape(name: str) -> dict:
    """A recorded reply by name: {"status": 200, "headers": {}, "body": ...}."""
    return json.loads((SHAPES / f"{name}.json").read_text(encoding="utf-8"))


def gemini(text: str, **more) -> dict:
    """A good Gemini reply carrying this text."""
    reply = shape("gemini_good")
    reply["body"]["candidates"][0]["content"]["parts"] = [{"text": text}]
    return {**reply, **more}


def openai(text: str, **more) -> dict:
    """A good chat completion carrying this text."""
    reply = shape("openai_good")
    reply["body"]["choices"][0]["message"]["content"] = text
    return {**reply, **more}


class VlmServer:
    def __init__(self, *replies):
        self.replies = [shape(reply) if isinstance(reply, str) else reply for reply in replies]
        self.requests: list[tuple[str, dict, dict]] = []
        self._stopped = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True  # else a body waits 40 ms for the other side to have taken the head

            def log_message(self, *args):
                pass

            def do_GET(self):
                server._answer(self, shape("openai_models"))

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                index = min(len(server.requests), len(server.replies)) - 1
                server._answer(self, server.replies[index])

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def _answer(self, handler, reply: dict) -> None:
        data = reply["body"] if isinstance(reply["body"], str) else json.dumps(reply["body"])
        raw = data.encode()
        self._stopped.wait(reply.get("wait", 0))
        try:
            handler.send_response(reply.get("status", 200))
            handler.send_header("content-type", "application/json")
            for name, value in reply.get("headers", {}).items():
                handler.send_header(name, value)
            handler.send_header("content-length", str(len(raw) + reply.get("missing", 0)))
            handler.end_headers()
            if "drip" in reply:
                for byte in raw:
                    handler.wfile.write(bytes([byte]))
                    if self._stopped.wait(reply["drip"]):
                        return
            else:
                handler.wfile.write(raw)
        except OSError:
            pass  # the client gave up, as it should

    def sent_text(self, index: int = -1) -> str:
        """Everything a request said, picture aside."""
        return json.dumps([part for part in _strings(self.requests[index][2]) if len(part) < 20_000])

    def __enter__(self) -> VlmServer:
        return self

    def __exit__(self, *exc) -> None:
        self._stopped.set()
        self._http.shutdown()
        self._http.server_close()


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
