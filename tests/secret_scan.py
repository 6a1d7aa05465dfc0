"""Looks for a secret in everything a run wrote: plain, as UTF-16, in base64, and inside compressed PNG chunks."""

from __future__ import annotations

import base64
import contextlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path


def files_with(secret: str, *folders: Path) -> list[Path]:
    """Every file under the folders whose name or content holds the secret, in one of the forms above."""
    # Three offsets, as base64 packs three bytes into four letters; the ragged ends are cut off.
    coded = [base64.b64encode(b" " * shift + secret.encode())[4:-4] for shift in range(3)]
    needles = [secret.encode(), secret.encode("utf-16-le"), *(needle for needle in coded if len(needle) >= 8)]
    paths = (path for folder in folders for path in sorted(folder.rglob("*")))
    return [p for p in paths if secret in p.name or (p.is_file() and _holds(p.read_bytes(), needles))]


def _holds(data: bytes, needles: list[bytes]) -> bool:
    return any(needle in part for part in (data, *_compressed(data)) for needle in needles)


def _compressed(data: bytes) -> Iterator[bytes]:
    """The text of a PNG's zTXt and iTXt chunks, decompressed."""
    at = 8
    while data.startswith(b"\x89PNG") and at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        chunk = data[at + 8 : at + 8 + length]
        if kind in (b"zTXt", b"iTXt"):
            start = chunk.find(b"\x78")  # a zlib stream begins so
            while start >= 0:
                with contextlib.suppress(zlib.error):
                    yield zlib.decompressobj().decompress(chunk[start:])
                start = chunk.find(b"\x78", start + 1)
        at += 12 + length
