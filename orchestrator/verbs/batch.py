"""`coverloop batch`: a table while it runs on a terminal, plain lines elsewhere, a report at the end."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from ..batch.crew import Batch
from ..batch.report import counts_of, row_of, write_report
from ..batch.sources import read_source
from ..batch.tasks import Outcome
from ..job.meter import Meter
from ..job.run import Stage, output_folder
from ..job.workflow import load_workflow
from ..server import embedded
from ..server.choose import given_server
from ..server.follow import Event
from ..store.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Summary:
    """How a batch ended."""

    folder: Path
    report: Path
    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def exit_code(self) -> int:
        if all(outcome.good for outcome in self.outcomes):
            return 0
        return 130 if any(outcome.state == "stopped" for outcome in self.outcomes) else 1

    def to_dict(self) -> dict[str, Any]:
        counts = counts_of(self.outcomes)
        rows = [row_of(outcome, self.folder) for outcome in self.outcomes]
        return {"report": str(self.report), "seconds": round(self.seconds, 3), **counts, "rows": rows}

    def line(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in counts_of(self.outcomes).items())
        return f"{counts} in {self.seconds:.0f} s: {self.report}"


def run_batch(
    source: str,
    out: Path,
    workflow_id: str,
    servers: Sequence[str],
    given: Mapping[str, Any],
    console: Console,
    *,
    force: bool = False,
    resume: bool = False,
) -> Summary:
    """Render every cover of `source` into `out` and write the reports.

    servers: addresses; none means `COMFYUI_URL`, else an embedded server. force: render finished ones anew. resume:
    covers that failed or were set aside in an earlier run stay so; without it they are tried once more.

    Raises:
        UsageError: the call must be mended. What goes wrong with a cover is in its outcome.
    """
    workflow = load_workflow(workflow_id)
    workflow.read_values(given)
    rows = read_source(source)
    folder = output_folder(out)
    began = time.monotonic()
    with Store() as store, _servers(servers) as addresses, _Display(console, len(rows), workflow.id) as display:
        batch = Batch(
            rows,
            folder,
            workflow,
            addresses,
            store,
            given,
            force=force,
            resume=resume,
            on_outcome=display.ended,
            on_event=display.event,
        )
        outcomes = batch.run()
        retries = sum(max(0, outcome.attempts - 1) for outcome in outcomes)
    seconds = time.monotonic() - began
    report = write_report(outcomes, folder, seconds, retries)
    return Summary(folder, report, tuple(outcomes), seconds)


@contextlib.contextmanager
def _servers(given: Sequence[str]) -> Iterator[Sequence[str]]:
    known = list(given) or ([url] if (url := given_server(None)) else [])
    if known:
        yield known
        return
    with embedded.start() as own:
        yield [own.url]


class _Display:
    """Live table on a terminal, one plain line per cover elsewhere. Called from many threads."""

    def __init__(self, console: Console, total: int, workflow: str):
        self._console, self._total, self._workflow = console, total, workflow
        self._began = time.monotonic()
        self._mutex = threading.Lock()
        self._meters: dict[tuple[str, str], Meter] = {}
        self._counts: dict[str, int] = {}
        self._done = self._rendered = 0
        self._failed: list[str] = []
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> _Display:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def event(self, server: str, cover: str, event: Event | Stage) -> None:
        with self._mutex:
            self._meters.setdefault((server, cover), Meter(self._workflow)).see(event)

    def ended(self, outcome: Outcome) -> None:
        with self._mutex:
            for key in [key for key in self._meters if key[1] == outcome.row.cover.name]:
                del self._meters[key]
            self._done += 1
            self._rendered += outcome.state == "done" and not outcome.reused
            self._counts[outcome.state] = self._counts.get(outcome.state, 0) + 1
            if outcome.state not in ("done", "stopped"):
                self._failed = [*self._failed, f"{outcome.row.cover.name}: {outcome.error}"][-5:]
        if not self._console.is_terminal:
            self._console.print(f"[{self._done}/{self._total}] {_words(outcome)}", markup=False)

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


def _words(outcome: Outcome) -> str:
    name = outcome.row.cover.name or f"row {outcome.row.number}"
    if outcome.state != "done":
        return f"{name}  {outcome.state}: {outcome.error}"
    verdict = "passed" if outcome.good else "does not pass: " + "; ".join(outcome.problems)
    return f"{name}  {verdict}  ({'from the store' if outcome.reused else f'{outcome.seconds:.1f} s'})"
