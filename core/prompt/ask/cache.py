"""Answers kept in a folder, one file each, so that the same question is asked once."""

from __future__ import annotations

import contextlib
import json
import logging
from pathlib import Path
from uuid import uuid4

log = logging.getLogger(__name__)


def kept(folder: Path, key: str) -> str | None:
    """The text kept under `key`; None where there is none, or a damaged one."""
    try:
        document = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        return document["text"] if isinstance(document["text"], str) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(folder: Path, key: str, text: str) -> None:
    """Keep an answer; a folder that cannot be written costs the next run a question, nothing else."""
    partial = folder / f"{key}.{uuid4().hex}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({"text": text}, ensure_ascii=False), encoding="utf-8")
        partial.replace(folder / f"{key}.json")
    except OSError as error:
        log.warning("answers cannot be kept in %s (%s)", folder, error.strerror)
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
