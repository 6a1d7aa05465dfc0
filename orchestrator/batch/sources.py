"""What a batch is made of: a folder, a pattern, or a list in a text, CSV or JSONL file, read into rows.

One unusable row does not stop the others: it carries its error. Knows nothing of workflows, servers or the store.
"""

from __future__ import annotations

import csv
import glob
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from ...core.errors import UsageError

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif"})
LISTS = frozenset({".txt", ".csv", ".jsonl"})
OWN_COLUMNS = ("cover", "out", "title", "artist")
MAX_LIST_BYTES = 100_000_000


@dataclass(frozen=True)
class Row:
    """One cover of a batch. `out`: where its files go inside the output folder, without ending; `values`: parameters of
    its own; `error`: why it cannot be rendered, "" when it can."""

    number: int
    cover: Path
    out: str
    title: str = ""
    artist: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


def read_source(source: str) -> list[Row]:
    """Rows of a folder (its pictures, by name), a glob pattern, a picture, or a list file.

    A .txt has one cover a line (# starts a comment). A .csv has a header; a .jsonl one object a line. Their columns:
    cover (needed), out, title, artist; any other is a parameter of the workflow. Paths are relative to the list.

    Raises:
        UsageError: nothing there, no cover column, not UTF-8; names the place.
    """
    path = Path(source)
    if path.is_dir():
        covers = sorted(p for p in path.iterdir() if p.suffix.lower() in PICTURES and not p.name.startswith("."))
        rows = _plain(covers)
    elif path.suffix.lower() in LISTS and path.is_file():
        readers = {".txt": _read_txt, ".csv": _read_csv, ".jsonl": _read_jsonl}
        rows = readers[path.suffix.lower()](path, _text(path))
    elif path.is_file():
        rows = _plain([path])
    else:
        found = sorted(glob.glob(source, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
        rows = _plain(Path(name) for name in found if Path(name).is_file())
    if not rows:
        raise UsageError(f"{source}: no covers there; give a folder, a pattern, or a .txt, .csv or .jsonl list")
    return _distinct(rows)


def _plain(covers: Iterable[Path]) -> list[Row]:
    return [Row(number, cover, cover.stem) for number, cover in enumerate(covers, 1)]


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_LIST_BYTES:
            raise UsageError(f"{path}: larger than {MAX_LIST_BYTES // 1_000_000} MB; split the list")
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{path}: line {line} is not UTF-8 (byte 0x{data[error.start]:02x}); save it as UTF-8"
        ) from None


def _read_txt(path: Path, text: str) -> list[Row]:
    lines = [line.strip() for line in text.splitlines()]
    return _plain(path.parent / line for line in lines if line and not line.startswith("#"))


def _read_csv(path: Path, text: str) -> list[Row]:
    try:
        table = csv.DictReader(text.splitlines(keepends=True), strict=True)
        names = [name.strip() for name in table.fieldnames or []]
        if "cover" not in names:
            raise UsageError(f"{path}: has no column cover; it has {', '.join(names) or 'no header'}")
        if len(set(names)) != len(names):
            raise UsageError(f"{path}: a column stands there twice; it has {', '.join(names)}")
        table.fieldnames = names
        return [_row(number, path, values) for number, values in enumerate(table, 1)]
    except csv.Error as error:
        raise UsageError(f"{path}: is not a CSV that can be read ({error})") from error


def _read_jsonl(path: Path, text: str) -> list[Row]:
    rows = []
    for number, line in enumerate((line for line in text.splitlines() if line.strip()), 1):
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            values = None
        if isinstance(values, dict):
            rows.append(_row(number, path, values))
        else:
            rows.append(Row(number, Path(), f"row-{number}", error=f"row {number} of {path.name} is not a JSON object"))
    return rows


def _row(number: int, path: Path, values: Mapping[Any, Any]) -> Row:
    where = f"row {number} of {path.name}"
    if None in values:
        return Row(number, Path(), f"row-{number}", error=f"{where} has more fields than the header")
    clean = {key: value.strip() if isinstance(value, str) else value for key, value in values.items()}
    clean = {key: value for key, value in clean.items() if value not in (None, "")}
    cover = clean.get("cover")
    if not isinstance(cover, str):
        return Row(number, Path(), f"row-{number}", error=f"{where} has no cover")
    own = {key: clean.get(key, "") for key in OWN_COLUMNS}
    others = {key: value for key, value in clean.items() if key not in OWN_COLUMNS}
    odd = [key for key, value in {**own, **others}.items() if not isinstance(value, (str, int, float, bool))]
    place = path.parent / cover
    if odd:
        return Row(number, place, f"row-{number}", error=f"{where}: {odd[0]} must be text or a number")
    row = Row(number, place, str(own["out"]) or place.stem, str(own["title"]), str(own["artist"]), others)
    return replace(row, error=out_problem(row.out, where))


def out_problem(out: str, where: str) -> str:
    """Why `out` is no place inside the output folder; "" when it is one."""
    posix, windows = PurePosixPath(out), PureWindowsPath(out)
    if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
        return f"{where}: out={out} leaves the output folder; give a name inside it"
    if not windows.name or "\0" in out or out.endswith(("/", "\\")):
        return f"{where}: out={out!r} is no file name"
    return ""


def _distinct(rows: list[Row]) -> list[Row]:
    """Of rows that would write the same files (names compared without case, as macOS and Windows do), the first
    stays."""
    taken: dict[str, Row] = {}
    return [row if row.error else _unless_taken(row, taken) for row in rows]


def _unless_taken(row: Row, taken: dict[str, Row]) -> Row:
    first = taken.setdefault(os.path.normpath(row.out.replace("\\", "/")).casefold(), row)
    if first is row:
        return row
    return replace(row, error=f"{row.cover.name} would overwrite {row.out} of {first.cover.name}; give it another out")


def stems(rows: Iterable[Row], folder: Path) -> Iterator[Path]:
    """Where each row's files go, without ending."""
    return (folder / row.out.replace("\\", "/") for row in rows)
