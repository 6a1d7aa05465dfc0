"""Fixtures for all tests. One embedded ComfyUI serves the whole run; a test that harms its server starts its own."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import pytest
from coverloop.core.lettering import craft
from coverloop.core.prompt.ask.registry import setting_names
from coverloop.orchestrator.server import embedded

sys.path.append(str(Path(__file__).parent))  # tests share helpers: prompts.py


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory, request):
    """Settings of the person who runs the tests do not reach them."""
    patch = pytest.MonkeyPatch()
    for name in ("COMFYUI_URL", "COMFYUI_PATH", "COMFYUI_AUTH", "COMFYUI_CA", *setting_names()):
        patch.delenv(name, raising=False)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def comfyui():
    """The embedded ComfyUI with this pack in it: `comfyui.url`, `comfyui.base` (its input and output folders)."""
    with embedded.start() as server:
        yield server


_see_once = functools.lru_cache(maxsize=64)(craft._seen.__wrapped__)


@pytest.fixture
def seen_once(monkeypatch):
    """The detector, which takes seconds, looks once at each of the covers that many tests draw."""
    monkeypatch.setattr(craft, "_seen", _see_once)
