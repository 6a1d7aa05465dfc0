"""Which ComfyUI to use: the one asked for, else `COMFYUI_URL`, else one of our own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

from . import embedded
from .client import Comfy


def given_server(server: str | None) -> str | None:
    """The address asked for, else `COMFYUI_URL`; None when there is neither."""
    return server or os.environ.get("COMFYUI_URL") or None


@contextlib.contextmanager
def open_server(server: str | None, on_start: Callable[[], None] = lambda: None) -> Iterator[Comfy]:
    """A client of the server at `server`, else at `COMFYUI_URL`, else of an embedded one that lives as long as the
    block.

    `on_start` is called before an embedded one is started, which takes some seconds.
    """
    address = given_server(server)
    if address:
        with Comfy(address) as comfy:
            yield comfy
        return
    on_start()
    with embedded.start() as own, Comfy(own.url) as comfy:
        yield comfy
