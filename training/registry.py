"""The trainers there are: the files of `trainers/`. An underscore of a file's name is a hyphen of the trainer's."""

from __future__ import annotations

import importlib
import pkgutil

from ..core.errors import UsageError
from . import trainers as _folder
from .trainer import Trainer


def names() -> list[str]:
    return sorted(file.name.replace("_", "-") for file in pkgutil.iter_modules(_folder.__path__))


def trainer(name: str) -> Trainer:
    """Raises UsageError for an unknown name, and for one that cannot train Wan 2.2 5B; says why."""
    if name not in names():
        raise UsageError(f"{name!r}: no such trainer; there are {', '.join(names())}")
    found = importlib.import_module(f"{_folder.__name__}.{name.replace('-', '_')}").TRAINER
    if found.refuses:
        raise UsageError(f"{name}: {found.refuses}")
    return found
