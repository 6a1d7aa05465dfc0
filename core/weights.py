"""Model files: where they are kept, how they are checked and fetched. Knows no model."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from .errors import ModelError

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Download:
    """A file that its publisher names by its MD5 or SHA-256. variable: the environment variable that may point at
    it."""

    name: str
    url: str
    digest: str
    max_bytes: int
    variable: str


def folder() -> Path:
    """coverloop's own model folder of this user."""
    return Path(platformdirs.user_cache_dir("coverloop", appauthor=False)) / "models"


def locate(download: Download, *folders: Path) -> Path | None:
    """The file that `download.variable` names; else the first of its name in `folders`, or in coverloop's own.

    Raises:
        ModelError: the variable names a file that does not exist.
    """
    named = os.environ.get(download.variable)
    if named and not Path(named).is_file():
        raise ModelError(f"{download.variable}={named}: no such file; point it at {download.name} or unset it")
    places = [Path(named)] if named else [place / download.name for place in (*folders, folder())]
    return next((place for place in places if place.is_file()), None)


def default_device() -> str:
    """`cuda` where torch has it, else `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def check(path: Path, download: Download) -> None:
    """Raises ModelError unless `path` holds exactly what was published."""
    kind = "sha256" if len(download.digest) == 64 else "md5"
    digest = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    found = digest.hexdigest()
    if found != download.digest:
        raise ModelError(
            f"{path}: {kind} {found} is not {download.digest} of {download.name}; it is not loaded, fetch it again"
        )


def fetch(download: Download, into: Path | None = None, progress: Progress | None = None, get: Any = None) -> Path:
    """Download into a folder (default: coverloop's own), hash-checked, under its name only when whole.

    progress: called with (bytes so far, bytes in all or 0). get: in place of `requests.get`.

    Raises:
        ModelError: no network, an answer that is not 200, a file that is too large, or a wrong hash.
    """
    import requests

    into = into or folder()
    into.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=into, prefix=download.name + ".")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            _stream(download, get or requests.get, file, progress)
        check(part, download)
        part.replace(into / download.name)
    except (requests.RequestException, OSError) as error:
        reason = type(error).__name__
        raise ModelError(f"{download.url}: cannot be fetched ({reason}); put {download.name} into {into}") from error
    finally:
        part.unlink(missing_ok=True)
    return into / download.name


def _stream(download: Download, get: Any, file: Any, progress: Progress | None) -> None:
    url, most = download.url, download.max_bytes
    with get(url, stream=True, timeout=(10, 60)) as answer:
        if answer.status_code != 200:
            raise ModelError(f"{url}: answered {answer.status_code}; fetch it by hand and set {download.variable}")
        whole = int(answer.headers.get("Content-Length") or 0)
        so_far = 0
        for block in answer.iter_content(1 << 20):
            so_far += len(block)
            if so_far > most:
                raise ModelError(f"{url}: is larger than {most // 1_000_000} MB; it is not {download.name}")
            file.write(block)
            if progress:
                progress(so_far, whole)
