"""What is made of a finished loop when somebody asks for it: made once, one thing at a time, in a process of its own so
that the pages keep their memory and their pace."""

from __future__ import annotations

import contextlib
import logging
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import CoverLoopError

log = logging.getLogger(__name__)

SECONDS = 600.0
SCRATCH = ".making-"
_one_at_a_time = threading.Lock()


class MakingFailed(CoverLoopError):
    """It could not be made."""


def kept(
    target: Path, build: Callable[[Path], object], turn: contextlib.AbstractContextManager[Any] = _one_at_a_time
) -> Path:
    """`target`, a file or folder, built unless it is there. build: writes it to the path it is given; it gets its name
    when it is whole. turn: held meanwhile."""
    if target.exists():
        return target
    with turn:
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=SCRATCH) as scratch:
            part = Path(scratch) / target.name
            build(part)
            part.replace(target)
    return target


def run_verb(arguments: Sequence[str], good: tuple[int, ...] = (0,), seconds: float = SECONDS) -> str:
    """Run `coverloop` with these arguments, at most so long; returns what it prints.

    Raises:
        MakingFailed: it ended with another code than `good`, whose last line it carries, or took too long.
    """
    package = __package__.removesuffix(".service") if __package__ else ""
    call = [sys.executable, "-m", f"{package}.orchestrator.cli", *arguments]
    try:
        done = subprocess.run(call, capture_output=True, encoding="utf-8", timeout=seconds, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise MakingFailed(f"it took longer than {seconds / 60:.0f} minutes") from None
    if done.returncode not in good:
        log.error("coverloop %s: %s", arguments[0], done.stderr.strip())
        raise MakingFailed((done.stderr.strip().splitlines() or ["it failed"])[-1])
    return done.stdout


def unmade(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
