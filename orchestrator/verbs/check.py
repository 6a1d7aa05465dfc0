"""`coverloop check`: can this server run the workflows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from ..job import check
from ..job.manifest import load_workflow, workflow_ids
from ..server.choose import open_server
from .screen import Screen


@dataclass(frozen=True)
class Findings:
    """A server and, by workflow id, what it lacks."""

    url: str
    server: check.Server
    lacking: dict[str, list[check.Missing]]

    @property
    def complete(self) -> bool:
        return not any(self.lacking.values())

    def to_dict(self) -> dict[str, Any]:
        missing = {id: [item.to_dict() for item in items] for id, items in self.lacking.items()}
        return {"url": self.url, "server": self.server.to_dict(), "complete": self.complete, "missing": missing}

    def lines(self) -> list[str]:
        server = self.server
        found = [
            f"{self.url}: ComfyUI {server.comfyui}, Python {server.python}, torch {server.pytorch}, {server.device}"
        ]
        for id, items in self.lacking.items():
            found.append(f"{id}: " + (f"{len(items)} missing" if items else "ready"))
            found += [f"  {item.kind} {item.name}: {item.where}" for item in items]
        return found


def check_server(server: str | None, workflow_id: str | None, console: Console) -> Findings:
    """Raises UsageError for an unknown workflow, ServerError when no ComfyUI answers."""
    wanted = [load_workflow(id) for id in ([workflow_id] if workflow_id else workflow_ids())]
    with Screen.open(console) as screen:
        screen.title("coverloop", "connecting")
        with open_server(server, lambda: screen.title("coverloop", "starting ComfyUI")) as comfy:
            facts = check.ask(comfy)
            lacking = {w.id: check.missing(comfy, w, facts, check.interfaces(comfy, w)) for w in wanted}
            return Findings(comfy.url, facts, lacking)
