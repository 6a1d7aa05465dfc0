"""The boxes of an MP4 or MOV file (ISO/IEC 14496-12), as far as they tell what a decoder's demuxer hides: the order of
index and frames, and edit lists. Reads headers only, never the frames."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..errors import ClipError

_HOLDERS = frozenset({b"moov", b"trak", b"edts"})
_MOST = 10_000
"""Boxes in a file: one that has more is not a video."""


class Box(NamedTuple):
    """kind: of four letters; inside: the kinds of the boxes around it; start, size: bytes, its header counted."""

    kind: str
    inside: tuple[str, ...]
    start: int
    size: int


class Layout(NamedTuple):
    """brand: as `ftyp` tells, "" without one; index_first: `moov` comes before the frames; edit_list: a track has one
    that does more than begin at zero."""

    brand: str
    index_first: bool
    edit_list: bool


def boxes(path: Path) -> list[Box]:
    """The boxes of the file and those in `moov`, `trak` and `edts`, in their order.

    Raises:
        ClipError: what should be a box is none: the file is damaged or cut short.
    """
    with path.open("rb") as file:
        return list(_within(file, 0, path.stat().st_size, (), path))


def _within(file: BinaryIO, at: int, end: int, inside: tuple[str, ...], path: Path, seen: int = 0) -> Iterator[Box]:
    while at + 8 <= end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1:  # more than 4 GB
            size, header = struct.unpack(">Q", file.read(8))[0], 16
        elif size == 0:  # to the end of the file
            size = end - at
        seen += 1
        if size < header or at + size > end or seen > _MOST:
            raise ClipError(f"{path}: is damaged or cut short (a box of {size} bytes at {at}); get the file again")
        name = kind.decode("latin-1")
        yield Box(name, inside, at, size)
        if kind in _HOLDERS:
            yield from _within(file, at + header, at + size, (*inside, name), path)
        at += size


def layout(path: Path) -> Layout:
    """How an MP4 or MOV is laid out. Raises as `boxes`."""
    found = boxes(path)
    outer = [box.kind for box in found if not box.inside]
    if "moov" not in outer:
        raise ClipError(f"{path}: has no index (moov); it is damaged, or its recording was not finished")
    index_first = "mdat" not in outer or outer.index("moov") < outer.index("mdat")
    with path.open("rb") as file:
        brand = next((_brand(file, box) for box in found if box.kind == "ftyp"), "")
        edit_list = any(_edits(file, box) for box in found if box.kind == "elst")
    return Layout(brand, index_first, edit_list)


def _brand(file: BinaryIO, box: Box) -> str:
    file.seek(box.start + 8)
    return file.read(4).decode("latin-1").strip()


def _edits(file: BinaryIO, box: Box) -> bool:
    """Whether an edit list changes anything: more than one entry, one that waits, or one that begins after zero."""
    file.seek(box.start + 8)
    version, count = struct.unpack(">B3xI", file.read(8))
    if count != 1:
        return count > 1
    begins = struct.unpack(">8xq" if version else ">4xi", file.read(16 if version else 8))[0]
    return begins != 0
