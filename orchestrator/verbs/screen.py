"""What a person sees while a cover is rendered: stage, node, percent, time left. Silent when nobody watches."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..job.meter import Meter


class Screen:
    """A progress line on the terminal; on anything else, nothing."""

    def __init__(self, console: Console):
        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            TextColumn("{task.fields[words]}"),
            BarColumn(bar_width=28),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=1.0, words="")

    def title(self, text: str, words: str = "") -> None:
        self._progress.reset(self._task, description=text, words=words, completed=0)

    def show(self, meter: Meter) -> None:
        self._progress.update(self._task, completed=meter.fraction, words=meter.words)

    @staticmethod
    @contextlib.contextmanager
    def open(console: Console) -> Iterator[Screen]:
        screen = Screen(console)
        with screen._progress:
            yield screen
