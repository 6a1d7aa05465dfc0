"""What a batch is made of: a folder, a pattern, a picture, or a list, read into rows.

Knows nothing of workflows, servers or the store.
"""

from __future__ import annotations

import glob
import logging
from collections.abc import Iterable
from pathlib import Path, PurePath

from ...core.errors import UsageError
from ...core.image import SUFFIXES
from ..disk.names import spelled
from .lists import READERS, read_list
from .row import Row, placed

log = logging.getLogger(__name__)

# Pictures a person may take for covers, which nothing here reads.
OTHER_PICTURES = frozenset(
    (".ai", ".arw", ".cr2", ".dng", ".eps", ".exr", ".hdr", ".ico", ".j2k", ".jp2", ".nef", ".pdf", ".psb", ".psd")
) | {".raw", ".svg", ".tga", ".xcf"}


def read_source(source: str) -> list[Row]:
    """Rows of a folder (its pictures, by name), a glob pattern, a picture, or a list file (see `read_list`).

    Where a pattern finds covers in several folders, their loops lie in folders of the same names.

    Raises:
        UsageError: nothing there, or a list that cannot be read; names the place.
    """
    path = spelled(Path(source))
    if path.is_dir():
        rows = _rows(path, _covers(path))
    elif path.is_file():
        rows = read_list(path) if path.suffix.lower() in READERS else _rows(path.parent, [path])
    else:
        rows = _rows(*_matches(path))
    if not rows:
        raise UsageError(f"{source}: no covers there; give a folder, a pattern, or a .txt, .csv or .jsonl list")
    return placed(rows)


def _rows(folder: Path, covers: Iterable[Path]) -> list[Row]:
    outs = ((cover, cover.relative_to(folder).with_suffix("").as_posix()) for cover in covers)
    return [Row(number, cover, out) for number, (cover, out) in enumerate(outs, 1)]


def _covers(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    left = [path.name for path in files if path.suffix.lower() in OTHER_PICTURES]
    if left:
        log.warning("%s: left out, as it cannot be read: %s; save it as JPEG or PNG", folder, ", ".join(left))
    return [path for path in files if path.suffix.lower() in SUFFIXES]


def _matches(pattern: PurePath) -> tuple[Path, list[Path]]:
    """The folder a pattern starts from, and the files it finds. What exists is a path, whatever signs are in it."""
    folder, parts = Path(pattern.anchor), list(pattern.parts[1:] if pattern.anchor else pattern.parts)
    while parts and (folder / parts[0]).exists():
        folder /= parts.pop(0)
    # Path.glob follows no links and changed what ** means between versions of Python.
    found = glob.glob("/".join(parts), root_dir=folder, recursive=True) if parts else []  # noqa: PTH207
    return folder, [folder / name for name in sorted(found) if (folder / name).is_file()]
