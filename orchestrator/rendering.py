"""`coverloop render`: some covers, one after the other, on one server."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ..core.errors import CoverLoopError, UsageError
from . import check
from .comfy import Comfy
from .deliver import Deliverable
from .follow import Event
from .job import make_job, open_cover
from .progress import Meter, Screen
from .run import Stage, output_folder, render_cover
from .server import open_server
from .workflow import Workflow, load_workflow

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """What became of one cover: a deliverable, or an error in one line with its exit code."""

    cover: Path
    deliverable: Deliverable | None = None
    error: str = ""
    exit_code: int = 0

    def to_dict(self) -> dict[str, Any]:
        made = self.deliverable
        if made is None:
            return {"cover": str(self.cover), "error": self.error}
        return {
            "cover": str(self.cover),
            "video": str(made.video),
            "poster": str(made.poster),
            "sidecar": str(made.sidecar),
            "passed": made.passed,
            "problems": list(made.problems),
            "warnings": made.record["warnings"],
            "seconds": made.record["timings"]["total"],
        }

    def line(self) -> str:
        made = self.deliverable
        if made is None:
            return f"{self.cover}  failed: {self.error}"
        verdict = "passed" if made.passed else "does not pass: " + "; ".join(made.problems)
        return f"{made.video}  {verdict}  ({made.record['timings']['total']:.1f} s)"


def stems(covers: Sequence[Path], out: Path) -> list[Path]:
    """Where each cover's files go, without ending.

    Raises:
        UsageError: two covers would get the same name (compared without case, as macOS and Windows do).
    """
    taken: dict[str, Path] = {}
    for cover in covers:
        other = taken.setdefault(cover.stem.casefold(), cover)
        if other is not cover:
            raise UsageError(
                f"{other} and {cover} would both become {cover.stem}.mp4; rename one or render it elsewhere"
            )
    return [out / cover.stem for cover in covers]


def render_all(
    covers: Sequence[Path], out: Path, workflow_id: str, server: str | None, given: Mapping[str, Any], console: Console
) -> list[Result]:
    """Render every cover; all are read and all parameters checked before a server is asked for anything.

    Raises:
        CoverError, UsageError: the call must be mended. ServerError: no usable server. What fails later for one cover
        is in its result, and the others go on.
    """
    workflow = load_workflow(workflow_id)
    places = stems(covers, output_folder(out))
    workflow.read_values(given)
    for cover in covers:
        open_cover(cover)
    with Screen.open(console) as screen:
        screen.title("coverloop", "connecting")
        with open_server(server, lambda: screen.title("coverloop", "starting ComfyUI")) as comfy:
            facts, versions = check.require(comfy, workflow)
            results = []
            for number, (cover, place) in enumerate(zip(covers, places, strict=True), 1):
                counted = f"[{number}/{len(covers)}] {cover.name}" if len(covers) > 1 else cover.name
                screen.title(counted)
                results.append(_render(comfy, workflow, cover, place, given, facts, versions, screen))
            return results


def _render(
    comfy: Comfy,
    workflow: Workflow,
    path: Path,
    place: Path,
    given: Mapping[str, Any],
    facts: check.Server,
    versions: Mapping[str, str],
    screen: Screen,
) -> Result:
    meter = Meter(workflow.id)

    def see(event: Event | Stage) -> None:
        meter.see(event)
        screen.show(meter)

    try:
        cover = open_cover(path)
        job = make_job(cover, workflow, given, versions)
        return Result(path, render_cover(comfy, workflow, job, cover, place, facts, on_event=see))
    except CoverLoopError as error:
        log.debug("%s failed", path, exc_info=True)
        log.error("%s: %s", path, error)
        return Result(path, error=str(error), exit_code=error.exit_code)
