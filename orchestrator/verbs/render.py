"""`coverloop render`: some covers, one after the other, on one server."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ...core.errors import CoverLoopError
from ..disk.names import stems
from ..job import check
from ..job.deliver import Deliverable, deliver
from ..job.manifest import load_workflow
from ..job.meter import Meter
from ..job.request import CoverFile, Job, make_job, open_cover
from ..job.retry import SetAside, render_cover
from ..job.run import Renderer, Stage, output_folder
from ..job.workflow import Workflow
from ..server.choose import open_server
from ..server.events import Event
from ..server.follow import Patience
from ..store.entry import Claim, Entry, JobState
from ..store.restore import restore
from ..store.store import Store
from .screen import Screen

log = logging.getLogger(__name__)

BUSY_WAIT = 1.0


@dataclass(frozen=True)
class Result:
    """What became of one cover: a deliverable (`reused`: it was in the store already), or an error in one line with its
    exit code."""

    cover: Path
    deliverable: Deliverable | None = None
    error: str = ""
    exit_code: int = 0
    reused: bool = False

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
            "reused": self.reused,
        }

    def line(self) -> str:
        made = self.deliverable
        if made is None:
            return f"{self.cover}  failed: {self.error}"
        verdict = "passed" if made.passed else "does not pass: " + "; ".join(made.problems)
        took = f"{made.record['timings']['total']:.1f} s"
        return f"{made.video}  {verdict}  ({'rendered before; --force renders it anew' if self.reused else took})"


def render_all(
    covers: Sequence[Path],
    out: Path,
    workflow_id: str,
    server: str | None,
    given: Mapping[str, Any],
    console: Console,
    force: bool = False,
) -> list[Result]:
    """Render every cover; all are read and all parameters checked before a server is asked for anything. What the store
    has is not rendered again, unless `force`.

    Raises:
        CoverError, UsageError: the call must be mended. ServerError: no usable server. What fails later for one cover
        is in its result, and the others go on.
    """
    places = stems(covers, output_folder(out))
    asked = [Asked(cover, place, given) for cover, place in zip(covers, places, strict=True)]
    return render_each(asked, load_workflow(workflow_id), server, console, force)


@dataclass(frozen=True)
class Asked:
    """One loop that is asked for. place: where its files go, without ending; given: parameters of the workflow."""

    cover: Path
    place: Path
    given: Mapping[str, Any]


def render_each(
    asked: Sequence[Asked],
    workflow: Workflow,
    server: str | None,
    console: Console,
    force: bool = False,
    deliver: Callable[..., Deliverable] = deliver,
) -> list[Result]:
    """`render_all` for covers with parameters of their own; raises as it does. deliver: see `Renderer`."""
    for one in asked:
        make_job(open_cover(one.cover), workflow, one.given)
    with Store() as store, Screen.open(console) as screen:
        screen.title("coverloop", "connecting")
        with open_server(server, lambda: screen.title("coverloop", "starting ComfyUI")) as comfy:
            facts, versions = check.require(comfy, workflow)
            call = _Call(Renderer(comfy, workflow, facts, deliver=deliver), versions, store, force, screen)
            results = []
            for number, one in enumerate(asked, 1):
                name = one.cover.name
                screen.title(f"[{number}/{len(asked)}] {name}" if len(asked) > 1 else name)
                results.append(call.render(one))
            return results


@dataclass(frozen=True)
class _Call:
    """What all covers of one call share."""

    renderer: Renderer
    versions: Mapping[str, str]
    store: Store
    force: bool
    screen: Screen

    def render(self, asked: Asked) -> Result:
        path, place = asked.cover, asked.place
        try:
            cover = open_cover(path)
            job = make_job(cover, self.renderer.workflow, asked.given, self.versions)
            while True:
                entry = None if self.force else self.store.finished(job.key)
                if entry is not None:
                    return Result(path, restore(entry, place, path.name), reused=True)
                # Somebody asked for it by name, so it is tried whatever happened before.
                if self.store.claim(job, path.name, force=True, anew=self.force) is Claim.OURS:
                    made = into_store(self.renderer, self.store, job, cover, self.screen)
                    return Result(path, restore(made, place, path.name))
                self.screen.title(path.name, "another process renders it; waiting")
                time.sleep(BUSY_WAIT)
        except CoverLoopError as error:
            log.debug("%s failed", path, exc_info=True)
            log.error("%s: %s", path, error)
            return Result(path, error=str(error), exit_code=error.exit_code)


def into_store(renderer: Renderer, store: Store, job: Job, cover: CoverFile | None, screen: Screen) -> Entry:
    """Render a job that the store let us claim, and keep what comes of it.

    Raises:
        CoverLoopError: as `render_cover`; the store knows of it then.
    """
    meter = Meter(renderer.workflow.id)

    def see(event: Event | Stage) -> None:
        meter.see(event)
        screen.show(meter)

    try:
        with store.staging() as scratch:
            return render_cover(
                renderer,
                job,
                cover,
                scratch / "loop",
                attempts=store.attempts_of(job),
                keep=store.keep(job),
                on_event=see,
                patience=Patience(stopped=lambda: store.cancelled(job.key)),
            )
    except SetAside as error:
        store.fail(job.key, str(error), JobState.POISON)
        raise
    except BaseException as error:
        store.fail(job.key, str(error) or "stopped before it was finished")
        raise
