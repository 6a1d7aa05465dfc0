"""The videos of folders, and of wallpapers that name theirs in a `project.json`."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import UsageError

SUFFIXES = frozenset(
    (".3gp", ".apng", ".asf", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg")
) | {".mts", ".ogg", ".ogv", ".ts", ".webm", ".webp", ".wmv"}
_PROJECT = "project.json"
_PROJECT_BYTES = 1_000_000


@dataclass(frozen=True)
class Source:
    """A video. name: of its clips, alike for no two. shown: for a person, relative to what was given. problem: why it
    cannot be read, told before it is opened."""

    path: Path
    name: str
    shown: str
    title: str = ""
    problem: str = ""


def find_sources(given: Sequence[Path], out: Path) -> list[Source]:
    """The videos in folders and below, or given themselves, each once however many links lead to it.

    out: a folder that is left out, since it holds what was made. A folder with a `project.json` (Wallpaper Engine)
    gives the file that it names and no preview.

    Raises:
        UsageError: a path that is not there, or no video in any.
    """
    found: dict[Path, Source] = {}
    for root in given:
        if not root.exists():
            raise UsageError(f"{root}: no such file or folder; give videos or folders of them")
        for source in _walked(root, out) if root.is_dir() else [_source(root, root.parent)]:
            found.setdefault(source.path.resolve(), source)
    if not found:
        raise UsageError(f"{', '.join(map(str, given))}: no videos there; give a folder that holds some")
    return sorted(found.values(), key=lambda source: (source.shown, source.name))


def _walked(root: Path, out: Path) -> Iterator[Source]:
    entered: set[Path] = set()
    for folder, below, files in os.walk(root, followlinks=True):
        here = Path(folder)
        real = here.resolve()
        if real in entered or real == out.resolve():
            below.clear()
            continue
        entered.add(real)
        below.sort()
        if _PROJECT in files and (wallpaper := _wallpaper(here, root)):
            yield wallpaper
            below.clear()
            continue
        for name in sorted(files):
            if (here / name).suffix.lower() in SUFFIXES and not name.startswith("."):
                yield _source(here / name, root)


def _source(path: Path, root: Path, title: str = "", problem: str = "") -> Source:
    shown = path.relative_to(root).as_posix()
    digest = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:8]
    plain = re.sub(r"[^\w-]+", "_", Path(shown).with_suffix("").as_posix()).strip("_")[-48:] or "clip"
    readable = shown.encode("utf-8", "replace").decode()  # a name of a disk need not be UTF-8
    return Source(path, f"{plain.encode('utf-8', 'replace').decode()}-{digest}", readable, title, problem)


def _wallpaper(folder: Path, root: Path) -> Source | None:
    """The video of a wallpaper; None where the project is something else that has nothing to do with it."""
    path = folder / _PROJECT
    try:
        if path.stat().st_size > _PROJECT_BYTES:
            return None
        told = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("type"), str) or not isinstance(told.get("file"), str):
        return None
    title = str(told.get("title") or "")[:200]
    file = folder / told["file"].replace("\\", "/")
    if told["type"].lower() != "video":
        return _source(path, root, title, f"is a wallpaper of the type {told['type'][:40]!r}, not a video")
    if not file.resolve().is_relative_to(folder.resolve()):
        return _source(path, root, title, "names a file outside of its folder")
    return _source(file, root, title)
