"""Fixtures for all tests. One embedded ComfyUI serves the whole run; a test that harms its server starts its own."""

from __future__ import annotations

import functools
import os
import re
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from coverloop.core.lettering import find
from coverloop.core.motion import matte
from coverloop.core.prompt.ask.registry import setting_names
from coverloop.orchestrator.server import embedded, locate

sys.path.append(str(Path(__file__).parent))  # tests share helpers: prompts.py
from postgres import Postgres

if "PYTEST_XDIST_WORKER" in os.environ:  # one for each core: more threads would wait for each other
    cv2.setNumThreads(1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # PyTorch in the ComfyUIs and commands that tests start


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory, request):
    """Settings of the person who runs the tests do not reach them, but for the ComfyUI they are to run against
    (`COMFYUI_PATH`, `COMFYUI_PYTHON`, or --comfyui)."""
    patch = pytest.MonkeyPatch()
    if given := request.config.getoption("--comfyui"):
        patch.setenv("COMFYUI_PATH", str(Path(given).resolve()))
    for name in ("COMFYUI_URL", "COMFYUI_AUTH", "COMFYUI_CA", *setting_names()):
        patch.delenv(name, raising=False)
    yield
    patch.undo()


def pytest_xdist_auto_num_workers() -> int:
    """One for each core and one more, since tests wait for servers, players and clocks; four at most: each has a
    ComfyUI of its own, which takes 1.5 GB."""
    return min(4, len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1)


def pytest_addoption(parser):
    parser.addoption("--comfyui", metavar="PATH", help="run against this ComfyUI instead of the embedded one")


@pytest.fixture(scope="session")
def comfyui_version() -> str:
    text = (locate.find_comfyui() / "comfyui_version.py").read_text("utf-8")
    return re.search(r'__version__ = "(.+?)"', text)[1]


@pytest.fixture(scope="session")
def comfyui():
    """The embedded ComfyUI with this pack in it: `comfyui.url`, `comfyui.base` (its input and output folders)."""
    with embedded.start() as server:
        yield server


@pytest.fixture(scope="session")
def random_comfyui(tmp_path_factory):
    """A server of its own for models of random weights, which those who need them put under the official names
    (`tiny_wan.make(random_comfyui.base / "models")` and its like). Third-party nodes are recorded ones."""
    base = tmp_path_factory.mktemp("random")
    (base / "custom_nodes").mkdir()
    for pack in ("tiny_wan_compat", "tiny_edit_compat", "recorded_packs"):
        (base / "custom_nodes" / pack).symlink_to(Path(__file__).parent / pack, target_is_directory=True)
    # one thread: the models are so small that more of them only wait for each other
    with embedded.start(base=base, environment={"OMP_NUM_THREADS": "1"}) as server:
        yield server


@pytest.fixture(scope="session")
def wan_comfyui(random_comfyui):
    """With Wan 2.2 TI2V 5B."""
    import tiny_wan

    tiny_wan.make(random_comfyui.base / "models")
    return random_comfyui


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    server = Postgres(tmp_path_factory.mktemp("queue") / "postgres")
    yield server
    server.stop()


@pytest.fixture
def database(postgres):
    """A fresh database: its address."""
    import psycopg

    name = f"test_{time.time_ns()}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgres.url.rpartition("/")[0] + f"/{name}"


# A worker that takes one of these last would be at work alone for minutes.
LONGEST = ("batch/test_chaos.py", "remote/test_queue.py", "workflows/test_graphs.py", "workflows/test_wan_graphs.py")
LONGEST += ("lettering/test_mask.py", "plate/test_clean.py")


def pytest_collection_modifyitems(items):
    def place(item) -> int:
        name = item.path.relative_to(Path(__file__).parent).as_posix()
        return LONGEST.index(name) if name in LONGEST else len(LONGEST)

    items.sort(key=place)


_look_once = functools.lru_cache(maxsize=24)(find._looks.__wrapped__)
_find_once = functools.lru_cache(maxsize=64)(find._found.__wrapped__)
_matte = matte.matte


@functools.lru_cache(maxsize=64)
def _matte_once(pixels: bytes, shape: tuple[int, ...], path: Path) -> np.ndarray:
    made = _matte(np.frombuffer(pixels, np.uint8).reshape(shape), path)
    made.flags.writeable = False
    return made


@pytest.fixture(autouse=True)
def _seen_once(request, monkeypatch):
    """The networks, which take seconds, look once at each of the covers that many tests draw; not where they are what
    is tested (mark `networks`)."""
    if request.node.get_closest_marker("networks") is None:
        monkeypatch.setattr(find, "_looks", _look_once)
        monkeypatch.setattr(find, "_found", _find_once)
        monkeypatch.setattr(matte, "matte", lambda cover, path: _matte_once(cover.tobytes(), cover.shape, path))
