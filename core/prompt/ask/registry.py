"""The vision-language models there are: the files of `vlms/`, each read when it is first wanted."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from pathlib import Path

from ...errors import CoverLoopError, UsageError
from . import vlms
from .protocol import Backend, Host, Vlm, VlmError
from .put import Asking
from .settings import COMMON, Settings


def names() -> tuple[str, ...]:
    """What a person can choose: "auto", every VLM, "offline"."""
    return "auto", *_files(), "offline"


def setting_names() -> tuple[str, ...]:
    """Every setting that some VLM reads."""
    return tuple(dict.fromkeys((*COMMON, *(name for file in _files() for name in _vlm(file).settings))))


def read_settings(comfy_settings: Path | None = None) -> Settings:
    """See `Settings.read`."""
    return Settings.read(setting_names(), comfy_settings)


def open_backend(name: str, settings: Settings, host: Host | None = None) -> Backend | None:
    """The backend of that name; None is offline. "auto" takes COVERLOOP_VLM, else what is configured, else offline.

    Raises:
        UsageError: unknown name, or not configured (which setting is missing is said).
        VlmError: its library is not installed.
    """
    if name == "auto":
        name = settings.get("COVERLOOP_VLM") or "auto"
    if name not in names():
        raise UsageError(f"backend {name[:40]!r} is not known; choose one of {', '.join(names())}")
    if name == "auto":
        usable = [file for file in _files() if _vlm(file).configured(settings)]
        name = min(usable, key=lambda file: _vlm(file).rank, default="offline")
    if name == "offline":
        return None
    vlm = _vlm(name)
    if not _installed(vlm.library):
        raise VlmError(f"the {vlm.library} library is not installed; {vlm.install}, or use the offline backend")
    return vlm.open(settings, host or Host())


def open_or_offline(name: str, settings: Settings, host: Host | None = None) -> Asking:
    """As `open_backend`, for a node: a backend that cannot be opened becomes the offline one, with a remark."""
    try:
        return Asking(open_backend(name, settings, host), settings)
    except CoverLoopError as error:
        return Asking(None, settings, remarks=(settings.scrub(f"offline instead: {error}"),))


def _files() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(vlms.__path__))


def _vlm(file: str) -> Vlm:
    return importlib.import_module(f"{vlms.__name__}.{file}").VLM


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
