"""Keeps the process that renders alive, and tells the pages what it says."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from .settings import Settings

log = logging.getLogger(__name__)


class Overseer:
    """The renderer as a child of this process, started again when it ends. on_event: hears its events, from a thread of
    ours."""

    def __init__(self, settings: Settings, on_event: Callable[[Mapping[str, Any]], None]):
        self._settings, self._on_event = settings, on_event
        self._child: subprocess.Popen[str] | None = None
        self._closing = threading.Event()
        self._mutex = threading.Lock()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something was asked for, or cancelled."""
        with self._mutex:
            self._write("\n")

    def stop(self) -> None:
        self._closing.set()
        with self._mutex:
            child = self._child
            if child is not None and child.stdin is not None:
                with contextlib.suppress(OSError):
                    child.stdin.close()
        self._thread.join(10)

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None else None

    def _write(self, text: str) -> None:
        if self._child is not None and self._child.stdin is not None:
            with contextlib.suppress(OSError, ValueError):  # it just ended; what it did not hear is in the table
                self._child.stdin.write(text)
                self._child.stdin.flush()

    def _keep(self) -> None:
        wait = 1.0
        while not self._closing.is_set():
            began = time.monotonic()
            with subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.renderer"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C in the terminal is for the service, which then ends it
            ) as child:
                with self._mutex:
                    self._child = child
                    self._write(self._settings.to_json() + "\n")
                assert child.stdout is not None
                for line in child.stdout:
                    self._hear(line)
            if self._closing.is_set():
                return
            wait = 1.0 if time.monotonic() - began > 60 else min(60.0, wait * 2)
            log.warning("the renderer ended (%s); starting it again in %.0f s", child.returncode, wait)
            self._on_event({"what": "servers", "known": 0, "up": 0, "ready": False, "error": "the renderer ended"})
            self._closing.wait(wait)

    def _hear(self, line: str) -> None:
        try:
            self._on_event(json.loads(line))
        except Exception:  # one event that is not understood must not end all that follow
            log.exception("event of the renderer: %.200s", line)
