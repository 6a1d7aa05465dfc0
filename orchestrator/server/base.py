"""Base directories of our own ComfyUI: made, furnished with this pack, and swept when their owner is gone."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
import uuid
from pathlib import Path

import platformdirs

KEPT_LOGS = 20
PACK = Path(__file__).resolve().parents[2]


def instances() -> Path:
    """The folder that holds the base directories of running servers."""
    return platformdirs.user_cache_path("coverloop", appauthor=False) / "instances"


def new_base() -> Path:
    folder = instances()
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=folder)).resolve()


def furnish(base: Path, models: Path | None) -> None:
    """Folders, this pack, and `models` in place of a model folder of its own."""
    for name in ("custom_nodes", "input", "output", "temp", "user"):
        (base / name).mkdir(parents=True, exist_ok=True)
    _link(base / "custom_nodes" / "coverloop", PACK)
    if models is not None:
        _link(base / "models", models)


def shared_models() -> Path:
    """The model folder of embedded servers, in the user's data folder."""
    folder = platformdirs.user_data_path("coverloop", appauthor=False) / "models"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


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


def remove_base(base: Path) -> None:
    for link in (base / "custom_nodes" / "coverloop", base / "models"):  # before rmtree, which could walk a junction
        with contextlib.suppress(OSError):
            link.unlink() if link.is_symlink() else link.rmdir()
    shutil.rmtree(base, ignore_errors=True)


def sweep() -> None:
    """Remove base directories whose owner is gone (it was killed and could not tidy up)."""
    for base in instances().glob("*-*"):
        pid = base.name.partition("-")[0]
        if pid.isdigit() and not _alive(int(pid), base):
            remove_base(base)


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


def new_log() -> Path:
    folder = platformdirs.user_log_path("coverloop", appauthor=False)
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob("comfyui-*.log"), key=lambda path: path.stat().st_mtime)[:-KEPT_LOGS]:
        old.unlink(missing_ok=True)
    return folder / f"comfyui-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{uuid.uuid4().hex[:6]}.log"
