"""`coverloop batch`: a table while it runs on a terminal, plain lines elsewhere, a report at the end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from ...core.errors import CoverLoopError, UsageError
from ...core.formats.make import make_all
from ...core.formats.registry import wanted
from ..batch.crew import Batch
from ..batch.display import Display
from ..batch.report import counts_of, row_of, write_report
from ..batch.row import Row
from ..batch.sources import read_source
from ..batch.tasks import Outcome, OutcomeState
from ..job.manifest import load_workflow
from ..job.run import output_folder
from ..server import embedded
from ..server.choose import given_server
from ..store.store import Store
from .export import Words, turn_of


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
        return 130 if any(outcome.state is OutcomeState.STOPPED for outcome in self.outcomes) else 1

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
    rows = [known_places(row) for row in read_source(source)]
    folder = output_folder(out)
    began = time.monotonic()
    with Store() as store, open_servers(servers) as addresses, Display(console, len(rows), workflow.id) as display:
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
        outcomes = [for_places(outcome) for outcome in batch.run()]
        retries = sum(max(0, outcome.attempts - 1) for outcome in outcomes)
    seconds = time.monotonic() - began
    report = write_report(outcomes, folder, seconds, retries)
    return Summary(folder, report, tuple(outcomes), seconds)


@contextlib.contextmanager
def open_servers(given: Sequence[str]) -> Iterator[Sequence[str]]:
    """Addresses: those given, else `COMFYUI_URL`, else an embedded server that lives as long as the block."""
    known = list(given) or ([url] if (url := given_server(None)) else [])
    if known:
        yield known
        return
    with embedded.start() as own:
        yield [own.url]


def known_places(row: Row) -> Row:
    """The row; one that asks for places which are not there carries that as its error."""
    if row.error or not row.preset:
        return row
    try:
        wanted(row.preset)
    except UsageError as error:
        return replace(row, error=str(error))
    return row


def for_places(outcome: Outcome) -> Outcome:
    """Write a finished loop for the places of its row, beside it; what they would refuse is among the problems."""
    row, stem, entry = outcome.row, outcome.stem, outcome.entry
    if outcome.state is not OutcomeState.DONE or not row.preset or stem is None or entry is None or entry.video is None:
        return outcome
    words = Words(row.title, row.artist).told()
    try:
        made = make_all(turn_of(stem.with_name(stem.name + entry.video.suffix)), wanted(row.preset), stem, words=words)
    except CoverLoopError as error:
        return replace(outcome, state=OutcomeState.FAILED, error=str(error))
    problems = [f"{one.wanted.id}: {problem}" for one in made for problem in one.problems]
    files = tuple(one.video.relative_to(stem.parent).as_posix() for one in made)
    return replace(outcome, problems=(*outcome.problems, *problems), places=files)
