"""Some ComfyUI servers of one batch: which are up, which are left alone for a while, which of our prompts they still
hold."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ...core.errors import ServerError
from ..job import check
from ..job.run import Fault
from ..job.workflow import Workflow
from ..server.client import Comfy

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0


class Post:
    """One server. `facts` and `versions` are known once it was up. Shared by the threads that work for it."""

    def __init__(self, url: str, workflow: Workflow):
        with Comfy(url) as comfy:  # also refuses what is no address
            self.url = comfy.url
        self.given = url  # may carry a login
        self._workflow = workflow
        self._mutex = threading.Lock()
        self._up = False
        self._retry_at = 0.0
        self._wait = FIRST_WAIT
        self._left: set[str] = set()
        self.error = ""
        self.facts: check.Server | None = None
        self.versions: dict[str, str] = {}

    def ready(self, comfy: Comfy) -> bool:
        """Whether it can be used now; asks it when it was down and its time to be asked has come."""
        with self._mutex:
            if self._up:
                return True
            if time.monotonic() < self._retry_at:
                return False
            try:
                self.facts, self.versions = check.require(comfy, self._workflow)
                self._take_back(comfy)
            except ServerError as error:
                if str(error) != self.error:
                    log.warning("%s", error)
                self.error = str(error)
                self._retry_at = time.monotonic() + self._wait
                self._wait = min(LONGEST_WAIT, self._wait * 2)
                return False
            if self.error:
                log.warning("%s: is back", self.url)
            self._up, self.error, self._wait = True, "", FIRST_WAIT
            return True

    def ask_now(self) -> None:
        """It is known to be there again: do not wait until its time has come."""
        with self._mutex:
            self._retry_at, self._wait = 0.0, FIRST_WAIT

    def down(self, error: str) -> None:
        """It gave no answer: leave it alone for a while."""
        with self._mutex:
            if self._up:
                log.warning("%s", error)
            self._up, self.error = False, error
            self._retry_at = time.monotonic() + self._wait

    def suffered(self, fault: Fault) -> None:
        """What a failed attempt says of the server that made it."""
        if not fault.of_server:
            return
        self.down(str(fault))
        if fault.left_behind:
            self.leave(fault.prompt_id)

    def leave(self, prompt_id: str) -> None:
        """A prompt of ours that went elsewhere while this server gave no answer: to be taken off when it is back."""
        with self._mutex:
            self._left.add(prompt_id)

    def _take_back(self, comfy: Comfy) -> None:
        for prompt_id in sorted(self._left):
            comfy.cancel(prompt_id)
        self._left.clear()

    @property
    def up(self) -> bool:
        return self._up


def wait_until_ready(post: Post, comfy: Comfy, over: Callable[[], bool]) -> bool:
    """Wait for a server; False when `over` came first."""
    while not over():
        if post.ready(comfy):
            return True
        time.sleep(0.2)
    return False
