"""The presets there are: the files of `presets/`. An underscore of a file's name is a hyphen of the preset's."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import UsageError
from . import presets as _folder
from .preset import Format, Preset


@dataclass(frozen=True)
class Wanted:
    """A file to be made: which preset, and which of its formats. id: `canvas`, or `web.gif` where there are several."""

    preset: str
    format: Format

    @property
    def id(self) -> str:
        return f"{self.preset}.{self.format.name}" if self.format.name else self.preset

    def file_name(self, stem: str) -> str:
        """`cover.canvas.mp4`, `cover.apple-album.square.mp4`, `cover.web.gif`."""
        ending = self.format.coding.ending
        return f"{stem}.{self.id}" if self.id.endswith(f".{ending}") else f"{stem}.{self.id}.{ending}"


def names() -> list[str]:
    """Every preset there is, by name.

    Raises:
        UsageError: two files make one name.
    """
    return sorted(_modules())


def _modules() -> dict[str, str]:
    found: dict[str, str] = {}
    for file in pkgutil.iter_modules(_folder.__path__):
        name = file.name.replace("_", "-").lower()
        if name in found:
            raise UsageError(f"two presets are called {name} ({found[name]}.py and {file.name}.py); rename one")
        found[name] = file.name
    return found


def preset(name: str) -> Preset:
    """Raises UsageError for an unknown name; lists the known ones."""
    modules = _modules()
    if name not in modules:
        raise UsageError(f"{name!r}: no such preset; there are {', '.join(sorted(modules))}")
    return _read(modules[name])


@functools.cache
def _read(module: str) -> Preset:
    return importlib.import_module(f"{_folder.__name__}.{module}").PRESET


def wanted(words: str | Sequence[str]) -> list[Wanted]:
    """What a person asks for: "canvas, web.gif" -> each file of these, in the order asked.

    Raises:
        UsageError: an unknown preset or format, nothing, or one asked for twice.
    """
    asked = [part.strip() for word in ([words] if isinstance(words, str) else words) for part in word.split(",")]
    found: list[Wanted] = []
    for word in filter(None, asked):
        for one in _of(word):
            if one.id in (other.id for other in found):
                raise UsageError(
                    f"preset {one.id} is asked for twice: both would be written to one name; leave one out"
                )
            found.append(one)
    if not found:
        raise UsageError(f"no preset is named; there are {', '.join(names())}")
    return found


def _of(word: str) -> list[Wanted]:
    name, _, part = word.partition(".")
    formats = preset(name).formats
    if not part:
        return [Wanted(name, one) for one in formats]
    if part not in (one.name for one in formats):
        parts = ", ".join(one.name for one in formats if one.name) or "only one file"
        raise UsageError(f"{word!r}: no such format; {name} has {parts}")
    return [Wanted(name, one) for one in formats if one.name == part]
