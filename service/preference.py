"""The votes of this machine's service against its store."""

from __future__ import annotations

from typing import Any

from ..core.errors import JobError
from ..orchestrator.store.restore import read_sidecar
from ..orchestrator.store.store import Store
from .tables import open_tables
from .votes import Votes, report


def preferences(by: str) -> dict[str, Any]:
    """See `votes.report`; loops are named by their workflow, or by the value of the parameter `by`."""
    labels: dict[str, str] = {}
    passed: dict[str, bool] = {}
    with Store() as store:
        votes = Votes(open_tables(store.folder / "service")).all()
        for key in sorted({key for vote in votes for key in (vote.one, vote.other)}):
            entry = store.finished(key)
            if entry is None:
                continue
            try:
                record = read_sidecar(entry)
            except JobError:
                continue
            passed[key] = entry.passed
            labels[key] = entry.workflow if by == "workflow" else f"{by}={record['parameters'].get(by)}"
    return report(votes, labels, passed)
