"""Animated AVIF: AV1 in an image file, which browsers loop like a GIF."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from ..coding import Coding, Written
from ..encode import seen_against_motion
from ..mux import Coded, mux

_COARSER = 8
"""crf of AV1 for the same look as x264's: its scale goes to 63. Of slow motion it leaves out far more than x264, so
what is coded finer for being calm or small is coded finer by three times as much."""


def write(frames: Iterable[np.ndarray], path: Path, coding: Coding, facts: Written) -> None:
    os.environ.setdefault("SVT_LOG", "1")  # it writes its settings to standard error otherwise
    frames, (crf, *_) = seen_against_motion(frames, coding.crf)
    options = {
        "crf": str(max(1, crf + _COARSER - 2 * (coding.crf - crf))),
        "preset": "8",
        "g": "9999",
        "svtav1-params": "pred-struct=1",
    }
    how = Coded("avif", "libsvtav1", "yuv420p", options, {"loop": "0"})
    with _usual_priority() as keep:
        mux(_each(frames, keep), path, how, facts.rate, {})


def _each(frames: Iterable[np.ndarray], then: Callable[[], None]) -> Iterator[np.ndarray]:
    for frame in frames:
        yield frame
        then()


@contextlib.contextmanager
def _usual_priority() -> Iterator[Callable[[], None]]:
    """A function that gives this process the priority back that it came with; so does the end.

    Run as root on Linux, SVT-AV1 makes the thread that opens it and all of its own real-time (SCHED_FIFO, 99): nothing
    else runs on the machine then, and what that thread starts later inherits it.
    """
    if not hasattr(os, "sched_getscheduler"):
        yield lambda: None
        return
    usual, of = os.sched_getscheduler(0), os.sched_getparam(0)

    def keep() -> None:
        for thread in Path("/proc/self/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                if os.sched_getscheduler(int(thread.name)) == os.SCHED_FIFO != usual:
                    os.sched_setscheduler(int(thread.name), usual, of)

    try:
        yield keep
    finally:
        keep()
