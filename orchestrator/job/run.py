"""One cover on one server, from the request to three files. `render_cover` is what the command line, the batch and the
queue worker call; it knows a server and a folder, no store and no terminal."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.errors import JobError, UsageError
from ..disk.files import part_name, sweep_parts
from ..server.client import Comfy
from ..server.events import Event, Finished
from ..server.follow import Patience, follow
from ..server.wire import JobLost, OutputGone
from . import deliver
from .check import Server
from .deliver import Clock, Deliverable
from .request import CoverFile, Job
from .workflow import Workflow

log = logging.getLogger(__name__)

ATTEMPTS = 3


@dataclass(frozen=True)
class Stage:
    """What happens now outside the server's nodes: "upload", "download" or "judge"."""

    name: str


def _ignore(event: Event | Stage) -> None:
    pass


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


def render_cover(
    comfy: Comfy,
    workflow: Workflow,
    job: Job,
    cover: CoverFile,
    stem: Path,
    server: Server,
    *,
    on_event: Callable[[Event | Stage], None] = _ignore,
    begin: Callable[[], str] = lambda: str(uuid.uuid4()),
    adopt: str | None = None,
    attempts: int = ATTEMPTS,
    patience: Patience | None = None,
) -> Deliverable:
    """Render `job` and write `<stem>.mp4` (or another video ending the workflow makes), `<stem>.jpg` and `<stem>.json`.

    begin: gives the prompt id of the next submission, after writing it down where that matters. adopt: the id of a
    submission this server already has; it is followed instead of submitting anew. A job that the server lost (it was
    restarted) and an output that is gone are submitted again, `attempts` submissions in all. patience: see `Patience`.

    Raises:
        JobError: it failed on the server, made no usable video, or was lost too often (JobLost, OutputGone).
        ServerError: see `Comfy`. UsageError: the files cannot be written.
    """
    clock = Clock()
    prompt: dict[str, Any] = {}
    with _scratch(stem) as scratch:
        for attempt in range(1, attempts + 1):
            prompt = _upload(comfy, workflow, job, cover, on_event)
            clock.mark("upload")
            prompt_id = adopt or begin()
            try:
                finished = _run(comfy, prompt, prompt_id, on_event, patience, submit=adopt is None)
                clock.mark("server")
                on_event(Stage("download"))
                parts = deliver.download(comfy, workflow, finished, scratch)
                clock.mark("download")
                break
            except (JobLost, OutputGone) as error:
                if attempt == attempts:
                    raise
                log.warning("%s; submitting again", error)
                if isinstance(error, OutputGone):
                    comfy.free()
                adopt = None
        else:
            raise AssertionError("attempts must be at least 1")
        on_event(Stage("judge"))
        run = {"prompt_id": prompt_id, "attempts": attempt, "timings": _timings(finished, prompt)}
        return deliver.deliver(parts, workflow, job, cover, server, stem, clock, run)


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


def _upload(
    comfy: Comfy, workflow: Workflow, job: Job, cover: CoverFile, on_event: Callable[[Event | Stage], None]
) -> dict[str, Any]:
    on_event(Stage("upload"))
    names = [binding.name for binding in workflow.bindings.values() if binding.kind == "image"]
    images = {name: comfy.upload(cover.upload_name, cover.upload) for name in names}
    return workflow.build(dict(job.values), images)


def _run(
    comfy: Comfy,
    prompt: Mapping[str, Any],
    prompt_id: str,
    on_event: Callable[[Event | Stage], None],
    patience: Patience | None,
    submit: bool,
) -> Finished:
    try:
        if submit:
            comfy.submit(prompt, prompt_id)
        for event in follow(comfy, prompt_id, prompt, patience):
            on_event(event)
            if isinstance(event, Finished):
                return event
    except KeyboardInterrupt:
        with contextlib.suppress(Exception):
            comfy.cancel(prompt_id)
        raise
    raise JobError(f"{comfy.url}: the job ended without a result")


def _timings(finished: Finished, prompt: Mapping[str, Any]) -> dict[str, Any]:
    nodes = {}
    for node, seconds in finished.node_seconds.items():
        entry = prompt.get(node) or {}
        nodes[f"{entry.get('class_type', '?')} {node}"] = round(seconds, 3)
    return {"execution": round(finished.seconds, 3), "nodes": nodes}
