"""Work in threads, results in order; memory given back. OpenCV and FFmpeg let other threads run while they work; numpy
often does."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def in_order(
    work: Callable[[Given], Made], items: Iterable[Given], *, ahead: int | None = None, workers: int = 8
) -> Iterator[Made]:
    """`work` of each item, in as many threads as there are cores (at most `workers`), in the order of the
    items.

    ahead: how many items are under way or done before the first is taken; the cores and one without it. So an endless
    or a heavy iterable is read no further than needed. What is not begun is dropped when the caller stops early.
    """
    workers = min(workers, os.cpu_count() or 1)
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > (workers if ahead is None else ahead):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def give_back() -> None:
    """Give memory that is free back to the system, before much is taken: glibc keeps what lettering was found in."""
    with contextlib.suppress(OSError, AttributeError):  # not Linux, or another C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)
