"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from .errors import UsageError


def write_text(path: str | Path, text: str) -> None:
    """Write a text file as UTF-8, whole or not at all. Raises UsageError when it cannot be written."""
    with whole_file(Path(path)) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` that becomes `path` when the block ends well, and is removed when it does not."""
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; give the name of a file")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        part.touch()
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(
            f"{path}: cannot be written ({reason}); give a folder that exists and can be written"
        ) from error
    finally:
        part.unlink(missing_ok=True)
