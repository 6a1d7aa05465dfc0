"""One attempt at one cover on one server, from the request to three files, and what went wrong with it.

`attempt` is what the command line, the batch and the queue worker call; whether it is tried again is in `retry.py`. It
knows a server and a folder, no store and no terminal.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from ...core.errors import CoverLoopError, JobError, ServerError, UsageError
from ..disk.files import part_name, sweep_parts
from ..server.client import Comfy
from ..server.events import Event, Finished, Running
from ..server.follow import Patience, follow
from ..server.wire import JobLost, JobStopped, OutputGone, ServerAway
from . import deliver
from .attempts import Attempts, AttemptState
from .check import Server
from .deliver import Clock, Deliverable
from .request import CoverFile, Job
from .workflow import Workflow

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Stage:
    """What happens now outside the server's nodes: "upload", "download" or "judge"."""

    name: str


def _ignore(event: Event | Stage) -> None:
    pass


class FaultKind(Enum):
    """AWAY: no answer. LOST: the server forgot the job; KILLED: it died while the job was seen running. STOPPED:
    somebody interrupted it. GONE: the server has its output no more. FAILED: the server answered that it failed. OURS:
    nothing another try could mend."""

    AWAY = "away"
    LOST = "lost"
    KILLED = "killed"
    STOPPED = "stopped"
    GONE = "gone"
    FAILED = "failed"
    OURS = "ours"


@dataclass(frozen=True)
class Fault:
    """How an attempt went wrong. `prompt_id`: "" when nothing was submitted; `server`: where."""

    kind: FaultKind
    error: Exception
    prompt_id: str
    server: str

    def __str__(self) -> str:
        if isinstance(self.error, CoverLoopError):
            return str(self.error)
        return f"unexpected {type(self.error).__name__}: {self.error}; please report it"

    @property
    def killed(self) -> bool:
        return self.kind is FaultKind.KILLED

    @property
    def of_server(self) -> bool:
        """The server gave no answer, or not as a ComfyUI: it is asked again before it gets more."""
        return isinstance(self.error, ServerError) and (
            isinstance(self.error, ServerAway) or not isinstance(self.error, JobError)
        )

    @property
    def left_behind(self) -> bool:
        """The server gave no answer, but perhaps it still works on the job."""
        return bool(self.prompt_id) and isinstance(self.error, ServerAway) and not self.error.refused


@dataclass(frozen=True)
class Renderer:
    """A server that can render a workflow. `facts`: what it says of itself. `reach`: opens a client of another server,
    where an earlier submission of a job may still be; `left`: hears of one (server, prompt id) that stays behind on a
    server that gives no answer; `deliver`: makes a deliverable of what was downloaded, see `deliver.deliver`."""

    comfy: Comfy
    workflow: Workflow
    facts: Server
    reach: Callable[[str], Comfy] = Comfy
    left: Callable[[str, str], None] = lambda server, prompt_id: None
    deliver: Callable[..., Deliverable] = deliver.deliver


def attempt(
    renderer: Renderer,
    job: Job,
    cover: CoverFile | None,
    stem: Path,
    attempts: Attempts,
    keep: Callable[[Deliverable], T],
    *,
    on_event: Callable[[Event | Stage], None] = _ignore,
    patience: Patience | None = None,
    number: int = 1,
) -> T | Fault:
    """Render `job` once and write `<stem>.mp4` (or another video ending the workflow makes), `<stem>.jpg` and
    `<stem>.json`; returns what `keep` makes of them, or what went wrong.

    A submission that its server still has, from before a crash, is followed instead of submitting anew.

    cover: None for a job without a picture. attempts: where submissions are written down before they are sent. keep:
    puts the files where they stay; only then is the submission written down as done. patience: see `Patience`. number:
    which try this is, for the sidecar.
    """
    with contextlib.ExitStack() as stack:
        run = _Attempt(renderer, renderer.comfy, job, cover, on_event, patience, number)
        try:
            earlier = _still_there(renderer, attempts, stack)
            if earlier is not None:
                run.comfy, run.prompt_id, run.adopted = earlier[0], earlier[1], True
            kept = keep(run.deliver(stem, attempts))
        except KeyboardInterrupt:
            run.end(attempts, AttemptState.FAILED, "stopped by Ctrl-C")
            raise
        except Exception as error:
            kind = run.kind_of(error)
            if kind is FaultKind.OURS and not isinstance(error, CoverLoopError):
                log.error("%s", cover.path if cover else job.workflow, exc_info=error)
            if kind is FaultKind.GONE:
                with contextlib.suppress(ServerError):
                    run.comfy.free()
            run.end(attempts, _STATES.get(kind, AttemptState.FAILED), str(error))
            return Fault(kind, error, run.prompt_id, run.comfy.url)
        run.end(attempts, AttemptState.DONE)
        return kept


_STATES = {
    FaultKind.AWAY: AttemptState.LOST,
    FaultKind.LOST: AttemptState.LOST,
    FaultKind.KILLED: AttemptState.KILLED,
}


def _still_there(renderer: Renderer, attempts: Attempts, stack: contextlib.ExitStack) -> tuple[Comfy, str] | None:
    """A client of the server that still has an open submission, and its prompt id; others are written down as lost."""
    for earlier in attempts.open():
        try:
            mine = earlier.server == renderer.comfy.url
            comfy = renderer.comfy if mine else stack.enter_context(renderer.reach(earlier.server))
            if comfy.knows(earlier.prompt_id):
                return comfy, earlier.prompt_id
        except ServerError as error:
            log.info("%s: not asked for %s (%s)", earlier.server, earlier.prompt_id, error)
            if not (isinstance(error, ServerAway) and error.refused):
                renderer.left(earlier.server, earlier.prompt_id)
        attempts.end(earlier.prompt_id, AttemptState.LOST)
    return None


@dataclass
class _Attempt:
    """An attempt on its way. `comfy`: where it runs, perhaps not on the renderer's server. `ran`: the job was seen
    running, and not only waiting, there."""

    renderer: Renderer
    comfy: Comfy
    job: Job
    cover: CoverFile | None
    on_event: Callable[[Event | Stage], None]
    patience: Patience | None
    number: int
    prompt_id: str = ""
    adopted: bool = False
    ran: bool = False
    clock: Clock = field(default_factory=Clock)

    def deliver(self, stem: Path, attempts: Attempts) -> Deliverable:
        with _scratch(stem) as scratch:
            if not self.adopted:
                self.prompt_id = attempts.begin(self.comfy.url)
            prompt = self._upload()
            self.clock.mark("upload")
            finished = self._run(prompt)
            self.clock.mark("server")
            self.on_event(Stage("download"))
            parts = deliver.download(self.comfy, self.renderer.workflow, finished, scratch)
            self.clock.mark("download")
            self.on_event(Stage("judge"))
            run = {"prompt_id": self.prompt_id, "attempts": self.number, "timings": _timings(finished, prompt)}
            made = self.renderer
            return made.deliver(parts, made.workflow, self.job, self.cover, made.facts, stem, self.clock, run)

    def _upload(self) -> dict[str, Any]:
        self.on_event(Stage("upload"))
        workflow, cover = self.renderer.workflow, self.cover
        names = [binding.name for binding in workflow.bindings.values() if binding.kind == "image"]
        images = {name: self.comfy.upload(cover.upload_name, cover.upload) for name in names} if cover else {}
        prompt = workflow.build(dict(self.job.values), images)
        self.renderer.facts.complete(prompt)
        return prompt

    def _run(self, prompt: Mapping[str, Any]) -> Finished:
        try:
            if not self.adopted:
                self.comfy.submit(
                    of_its_own_name(prompt, self.renderer.workflow.output_node, self.prompt_id), self.prompt_id
                )
            for event in follow(self.comfy, self.prompt_id, prompt, self.patience):
                self.ran = self.ran or isinstance(event, Running)
                self.on_event(event)
                if isinstance(event, Finished):
                    return event
        except KeyboardInterrupt:
            with contextlib.suppress(Exception):
                self.comfy.cancel(self.prompt_id)
            raise
        raise JobError(f"{self.comfy.url}: the job ended without a result")

    def kind_of(self, error: Exception) -> FaultKind:
        if isinstance(error, ServerAway):
            return FaultKind.KILLED if self.ran and error.refused else FaultKind.AWAY
        if isinstance(error, JobLost):
            return FaultKind.KILLED if self.ran else FaultKind.LOST
        if isinstance(error, JobStopped):
            ours = self.patience is not None and self.patience.stopped()
            return FaultKind.LOST if self.adopted and not ours else FaultKind.STOPPED
        if isinstance(error, OutputGone):
            return FaultKind.GONE
        return FaultKind.FAILED if isinstance(error, ServerError) else FaultKind.OURS

    def end(self, attempts: Attempts, state: AttemptState, error: str = "") -> None:
        if self.prompt_id:
            attempts.end(self.prompt_id, state, error)


def output_folder(out: str | Path) -> Path:
    """`out`, made if need be, and writable.

    Raises:
        UsageError: it is a file, or nothing can be written there.
    """
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{folder}: is or lies in a file; give a folder for --out") from None
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written to ({error.strerror}); give another folder") from None
    sweep_parts(folder)
    return folder


@contextlib.contextmanager
def _scratch(stem: Path) -> Iterator[Path]:
    """A folder beside the final files, so that renaming into place never crosses a file system."""
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        folder = stem.with_name(part_name(stem.name))
        folder.mkdir()
    except OSError as error:
        raise UsageError(f"{stem.parent}: cannot be written to ({error.strerror}); give another folder") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def of_its_own_name(prompt: Mapping[str, Any], output_node: str, prompt_id: str) -> dict[str, Any]:
    """The prompt with files that no other one writes: ComfyUI counts on from the files that are there, so the next job
    would take the name of one that was deleted before we fetched it, and we the next job's file."""
    node = prompt[output_node]
    prefix = node["inputs"].get("filename_prefix")
    if not isinstance(prefix, str):
        return dict(prompt)
    named = {**node["inputs"], "filename_prefix": f"{prefix}_{prompt_id[:8]}"}
    return {**prompt, output_node: {**node, "inputs": named}}


def _timings(finished: Finished, prompt: Mapping[str, Any]) -> dict[str, Any]:
    nodes = {}
    for node, seconds in finished.node_seconds.items():
        entry = prompt.get(node) or {}
        nodes[f"{entry.get('class_type', '?')} {node}"] = round(seconds, 3)
    return {"execution": round(finished.seconds, 3), "nodes": nodes}
