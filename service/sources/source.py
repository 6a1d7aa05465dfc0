"""What a source of covers is, and which there are.

A source is a file of this folder with a `SOURCE`. It turns a question into finds; the calls themselves, their pace, the
cache and what may be fetched are `search.py`'s.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ...core.errors import CoverLoopError

Ask = Callable[[str, Mapping[str, Any]], Any]
"""(URL, query) -> the JSON that is there; None for "not found". Raises SourceError."""


class SourceError(CoverLoopError):
    """A source gave no answer that can be used. away: do not ask it again for so many seconds."""

    def __init__(self, message: str, away: float = 0.0):
        super().__init__(message)
        self.away = away


@dataclass(frozen=True)
class Find:
    """A cover that was found. id: the source's own; artwork: the picture, 1000 px and more; thumb: a small one; link:
    where it is sold or described; preview: sound, half a minute; concern: why it may be no cover, as the source's own
    types tell."""

    source: str
    id: str
    title: str
    artist: str
    album: str
    artwork: str
    thumb: str
    link: str = ""
    preview: str = ""
    concern: str = ""


class Source(Protocol):
    """name: its id; title: for people; terms: what it asks of those who use it, one sentence. hosts: what is fetched
    from (a leading "." means all below it); pictures, sounds: what a browser loads, as a content security policy names
    it. calls, seconds: so many calls in so many seconds, at most."""

    name: str
    title: str
    terms: str
    hosts: frozenset[str]
    pictures: tuple[str, ...]
    sounds: tuple[str, ...]
    calls: int
    seconds: float

    def search(self, ask: Ask, query: str) -> Sequence[Find]:
        """What is found for words that a person typed, the best first. Raises SourceError."""
        ...


@functools.cache
def sources() -> Mapping[str, Source]:
    """All there are, by name."""
    package = importlib.import_module(__package__ or "")
    modules = [
        importlib.import_module(f"{package.__name__}.{file.name}") for file in pkgutil.iter_modules(package.__path__)
    ]
    return {module.SOURCE.name: module.SOURCE for module in modules if hasattr(module, "SOURCE")}


def text(entry: Mapping[str, Any], name: str) -> str:
    """A string of an answer; "" when it is missing or something else."""
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def rows(answer: Any, name: str) -> list[Mapping[str, Any]]:
    """The objects in a list of an answer. Raises SourceError when the answer has another shape."""
    found = answer.get(name) if isinstance(answer, Mapping) else None
    if not isinstance(found, list):
        raise SourceError("answered in another shape than it used to")
    return [row for row in found if isinstance(row, Mapping)]
