"""Files under their hash, and copies that appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import uuid
from collections.abc import Callable
from pathlib import Path

from ...core.errors import UsageError
from .locks import is_running, process_id

_HOST = re.sub(r"[^A-Za-z0-9]", "_", socket.gethostname())


class Files:
    """A folder of files named `ab/<sha256>.<ending>`. Writing the same content twice keeps one file."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, path: Path) -> str:
        """Store a copy of `path`; returns its name here. It is on disk when this returns."""
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        name = f"{digest[:2]}/{digest}{path.suffix}"
        target = self.folder / name
        if target.is_file() and target.stat().st_size == len(data):
            return name
        target.parent.mkdir(exist_ok=True)
        part = target.with_name(f".{digest[:16]}.{uuid.uuid4().hex[:8]}.part")
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return name

    def sweep(self, kept: set[str], before: float) -> int:
        """Delete files that are not in `kept` and older than the time `before`; returns bytes freed. Files are written
        before anybody names them, so a young one may be about to be named."""
        freed = 0
        for path in self.folder.glob("*/*"):
            facts = path.stat()
            if path.relative_to(self.folder).as_posix() not in kept and facts.st_mtime <= before:
                freed += facts.st_size
                path.unlink(missing_ok=True)
        return freed


def copy_whole(source: Path, target: Path) -> None:
    """Copy under the final name at once or not at all.

    Raises:
        UsageError: it cannot be written; says why.
    """
    _whole(target, lambda part: shutil.copyfile(source, part))


def write_whole(target: Path, text: str) -> None:
    """Write text under the final name at once or not at all; raises as `copy_whole`."""
    _whole(target, lambda part: part.write_text(text, "utf-8"))


def part_name(name: str) -> str:
    """A hidden name beside `name` for something unfinished, which tells whose it is (see `sweep_parts`)."""
    return f".{name[:40]}.{uuid.uuid4().hex[:6]}.{_HOST}-{process_id()}.part"


def sweep_parts(folder: Path) -> None:
    """Remove what killed processes of this machine left unfinished in `folder`; what others are at work on stays."""
    for path in folder.glob(f".*.{_HOST}-*.part"):
        if not is_running(path.name.removesuffix(".part").rpartition("-")[2]):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _whole(target: Path, write: Callable[[Path], object]) -> None:
    part = target.with_name(part_name(target.name))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}); free space or change --out") from error
    finally:
        part.unlink(missing_ok=True)
