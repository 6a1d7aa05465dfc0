"""What a ComfyUI answers, as types: files, history, queue, refusals. Pure; checks shapes, a server may be anything.

ServerError
+-- ServerAway    no answer: refused, cut, or silent past the timeout
JobError
+-- JobLost       the server no longer knows the job (it was restarted, or the job was deleted)
+-- OutputGone    the server's cache names a file that is no longer there
+-- JobStopped    the job was interrupted on the server
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from ...core.errors import JobError, ServerError

Prompt = Mapping[str, Mapping[str, Any]]


class ServerAway(ServerError):
    """No answer. `refused`: nobody listens there, so whatever was queued is gone with the process."""

    def __init__(self, message: str, refused: bool = False):
        super().__init__(message)
        self.refused = refused


class JobLost(JobError):
    pass


class OutputGone(JobError):
    pass


class JobStopped(JobError):
    pass


@dataclass(frozen=True)
class OutputFile:
    """A file the server made. `kind`: "output", or "temp" for a preview."""

    node: str
    filename: str
    subfolder: str
    kind: str

    @property
    def suffix(self) -> str:
        return Path(self.filename).suffix.lower()


@dataclass(frozen=True)
class History:
    """What the server remembers of a finished job. `error` is one line, empty when it succeeded; `seconds` is
    ComfyUI's own execution time, 0.0 when it did not say; `shown`: what nodes show, by node id."""

    error: str
    stopped: bool
    files: tuple[OutputFile, ...]
    seconds: float
    shown: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Queue:
    """Prompt ids, pending ones in the order they will run."""

    running: tuple[str, ...]
    pending: tuple[str, ...]


def read_queue(answer: Any) -> Queue | None:
    """None when `answer` has another shape than ComfyUI's. Rows come in heap order, not in the order they will run."""
    try:
        running = [str(row[1]) for row in answer["queue_running"]]
        pending = [str(row[1]) for row in sorted(answer["queue_pending"], key=lambda row: (row[0], str(row[1])))]
    except (TypeError, KeyError, IndexError):
        return None
    return Queue(tuple(running), tuple(pending))


def read_history(entry: Mapping[str, Any]) -> History:
    status = entry.get("status") if isinstance(entry.get("status"), dict) else {}
    messages = [
        (row[0], row[1])
        for row in (status or {}).get("messages") or []
        if isinstance(row, (list, tuple)) and len(row) == 2 and isinstance(row[1], dict)
    ]
    stopped = any(name == "execution_interrupted" for name, _ in messages)
    error = ""
    for name, data in messages:
        if name == "execution_error":
            what = " ".join(str(data.get("exception_message", "")).split("\n")[0].split())
            error = (
                f"{data.get('node_type', 'a node')} (node {data.get('node_id')}): {what or data.get('exception_type')}"
            )
    if not error and not stopped and (status or {}).get("status_str") != "success":
        error = "it ended without saying success"
    stamps = [data["timestamp"] for _, data in messages if isinstance(data.get("timestamp"), (int, float))]
    seconds = (max(stamps) - min(stamps)) / 1000 if stamps else 0.0
    outputs = entry.get("outputs")
    shown = outputs if isinstance(outputs, dict) else {}
    return History(error, stopped, output_files(outputs), max(0.0, seconds), shown)


def read_job(job: Any) -> History | None:
    """The same out of `/api/jobs/{id}`, for servers that keep no history; None while the job waits or runs."""
    if not isinstance(job, dict) or job.get("status") in (None, "pending", "in_progress"):
        return None
    status = job.get("execution_status")
    if not isinstance(status, dict):
        failed, stopped = job.get("execution_error"), job["status"] == "cancelled"
        told = "execution_interrupted" if stopped else "execution_error"
        messages = [(told, failed if isinstance(failed, dict) else {})] if failed or stopped else []
        status = {"status_str": "success" if job["status"] == "completed" else "error", "messages": messages}
    return read_history({"status": status, "outputs": job.get("outputs")})


def output_files(outputs: Any) -> tuple[OutputFile, ...]:
    """Every file in a job's `outputs`, whatever key it stands under (SaveVideo says `images`, VideoHelperSuite `gifs`).

    A name that points outside the server's own folders raises ServerError: no ComfyUI sends one.
    """
    files = []
    for node, values in (outputs if isinstance(outputs, dict) else {}).items():
        for rows in (values if isinstance(values, dict) else {}).values():
            for row in rows if isinstance(rows, list) else []:
                if not isinstance(row, dict) or not isinstance(row.get("filename"), str):
                    continue
                name, folder = row["filename"], str(row.get("subfolder") or "")
                if not is_plain(name) or not _is_inside(folder):
                    raise ServerError(
                        f"the server names an output {folder}/{name}, outside its folder; do not trust it"
                    )
                files.append(OutputFile(str(node), name, folder, str(row.get("type") or "output")))
    return tuple(files)


def is_plain(name: str) -> bool:
    return bool(name) and name not in (".", "..") and not any(sign in name for sign in "/\\\0:")


def _is_inside(folder: str) -> bool:
    posix, windows = PurePosixPath(folder), PureWindowsPath(folder)
    return not (posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\0" in folder)


def read_refusal(answer: Any, prompt: Prompt) -> str:
    """One line out of ComfyUI's error body: each node, its class and what was wrong with which input."""
    if not isinstance(answer, dict):
        return str(answer)[:200]
    lines = []
    for node, report in (answer.get("node_errors") or {}).items():
        title = (report or {}).get("class_type") or prompt.get(node, {}).get("class_type", "?")
        for error in (report or {}).get("errors") or []:
            details = error.get("details") or ""
            lines.append(
                f"{title} (node {node}): {error.get('message', 'error')}" + (f": {details}" if details else "")
            )
    error = answer.get("error")
    if not lines and isinstance(error, dict):
        lines.append(f"{error.get('message')} {error.get('details') or ''}".strip())
    return " ".join("; ".join(lines or [str(answer)[:200]]).split())
