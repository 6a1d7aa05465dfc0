"""The fillers there are: the files of `fillers/`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import UsageError
from . import fillers as _folder
from .filler import Filler


class Known(NamedTuple):
    """A filler on this machine, for people."""

    name: str
    licence: str
    needs: str
    size_rule: str
    ready: bool


def names() -> list[str]:
    """Every filler there is, best first."""
    files = [module.name for module in pkgutil.iter_modules(_folder.__path__)]
    return sorted(files, key=lambda name: (_read(name).rank, name))


def filler(name: str) -> Filler:
    """Raises UsageError for an unknown name."""
    if name not in names():
        raise UsageError(f"{name!r}: no such filler; there are auto, {', '.join(names())}")
    return _read(name)


def fillers(folders: Sequence[Path] = ()) -> list[Known]:
    """Every filler, best first, and whether it is ready. folders: of models, besides coverloop's own places."""
    known = []
    for name in names():
        one = filler(name)
        state = one.state(folders)
        known.append(Known(name, one.licence, state.needs, one.size_rule, state.ready))
    return known


def _read(name: str) -> Filler:
    return importlib.import_module(f"{_folder.__name__}.{name}").FILLER
