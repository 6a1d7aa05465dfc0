"""One ComfyUI server: upload, submit, look, download. Synchronous; one thread per object.

    with Comfy("http://127.0.0.1:8188") as comfy:
        name = comfy.upload("cover.png", data)
        comfy.submit(prompt, prompt_id)
        for event in follow(comfy, prompt_id, prompt): ...
        comfy.download(finished.files[0], path)

The websocket tells progress only. The truth about a job is in `/queue` and `/history`. Every answer is checked before
it is used. Knows nothing of covers, workflows or the store.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ...core.errors import JobError, ServerError
from .socket import Socket
from .transport import Transport
from .wire import (
    History,
    OutputFile,
    OutputGone,
    Prompt,
    Queue,
    ServerAway,
    is_plain,
    read_history,
    read_job,
    read_queue,
    read_refusal,
)

MAX_OUTPUT = 4_000_000_000


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
        self._http = Transport(url, auth, ca, timeout)
        self.url = self._http.url
        self.client_id = uuid.uuid4().hex
        self.socket = Socket(self.url, self.client_id, self._http.auth, self._http.ca)

    def close(self) -> None:
        self.socket.close()
        self._http.close()

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
        stats = self._http.json("GET", "/system_stats")
        system = stats.get("system") if isinstance(stats, dict) else None
        if not isinstance(system, dict) or "comfyui_version" not in system:
            raise ServerError(f"{self.url}: is not a ComfyUI (no ComfyUI version in /system_stats); check the address")
        return stats

    def object_info(self, node: str = "") -> dict[str, Any]:
        """Interfaces of all node classes, or of one ({} when the server does not have it)."""
        info = self._http.json("GET", "/object_info" + (f"/{node}" if node else ""))
        if not isinstance(info, dict):
            raise ServerError(f"{self.url}: /object_info is not an object; is this a ComfyUI?")
        return info

    def models(self, folder: str) -> list[str]:
        """File names in one of the server's model folders ("loras", "vae", ...)."""
        names = self._http.json("GET", f"/models/{folder}")
        return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []

    # a job

    def upload(self, name: str, data: bytes) -> str:
        """Put a picture into the server's input folder; returns the name to give LoadImage.

        Name it after its content (`<sha256>.png`): the same bytes under the same name are stored once.
        """
        answer = self._http.json(
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
            response = self._http.call("POST", "/prompt", json=body, accept=(200, 400))
        except ServerAway as error:
            if error.refused or not self._took(prompt_id):
                raise
            return
        answer = self._http.parse(response, "/prompt")
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

    def queue(self) -> Queue:
        answer = self._http.json("GET", "/queue")
        queue = read_queue(answer)
        if queue is None:
            raise ServerError(f"{self.url}: /queue has another shape than ComfyUI's; check the address")
        return queue

    def history(self, prompt_id: str) -> History | None:
        """What became of a job; None while it is queued or running, and when the server does not know it."""
        with self._http.call("GET", f"/history/{prompt_id}", accept=(200, 404, 410)) as response:
            if response.status_code != 200:
                return self._job(prompt_id)
            answer = self._http.parse(response, "/history")
        entry = answer.get(prompt_id) if isinstance(answer, dict) else None
        if not isinstance(entry, dict):
            return None
        return read_history(entry)

    def _job(self, prompt_id: str) -> History | None:
        """What became of a job, from a server that keeps no history."""
        with self._http.call("GET", f"/api/jobs/{prompt_id}", accept=(200, 404)) as response:
            return read_job(self._http.parse(response, "/api/jobs")) if response.status_code == 200 else None

    def knows(self, prompt_id: str) -> bool:
        """Whether the job is queued, running or finished there. The queue first: jobs go from it to the history."""
        queue = self.queue()
        return prompt_id in queue.running or prompt_id in queue.pending or self.history(prompt_id) is not None

    def cancel(self, prompt_id: str) -> None:
        """Take our job off the queue, or interrupt it when it runs; nobody else's job is touched.

        Newer servers do so in one step; on older ones a job that ends between our question and theirs leaves an
        interrupt that may meet the next job.
        """
        with self._http.call("POST", f"/api/jobs/{prompt_id}/cancel", accept=(200, 404, 405)) as response:
            if response.status_code == 200:
                return
        self._http.call("POST", "/queue", json={"delete": [prompt_id]})
        self._http.call("POST", "/interrupt", json={"prompt_id": prompt_id})

    def free(self) -> None:
        """Make the server forget its cached results (needed when it names files that are gone). Its worker looks for
        that wish between jobs; the pause gives an idle one time to see it."""
        self._http.call("POST", "/free", json={"free_memory": True})
        time.sleep(0.2)

    def download(self, file: OutputFile, target: Path, limit: int = MAX_OUTPUT) -> int:
        """Write an output file to `target` (a temporary name of the caller's); returns its size in bytes.

        Raises:
            OutputGone: the server has it no more. ServerError: larger than `limit` bytes, or cut short.
        """
        query = urlencode({"filename": file.filename, "subfolder": file.subfolder, "type": file.kind})
        response = self._http.call("GET", f"/view?{query}", accept=(200, 404))
        with response:
            if response.status_code == 404:
                raise OutputGone(f"{self.url}: {file.filename} is gone from the server's output folder")
            announced = response.headers.get("Content-Length", "")
            announced_size = int(announced) if announced.isdigit() else None
            if announced_size is not None and announced_size > limit:
                raise ServerError(f"{self.url}: {file.filename} has {announced_size} bytes; the limit is {limit}")
            size = 0
            with target.open("wb") as sink:
                for chunk in self._http.chunks(response, f"sending {file.filename}"):
                    size += len(chunk)
                    if size > limit:
                        raise ServerError(f"{self.url}: {file.filename} is larger than {limit} bytes")
                    sink.write(chunk)
        if announced_size is not None and not response.headers.get("Content-Encoding") and size != announced_size:
            raise ServerAway(f"{self.url}: sent {size} of {announced_size} bytes of {file.filename}; try again")
        return size
