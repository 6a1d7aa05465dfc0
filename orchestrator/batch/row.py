"""One cover of a batch, before anything is known of workflows, servers or the store."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from ..disk.names import portable, same_name

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Row:
    """One cover of a batch. `out`: where its files go inside the output folder, without ending, folders divided by "/";
    `values`: parameters of its own; `error`: why it cannot be rendered, "" when it can; `preset`: places that its loop
    is written for as well."""

    number: int
    cover: Path
    out: str
    title: str = ""
    artist: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    preset: str = ""


def out_problem(out: str, where: str) -> str:
    """Why `out` is no place inside the output folder; "" when it is one."""
    posix, windows = PurePosixPath(out), PureWindowsPath(out)
    if posix.is_absolute() or windows.root or ".." in windows.parts or _has_drive(out):
        return f"{where}: out={out} leaves the output folder; give a name inside it"
    if not windows.name or "\0" in out or out.endswith(("/", "\\")) or not portable(PurePosixPath(out).name):
        return f"{where}: out={out!r} is no file name"
    return ""


def _has_drive(out: str) -> bool:
    """`C:x` is on drive C; `AC:DC` is a name with a sign that is replaced."""
    return len(out) > 1 and out[1] == ":" and out[0].isascii() and out[0].isalpha()


def placed(rows: list[Row]) -> list[Row]:
    """Rows with an `out` that every file system takes. Of rows that would write the same files the first stays."""
    taken: dict[str, Row] = {}
    return [row if row.error else _unless_taken(_portable(row), taken) for row in rows]


def _portable(row: Row) -> Row:
    out = row.out.replace("\\", "/")
    name = portable(out)
    if name != out:
        log.warning("row %d: %s is written as %s, which every file system takes", row.number, out, name)
    return replace(row, out=name)


def _unless_taken(row: Row, taken: dict[str, Row]) -> Row:
    first = taken.setdefault(same_name(row.out), row)
    if first is row:
        return row
    return replace(row, error=f"{row.cover.name} would overwrite {row.out} of {first.cover.name}; give it another out")
