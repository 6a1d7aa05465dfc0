"""One ComfyUI server: upload, submit, look, download. Synchronous; one thread per object.

    with Comfy("http://127.0.0.1:8188") as comfy:
        name = comfy.upload("cover.png", data)
        comfy.submit(prompt, prompt_id)
        for event in comfy.follow(prompt_id, prompt): ...
        comfy.download(finished.files[0], path)

The websocket tells progress only. The truth about a job is in `/queue` and `/history`. Every call has a timeout, an
answer is read up to a bound and checked before it is used, and nothing is followed to another host. Knows nothing of
covers, workflows or the store.
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import os
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

import requests

from ...core.errors import JobError, ServerError, UsageError
from .follow import Event, Patience, Socket, follow
from .wire import (
    History,
    OutputFile,
    OutputGone,
    Prompt,
    Queue,
    ServerAway,
    is_plain,
    read_history,
    read_queue,
    read_refusal,
)

log = logging.getLogger(__name__)

MAX_JSON = 256_000_000
MAX_OUTPUT = 4_000_000_000
CHUNK = 1 << 20


class Comfy:
    """A client of one ComfyUI server.

    url: "http://host:port" or "https://[user:password@]host/path"; without a scheme http is meant.
    auth: value of the Authorization header for a server behind a proxy; None reads `COMFYUI_AUTH`. Never logged.
    ca: a CA bundle file for TLS; None reads `COMFYUI_CA`.
    timeout: seconds every HTTP call may stay silent.

    Raises:
        UsageError: the url is not one.
    """

    def __init__(self, url: str, *, auth: str | None = None, ca: str | None = None, timeout: float = 15.0):
        self.url, login = _address(url)
        self.timeout = timeout
        self.client_id = uuid.uuid4().hex
        auth = auth or login or os.environ.get("COMFYUI_AUTH")
        ca = ca or os.environ.get("COMFYUI_CA")
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "coverloop"
        if urlsplit(self.url).hostname in ("127.0.0.1", "localhost", "::1"):
            self._session.trust_env = False  # a proxy from the environment has no business with loopback
        if auth:
            self._session.headers["Authorization"] = auth
            self._session.trust_env = False  # or a netrc entry would replace our header
        if ca:
            self._session.verify = ca
        self.socket = Socket(self.url, self.client_id, auth, ca)

    def close(self) -> None:
        self.socket.close()
        self._session.close()

    def __enter__(self) -> Comfy:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # what the server is

    def stats(self) -> dict[str, Any]:
        """`/system_stats`; its "system" has comfyui_version, python_version and pytorch_version.

        Raises:
            ServerAway: no answer. ServerError: something else than ComfyUI answers.
        """
        stats = self._json("GET", "/system_stats")
        system = stats.get("system") if isinstance(stats, dict) else None
        if not isinstance(system, dict) or "comfyui_version" not in system:
            raise ServerError(f"{self.url}: is not a ComfyUI (no ComfyUI version in /system_stats); check the address")
        return stats

    def object_info(self, node: str = "") -> dict[str, Any]:
        """Interfaces of all node classes, or of one ({} when the server does not have it)."""
        info = self._json("GET", "/object_info" + (f"/{node}" if node else ""))
        if not isinstance(info, dict):
            raise ServerError(f"{self.url}: /object_info is not an object; is this a ComfyUI?")
        return info

    def models(self, folder: str) -> list[str]:
        """File names in one of the server's model folders ("loras", "vae", ...)."""
        names = self._json("GET", f"/models/{folder}")
        return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []

    # a job

    def upload(self, name: str, data: bytes) -> str:
        """Put a picture into the server's input folder; returns the name to give LoadImage.

        Name it after its content (`<sha256>.png`): the same bytes under the same name are stored once.
        """
        answer = self._json(
            "POST", "/upload/image", files={"image": (name, data, "application/octet-stream")}, timeout=120.0
        )
        stored = answer.get("name") if isinstance(answer, dict) else None
        if not isinstance(stored, str) or not is_plain(stored):
            raise ServerError(f"{self.url}: answered an upload with {str(answer)[:80]!r} instead of a file name")
        folder = answer.get("subfolder") or ""
        return f"{folder}/{stored}" if folder else stored

    def submit(self, prompt: Prompt, prompt_id: str, *, front: bool = False, extra_data: Mapping | None = None) -> None:
        """Queue a prompt under an id of our own. Write the id down first: if the answer is lost, the job may still run.

        Never sends `number` (a repeated one kills ComfyUI's worker for good) and always sends `client_id` (without it a
        cached prompt succeeds with no outputs).

        Raises:
            JobError: the prompt was refused, or accepted with outputs dropped (then it is taken off the queue again).
            ServerAway: no answer, and the server does not know the id either.
        """
        body = {"prompt": prompt, "prompt_id": prompt_id, "client_id": self.client_id}
        if front:
            body["front"] = True
        if extra_data:
            body["extra_data"] = dict(extra_data)
        self.socket.open()
        try:
            response = self._call("POST", "/prompt", json=body, accept=(200, 400))
        except ServerAway as error:
            if error.refused or not self._took(prompt_id):
                raise
            return
        answer = self._parse(response, "/prompt")
        node_errors = answer.get("node_errors") if isinstance(answer, dict) else None
        if response.status_code == 200 and isinstance(answer, dict) and not node_errors and "prompt_id" in answer:
            return
        if response.status_code == 200:  # accepted, with outputs dropped or without saying what was accepted
            self.cancel(prompt_id)
        raise JobError(f"{self.url}: refused the workflow: {read_refusal(answer, prompt)}")

    def _took(self, prompt_id: str) -> bool:
        with contextlib.suppress(ServerError):
            return self.knows(prompt_id)
        return False

    def follow(self, prompt_id: str, prompt: Prompt, patience: Patience | None = None) -> Iterator[Event]:
        """Events of a submitted job until `Finished`; see `follow.follow`."""
        return follow(self, prompt_id, prompt, patience)

    def queue(self) -> Queue:
        answer = self._json("GET", "/queue")
        queue = read_queue(answer)
        if queue is None:
            raise ServerError(f"{self.url}: /queue has another shape than ComfyUI's; check the address")
        return queue

    def history(self, prompt_id: str) -> History | None:
        """What became of a job; None while it is queued or running, and when the server does not know it."""
        answer = self._json("GET", f"/history/{prompt_id}")
        entry = answer.get(prompt_id) if isinstance(answer, dict) else None
        if not isinstance(entry, dict):
            return None
        return read_history(entry)

    def knows(self, prompt_id: str) -> bool:
        """Whether the job is queued, running or finished there. The queue first: jobs go from it to the history."""
        queue = self.queue()
        return prompt_id in queue.running or prompt_id in queue.pending or self.history(prompt_id) is not None

    def cancel(self, prompt_id: str) -> None:
        """Take our job off the queue, or interrupt it when it runs; nobody else's job is touched."""
        self._call("POST", "/queue", json={"delete": [prompt_id]})
        self._call("POST", "/interrupt", json={"prompt_id": prompt_id})

    def free(self) -> None:
        """Make the server forget its cached results (needed when it names files that are gone). Its worker looks for
        that wish between jobs; the pause gives an idle one time to see it."""
        self._call("POST", "/free", json={"free_memory": True})
        time.sleep(0.2)

    def download(self, file: OutputFile, target: Path, limit: int = MAX_OUTPUT) -> int:
        """Write an output file to `target` (a temporary name of the caller's); returns its size in bytes.

        Raises:
            OutputGone: the server has it no more. ServerError: larger than `limit` bytes, or cut short.
        """
        query = urlencode({"filename": file.filename, "subfolder": file.subfolder, "type": file.kind})
        response = self._call("GET", f"/view?{query}", accept=(200, 404))
        with response:
            if response.status_code == 404:
                raise OutputGone(f"{self.url}: {file.filename} is gone from the server's output folder")
            announced = response.headers.get("Content-Length", "")
            announced_size = int(announced) if announced.isdigit() else None
            if announced_size is not None and announced_size > limit:
                raise ServerError(f"{self.url}: {file.filename} has {announced_size} bytes; the limit is {limit}")
            size = 0
            with target.open("wb") as sink:
                for chunk in self._chunks(response, f"sending {file.filename}"):
                    size += len(chunk)
                    if size > limit:
                        raise ServerError(f"{self.url}: {file.filename} is larger than {limit} bytes")
                    sink.write(chunk)
        if announced_size is not None and not response.headers.get("Content-Encoding") and size != announced_size:
            raise ServerAway(f"{self.url}: sent {size} of {announced_size} bytes of {file.filename}; try again")
        return size

    # transport

    def _call(
        self, method: str, path: str, *, accept=(200,), timeout: float | None = None, **body
    ) -> requests.Response:
        try:
            response = self._session.request(
                method,
                self.url + path,
                timeout=(min(10.0, self.timeout), timeout or self.timeout),
                allow_redirects=False,
                stream=True,
                **body,
            )
        except requests.exceptions.SSLError as error:
            raise ServerError(
                f"{self.url}: its TLS certificate is not accepted ({_last(error)}); set COMFYUI_CA"
            ) from error
        except requests.exceptions.Timeout as error:
            raise ServerAway(
                f"{self.url}: no answer for {timeout or self.timeout:.0f} s; is it busy or stopped?"
            ) from error
        except requests.exceptions.ConnectionError as error:
            refused = "refused" in str(error).lower()
            raise ServerAway(
                f"{self.url}: cannot be reached ({_last(error)}); is ComfyUI running there?", refused
            ) from error
        except (requests.exceptions.RequestException, ValueError) as error:
            raise ServerError(f"{self.url}: {_last(error)}; check the address") from error
        if response.status_code not in accept:
            with response:
                raise self._refused(path, response)
        return response

    def _refused(self, path: str, response: requests.Response) -> ServerError:
        status, place = response.status_code, path.partition("?")[0]
        if status in (301, 302, 303, 307, 308):
            return ServerError(
                f"{self.url}: redirects to {response.headers.get('Location')}; give that address if you trust it"
            )
        if status in (401, 403, 407):
            return ServerError(f"{self.url}: refuses us ({status}); set COMFYUI_AUTH to its Authorization header")
        if status == 413:
            return ServerError(
                f"{self.url}: the file is too large for it (413); start it with a larger --max-upload-size"
            )
        if status in (502, 503, 504):
            return ServerAway(f"{self.url}: the proxy in front of it finds no ComfyUI ({status}); is it running?")
        return ServerError(f"{self.url}: answered {place} with {status}; is this a ComfyUI? Its log may say more")

    def _json(self, method: str, path: str, **body: Any) -> Any:
        return self._parse(self._call(method, path, **body), path)

    def _parse(self, response: requests.Response, path: str) -> Any:
        parts, size = [], 0
        with response:
            for chunk in self._chunks(response, f"answering {path}"):
                size += len(chunk)
                if size > MAX_JSON:
                    raise ServerError(f"{self.url}: answers {path} with over {MAX_JSON} bytes; is this a ComfyUI?")
                parts.append(chunk)
        try:
            return json.loads(b"".join(parts))
        except (ValueError, RecursionError) as error:
            kind = response.headers.get("Content-Type", "no content type")
            raise ServerError(f"{self.url}: answers {path} with {kind}, not JSON; is this a ComfyUI?") from error

    def _chunks(self, response: requests.Response, doing: str) -> Iterator[bytes]:
        deadline = time.monotonic() + 3600.0  # bytes that trickle for ever would keep every read timeout happy
        try:
            for chunk in response.iter_content(CHUNK):
                if time.monotonic() > deadline:
                    raise ServerAway(f"{self.url}: took over an hour {doing}")
                yield chunk
        except requests.exceptions.RequestException as error:
            raise ServerAway(f"{self.url}: broke off while {doing} ({_last(error)})") from error


def _address(url: str) -> tuple[str, str | None]:
    """A clean base address and the Authorization value its user:password part asks for."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        port = parts.port
    except ValueError:
        raise UsageError(f"{url}: is not a server address; give http://HOST:PORT") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{url}: is not a server address; give http://HOST:PORT")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    login = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login = "Basic " + base64.b64encode(pair.encode()).decode()
    clean = urlunsplit((parts.scheme, f"{host}:{port}" if port else host, parts.path.rstrip("/"), "", ""))
    return clean, login


def _last(error: BaseException) -> str:
    """The innermost reason of a chain of wrapped connection errors, in one line."""
    reason: Any = error
    while True:
        inner = getattr(reason, "reason", None) or next(
            (arg for arg in getattr(reason, "args", ()) if isinstance(arg, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            break
        reason = inner
    text = getattr(reason, "strerror", None) or str(reason).rpartition(": ")[2] or type(reason).__name__
    return re.sub(r"^\[Errno -?\d+\] ", "", " ".join(str(text).split()))
