"""A ComfyUI of our own: found, started on a free loopback port, watched, and ended with us.

    with start() as server:
        Comfy(server.url)

Where it comes from is in `locate.py`. Each server has its own base directory (`base.py`), so several run side by side.
Knows nothing of prompts or covers.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from ...core.errors import ServerError
from .base import furnish, new_base, new_log, remove_base, shared_models, sweep
from .locate import find_comfyui, has_gpu, module_advice, own_models, python_of

log = logging.getLogger(__name__)

START_SECONDS = 180.0


class EmbeddedServer:
    """A running ComfyUI that belongs to this process. `url` ("http://127.0.0.1:PORT"), `log_path`, `base` (its base
    directory: input, output, models), `process`. A context manager; `stop()` may be called any number of times."""

    def __init__(
        self, process: subprocess.Popen, port: int, base: Path, log_path: Path, owns_base: bool, runs: tuple[Path, Path]
    ):
        self.comfyui, self.python = runs
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.base = base
        self.log_path = log_path
        self._owns_base = owns_base
        self._stopped = False
        atexit.register(self.stop)

    def stop(self) -> None:
        """End the server and everything it started; returns when they are gone."""
        if self._stopped:  # its process group number may belong to somebody else by now
            return
        self._stopped = True
        atexit.unregister(self.stop)
        _end(self.process)
        if self._owns_base:
            remove_base(self.base)

    def __enter__(self) -> EmbeddedServer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def start(
    base: Path | None = None,
    port: int | None = None,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    timeout: float = START_SECONDS,
) -> EmbeddedServer:
    """Start a ComfyUI on loopback with this pack in it and wait until it answers.

    base: its base directory, kept afterwards; None makes one that is removed when the server stops. Its `models`
        folder is then that of the ComfyUI at `COMFYUI_PATH`, else the shared one in the user's data folder.
    port: None picks a free one. arguments, environment: passed to ComfyUI on top of ours. timeout: seconds.

    Raises:
        ServerError: it ended or did not answer in time; carries the last lines of its log and what to do.
    """
    comfyui = find_comfyui()
    python = python_of(comfyui)
    owns_base = base is None
    sweep()
    home = new_base() if base is None else Path(base).resolve()
    furnish(home, (own_models() or shared_models()) if owns_base else None)
    log_path = new_log()
    chosen = port or free_port()
    device = () if has_gpu(python) or "--cpu" in arguments else ("--cpu",)
    command = [
        *(str(python), str(Path(__file__).with_name("keeper.py")), str(comfyui / "main.py")),
        *("--listen", "127.0.0.1", "--port", str(chosen), "--base-directory", str(home)),
        *("--database-url", "sqlite:///" + (home / "user" / "comfyui.db").as_posix()),
        *("--disable-auto-launch", "--disable-api-nodes", *device, *arguments),
    ]
    log.info("starting ComfyUI: %s (log: %s)", " ".join(command), log_path)
    with log_path.open("wb") as sink:
        process = subprocess.Popen(
            command,
            cwd=comfyui,
            env={**os.environ, **_quiet_environment(), **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=subprocess.STDOUT,
            **_own_group(),
        )
    server = EmbeddedServer(process, chosen, home, log_path, owns_base, (comfyui, python))
    try:
        _wait_until_it_answers(server, timeout)
    except BaseException:
        server.stop()
        raise
    return server


def _wait_until_it_answers(server: EmbeddedServer, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    session = requests.Session()
    session.trust_env = False  # a proxy from the environment has no business with loopback
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise ServerError(_why_not(server, f"ended with exit code {server.process.returncode}"))
        with contextlib.suppress(requests.RequestException, ValueError, KeyError, TypeError):
            argv = session.get(f"{server.url}/system_stats", timeout=5).json()["system"]["argv"]
            if str(server.base) in argv:
                return
            raise ServerError(f"port {server.port} is taken by another ComfyUI; try again")
        time.sleep(0.1)
    raise ServerError(_why_not(server, f"did not answer within {timeout:.0f} s"))


def _why_not(server: EmbeddedServer, what: str) -> str:
    text = server.log_path.read_text("utf-8", errors="replace")
    tail = "\n".join("    " + line for line in text.strip().splitlines()[-12:])
    if "ModuleNotFoundError" in text:
        advice = module_advice(server.comfyui, server.python)
    elif "address already in use" in text.lower():
        advice = f"port {server.port} is taken; try again"
    else:
        advice = "run a ComfyUI of your own and give --server URL"
    return f"ComfyUI {what}; {advice}. The last lines of {server.log_path}:\n{tail}"


def _quiet_environment() -> dict[str, str]:
    """Nothing is fetched and nothing reported while the server starts or runs."""
    return {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def _own_group() -> dict:
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]
    return {"start_new_session": True}  # a Ctrl-C in the terminal is ours to answer, and the group is ours to end


def _end(process: subprocess.Popen) -> None:
    if process.poll() is None and os.name == "nt":
        subprocess.call(["taskkill", "/F", "/T", "/PID", str(process.pid)], stdout=subprocess.DEVNULL)
    elif os.name != "nt":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(3)
            os.killpg(process.pid, signal.SIGKILL)  # children that outlive it, and a stopped one
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    if process.stdin:
        process.stdin.close()


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
