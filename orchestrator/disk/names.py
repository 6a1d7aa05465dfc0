"""Names of files that every file system takes, and files whose name is spelled otherwise on disk."""

from __future__ import annotations

import hashlib
import logging
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from pathvalidate import sanitize_filename

from ...core.errors import UsageError

log = logging.getLogger(__name__)

# 255 bytes are what Linux and macOS take; the longest ending we write is ".plate.png".
MAX_NAME_BYTES = 255 - len(".plate.png")
_JOINER = "\u200d"


def portable(name: str) -> str:
    """`name`, with folders before it divided by "/", as Linux, macOS and Windows all take it: in NFC, without signs and
    names that one of them reserves, shortened at a character when it is too long; "" when nothing is left."""
    return "/".join(_portable(part) for part in name.split("/"))


def _portable(part: str) -> str:
    composed = unicodedata.normalize("NFC", part)
    clean = sanitize_filename(composed, replacement_text="_", platform="universal")
    if len(composed.encode()) <= MAX_NAME_BYTES:
        return clean
    mark = "~" + hashlib.sha256(composed.encode()).hexdigest()[:8]  # two long names that begin alike stay two
    short = clean.encode()[: MAX_NAME_BYTES - len(mark)].decode("utf-8", "ignore")
    following = clean[len(short) :][:1]
    if following and (unicodedata.combining(following) or following == _JOINER):
        short = short[:-1]  # the sign that the rest belonged to
    return short.rstrip(" ." + _JOINER) + mark


def same_name(name: str) -> str:
    """What two names have in common that are one file on macOS or Windows."""
    return unicodedata.normalize("NFC", os.path.normpath(name)).casefold()


def stems(covers: Sequence[Path], out: Path) -> list[Path]:
    """Where each cover's files go, without ending, under names that every file system takes.

    Raises:
        UsageError: two covers would get the same name (compared as macOS and Windows do).
    """
    taken: dict[str, Path] = {}
    places = []
    for cover in covers:
        name = portable(cover.stem) or "untitled"
        if name != cover.stem:
            log.warning("%s: is written as %s, which every file system takes", cover, name)
        other = taken.setdefault(same_name(name), cover)
        if other is not cover:
            raise UsageError(f"{other} and {cover} would both become {name}.mp4; rename one or render it elsewhere")
        places.append(out / name)
    return places


def spelled(path: Path) -> Path:
    """`path` as the disk spells it: accents may be composed (NFC) in a list and decomposed (NFD) on disk, or the other
    way round. As given when there is no such file."""
    if path.exists():
        return path
    found = Path(path.anchor)
    for part in path.parts[1:] if path.anchor else path.parts:
        step = found / part
        if not step.exists():
            wanted = unicodedata.normalize("NFC", part)
            names = (name for name in _names(found) if unicodedata.normalize("NFC", name) == wanted)
            step = found / next(names, part)
        found = step
    return found if found.exists() else path


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names as the disk spells them
    except OSError:
        return []
