"""The effects, one file each or one a family; every file of this folder is read when the first effect is asked for."""

from __future__ import annotations

import importlib
import pkgutil

from ..effect import EFFECTS as EFFECTS
from ..effect import names as names

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")
