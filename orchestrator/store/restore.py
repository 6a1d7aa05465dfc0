"""Out of the store again: a deliverable under the names a person wants, with a sidecar that tells of these files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...core.errors import JobError
from ..disk.files import copy_whole, write_whole
from ..job.deliver import Deliverable
from .entry import Entry


def read_sidecar(entry: Entry) -> dict[str, Any]:
    """The sidecar of a job that is done. Raises JobError when the store's copy is damaged."""
    assert entry.sidecar
    try:
        return json.loads(entry.sidecar.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(entry, error) from error


def restore(entry: Entry, stem: Path, cover: str) -> Deliverable:
    """Put a deliverable of the store at `<stem>.mp4`, `.jpg`, `.json`; its sidecar names these files and `cover`. What
    is there already, whole, is left alone.

    Raises:
        UsageError: it cannot be written. JobError: the store's own copy is damaged.
    """
    assert entry.video and entry.poster
    record = read_sidecar(entry)
    video, poster, sidecar = (stem.with_name(stem.name + ending) for ending in (entry.video.suffix, ".jpg", ".json"))
    try:
        record["cover"]["name"] = cover
        for kind, source, target in (("video", entry.video, video), ("poster", entry.poster, poster)):
            facts = record["files"][kind]
            facts["name"] = target.name
            if not _is_whole(target, facts):
                copy_whole(source, target)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(entry, error) from error
    text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
    if not sidecar.is_file() or sidecar.read_text("utf-8", errors="replace") != text:
        write_whole(sidecar, text)
    problems = tuple(record.get("judgement", {}).get("problems", ()))
    return Deliverable(video, poster, sidecar, entry.passed, problems, record)


def _damaged(entry: Entry, error: Exception) -> JobError:
    return JobError(f"{entry.sidecar}: is damaged in the store ({error}); run it again with --force")


def _is_whole(path: Path, facts: Mapping[str, Any]) -> bool:
    """By size and by age: a file somebody changed after its sidecar was written is not trusted by its size."""
    try:
        return (
            path.stat().st_size == facts["bytes"] and path.stat().st_mtime <= path.with_suffix(".json").stat().st_mtime
        )
    except OSError:
        return False
