"""What a person sees of a batch: a live table on a terminal, one plain line per cover elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from ..job.meter import Meter
from ..job.run import Stage
from ..server.events import Event
from .row import Row
from .tasks import Outcome, OutcomeState


class Display:
    """Live table on a terminal, one plain line per cover elsewhere. Called from many threads. name: what a row is
    called."""

    def __init__(
        self,
        console: Console,
        total: int,
        workflow: str,
        name: Callable[[Row], str] = lambda row: row.cover.name or f"row {row.number}",
    ):
        self._name = name
        self._console, self._total, self._workflow = console, total, workflow
        self._began = time.monotonic()
        self._mutex = threading.Lock()
        self._meters: dict[tuple[str, str], Meter] = {}
        self._counts: dict[str, int] = {}
        self._done = self._rendered = 0
        self._failed: list[str] = []
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Display:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def event(self, server: str, row: Row, event: Event | Stage) -> None:
        with self._mutex:
            self._meters.setdefault((server, self._name(row)), Meter(self._workflow)).see(event)

    def ended(self, outcome: Outcome) -> None:
        with self._mutex:
            for key in [key for key in self._meters if key[1] == self._name(outcome.row)]:
                del self._meters[key]
            self._done += 1
            self._rendered += outcome.state is OutcomeState.DONE and not outcome.reused
            self._counts[outcome.state.value] = self._counts.get(outcome.state.value, 0) + 1
            if outcome.state not in (OutcomeState.DONE, OutcomeState.STOPPED):
                self._failed = [*self._failed, f"{self._name(outcome.row)}: {outcome.error}"][-5:]
        if not self._console.is_terminal:
            self._console.print(f"[{self._done}/{self._total}] {self._words(outcome)}", markup=False)

    def _left(self) -> str:
        """Time left from the rate measured so far; reused covers cost nothing and do not count."""
        if not self._rendered:
            return "time left unknown"
        seconds = (time.monotonic() - self._began) / self._rendered * (self._total - self._done)
        return f"about {seconds / 60:.0f} min left" if seconds > 90 else f"about {seconds:.0f} s left"

    def _table(self) -> Group:
        with self._mutex:
            counts = ", ".join(f"{count} {state}" for state, count in sorted(self._counts.items())) or "starting"
            table = Table.grid(padding=(0, 2))
            for (server, cover), meter in sorted(self._meters.items()):
                bar = ProgressBar(total=1.0, completed=meter.fraction, width=24)
                table.add_row(server, cover, meter.words, bar, f"{meter.fraction:.0%}")
            head = f"{self._done}/{self._total} covers: {counts}; {self._left()}"
            return Group(head, table, *(f"failed  {line}" for line in self._failed))

    def _words(self, outcome: Outcome) -> str:
        name = self._name(outcome.row)
        if outcome.state is not OutcomeState.DONE:
            return f"{name}  {outcome.state}: {outcome.error}"
        verdict = "passed" if outcome.good else "does not pass: " + "; ".join(outcome.problems)
        return f"{name}  {verdict}  ({'from the store' if outcome.reused else f'{outcome.seconds:.1f} s'})"
