"""A lock on a file that lives as long as its process: the operating system lets go of it, however the process ends."""

from __future__ import annotations

import atexit
import functools
import os
import sys
import tempfile
import uuid
from pathlib import Path


class Lock:
    """Holds `path`, a name nobody else uses, locked until `release` or the end of the process."""

    def __init__(self, path: Path):
        self._path = path
        self._file = path.open("a+b")
        _take(self._file.fileno(), wait=True)  # somebody may be looking whether it is free, for an instant

    def release(self) -> None:
        if not self._file.closed:
            if os.name != "nt":  # an open file cannot be removed there
                self._path.unlink(missing_ok=True)
            self._file.close()


def is_free(path: Path) -> bool:
    """Whether nobody holds `path` locked; true also when there is no such file."""
    try:
        with path.open("r+b") as file:
            _take(file.fileno(), wait=False)
            return True
    except FileNotFoundError:
        return True
    except OSError:
        return False


@functools.cache
def process_id() -> str:
    """A name of this process that, unlike its number, is never given to another one."""
    name = uuid.uuid4().hex[:12]
    lock = Lock(_lock_of(name))
    atexit.register(lock.release)
    return name


def is_running(process: str) -> bool:
    """Whether the process with that `process_id` still runs on this machine."""
    return not is_free(_lock_of(process))


def _lock_of(process: str) -> Path:
    return Path(tempfile.gettempdir()) / f"coverloop-{process}.lock"


if sys.platform == "win32":
    import msvcrt

    def _take(file: int, wait: bool) -> None:
        msvcrt.locking(file, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: int, wait: bool) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
