"""What a vision-language model has to be for the project to ask it.

Request    what is sent
Backend    a model that takes requests
Vlm        the entry of a file in `vlms/`: what it needs, and how it is opened
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ...errors import CoverLoopError
from ..form.boxes import BoxStyle
from .settings import Settings


class VlmError(CoverLoopError):
    """A model could not be asked or did not answer. `retry_after`: seconds the server asks to wait, or None."""

    def __init__(self, message: str, retry_after: float | None = None):
        super().__init__(message)
        self.retry_after = retry_after


class BlindModel(VlmError):
    """The server says that its model takes no pictures."""


@dataclass(frozen=True)
class Request:
    """jpeg: None for a model that sees no pictures; wire: JSON schema of the answer; seconds: how long it may take."""

    system: str
    text: str
    jpeg: bytes | None
    wire: dict[str, Any]
    seconds: float


class Backend(Protocol):
    name: str
    model: str
    boxes: BoxStyle
    in_process: bool  # keeps to `Request.seconds` by itself and must not be left running in a thread
    sees: bool  # False once the model turned out to take no pictures

    def ask(self, request: Request) -> str:
        """The model's text. Raises VlmError, or whatever its library raises."""
        ...


@dataclass(frozen=True)
class Host:
    """Where a model in this process runs. models: folder that relative paths of weights start from; place: called with
    the model before each question, says on which torch.device it now is; None: the first GPU, else the CPU."""

    models: Path = Path()
    place: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Vlm:
    """One file of `vlms/`, known by the file's name.

    open: makes the backend; raises UsageError where a setting is missing. configured: whether "auto" may take it;
    rank: among several configured ones "auto" takes the lowest. settings: the names it reads, beside those of all
    (`settings.COMMON`); those that end in _KEY are kept out of every message and file. library: the module that has to
    be installed, and how.
    """

    open: Callable[[Settings, Host], Backend]
    configured: Callable[[Settings], bool]
    rank: int
    settings: tuple[str, ...]
    library: str
    install: str


def seconds_of(header: str | None) -> float | None:
    """A Retry-After header in seconds; the date form, which rate limits do not use, is not read."""
    return float(header) if header and re.fullmatch(r"\s*\d{1,6}(?:\.\d+)?\s*", header) else None
