"""All measures: every file in `measures/`. A new one is a file there, with

RULES: tuple of `Rule`, one for each figure, in the order in which they are told
begin(setting: Setting) -> Measure | None     None: nothing to measure against, its figures are None
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from . import measures
from .rules import Measure, Rule, Setting


@dataclass(frozen=True)
class Kind:
    """One file of `measures/`."""

    name: str
    rules: tuple[Rule, ...]
    begin: Callable[[Setting], Measure | None]


@functools.cache
def kinds() -> tuple[Kind, ...]:
    names = sorted(found.name for found in pkgutil.iter_modules(measures.__path__))
    modules = [importlib.import_module(f"{measures.__name__}.{name}") for name in names]
    return tuple(Kind(name, module.RULES, module.begin) for name, module in zip(names, modules, strict=True))


@functools.cache
def rules() -> dict[str, Rule]:
    """Every rule by the name of its figure."""
    found: dict[str, Rule] = {}
    for kind in kinds():
        for rule in kind.rules:
            if rule.name in found:
                raise ValueError(f"two measures tell of {rule.name}; the second is {kind.name}")
            found[rule.name] = rule
    return found
