"""Lists of covers in text, CSV and JSONL files, as editors and spreadsheets write them.

One unusable row does not stop the others: it carries its error.
"""

from __future__ import annotations

import codecs
import csv
import json
import logging
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...core.errors import UsageError
from ..disk.names import spelled
from .row import Row, out_problem

log = logging.getLogger(__name__)

OWN_COLUMNS = ("cover", "out", "title", "artist", "preset")
MAX_LIST_BYTES = 100_000_000
_DIVIDERS = (",", ";", "\t")
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_list(path: Path) -> list[Row]:
    """Rows of a list file. A .txt has one cover a line (# starts a comment). A .csv has a header; a .jsonl one object a
    line. Their columns: cover (needed), out, title, artist, preset; any other is a parameter of the workflow. Paths are
    relative to the list.

    Raises:
        UsageError: it cannot be read; says why.
    """
    return READERS[path.suffix.lower()](path, _text(path))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_LIST_BYTES:
            raise UsageError(f"{path}: larger than {MAX_LIST_BYTES // 1_000_000} MB; split the list")
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    bom = next((bom for bom in _BOMS if data.startswith(bom)), b"")
    try:
        return data.decode(_BOMS.get(bom, "utf-8"))
    except UnicodeDecodeError as error:
        if not bom and (korean := _korean(data)):
            log.warning("%s: is not UTF-8; read as Korean (cp949)", path)
            return korean
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{path}: line {line} is not UTF-8 (byte 0x{data[error.start]:02x}); save it as UTF-8 (in Excel: CSV UTF-8)"
        ) from None


def _korean(data: bytes) -> str:
    """The text when it is Korean as Excel writes it. Other scripts also decode as cp949, but to rare Chinese characters
    and not to Hangul alone."""
    try:
        text = data.decode("cp949")
    except UnicodeDecodeError:
        return ""
    foreign = {sign for sign in text if not sign.isascii()}
    return text if all("HANGUL" in unicodedata.name(sign, "") for sign in foreign) else ""


def _read_txt(path: Path, text: str) -> list[Row]:
    lines = [line.strip() for line in text.splitlines()]
    covers = [spelled(path.parent / line) for line in lines if line and not line.startswith("#")]
    return [Row(number, cover, cover.stem) for number, cover in enumerate(covers, 1)]


def _read_csv(path: Path, text: str) -> list[Row]:
    try:
        lines = text.splitlines(keepends=True)
        if lines and lines[0].lower().startswith("sep="):  # Excel's own hint
            lines = lines[1:]
        table = csv.DictReader(lines, strict=True, delimiter=_divider(lines[0] if lines else ""))
        names = [name.strip().lower() for name in table.fieldnames or []]
        if "cover" not in names:
            raise UsageError(f"{path}: has no column cover; it has {', '.join(names) or 'no header'}")
        if len(set(names)) != len(names):
            raise UsageError(f"{path}: a column stands there twice; it has {', '.join(names)}")
        table.fieldnames = names
        return [_row(number, path, values) for number, values in enumerate(table, 1)]
    except csv.Error as error:
        raise UsageError(f"{path}: is not a CSV that can be read ({error})") from error


def _divider(header: str) -> str:
    """The sign between the columns: the one that leaves a column cover."""
    for sign in _DIVIDERS:
        if "cover" in (name.strip().strip('"').lower() for name in header.split(sign)):
            return sign
    return max(_DIVIDERS, key=header.count)


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
    place = spelled(path.parent / cover)
    if odd:
        return Row(number, place, f"row-{number}", error=f"{where}: {odd[0]} must be text or a number")
    row = Row(number, place, str(own["out"]) or place.stem, str(own["title"]), str(own["artist"]), others)
    row = replace(row, preset=str(own["preset"]))
    return replace(row, error=out_problem(row.out, where))


READERS: dict[str, Callable[[Path, str], list[Row]]] = {".txt": _read_txt, ".csv": _read_csv, ".jsonl": _read_jsonl}
