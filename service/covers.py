"""Pictures that come in: bounds before decoding, known by what they show, kept as they came.

A cover's id is the hash of its decoded pixels, so the same picture in another file is the same cover. One that merely
looks the same (scaled, compressed again) is found by its coarse frequencies and compared once more; whether it is the
same, a person says.
"""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import threading
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ..core.errors import CoverError
from ..core.image import decode_cover
from ..core.pixels import resized
from ..orchestrator.store.database import Database
from .concerns import concerns_about
from .settings import Limits

TYPES = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp", "AVIF": ".avif"}
ALIKE_BITS = 8
ALIKE_LEVELS = 4.0
SMALL = 32
_decoding = threading.Semaphore(2)


@dataclass(frozen=True)
class Words:
    """What is known of a cover besides its pixels. link: where it is sold or described; preview: half a minute of
    sound."""

    title: str = ""
    artist: str = ""
    album: str = ""
    source: str = ""
    link: str = ""
    preview: str = ""


@dataclass(frozen=True)
class Cover:
    """id: hash of the pixels. file: name of the picture in the folder. concerns: why it may be no cover."""

    id: str
    file: str
    width: int
    height: int
    concerns: tuple[str, ...]
    words: Words
    youtube: str = ""


def check_bounds(data: bytes, limits: Limits) -> str:
    """The ending for these bytes, from their header; nothing is decoded.

    Raises:
        CoverError: too many bytes or pixels, or not one of the types that are taken.
    """
    if len(data) > limits.upload_bytes:
        raise CoverError(f"the picture has {len(data) / 1e6:.0f} MB; the limit is {limits.upload_bytes / 1e6:.0f} MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of many pixels; they are counted below
            Image.init()
            with Image.open(io.BytesIO(data), formats=[kind for kind in TYPES if kind in Image.OPEN]) as picture:
                kind, pixels = picture.format or "", picture.width * picture.height
    except Image.DecompressionBombError:
        raise CoverError(
            f"the picture has too many pixels; the limit is {limits.upload_pixels / 1e6:.0f} megapixels"
        ) from None
    except Exception:  # whatever a decoder says of bytes that are not what they claim
        raise CoverError("the file is no picture that is taken here; give a JPEG, PNG, WebP or AVIF") from None
    if pixels > limits.upload_pixels:
        most = limits.upload_pixels / 1e6
        raise CoverError(f"the picture has {pixels / 1e6:.0f} megapixels; the limit is {most:.0f}")
    return TYPES[kind]


def look_of(image: np.ndarray) -> int:
    """64 bits of the coarse frequencies of a picture (pHash: Zauner 2010), as SQLite's signed integer. image: (H, W, 3)
    uint8."""
    grey = cv2.cvtColor(resized(image, 32, 32), cv2.COLOR_RGB2GRAY).astype(np.float32)
    low = cv2.dct(grey)[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return int(np.packbits(bits).view(">i8")[0])


class Covers:
    """The covers of this service, in `folder` and in a table."""

    def __init__(self, tables: Database, folder: Path, limits: Limits):
        self._db, self._folder, self._limits = tables, folder, limits
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, data: bytes, words: Words) -> Cover:
        """Keep a picture; what was known of the same one before is filled up, not overwritten.

        Raises:
            CoverError: out of bounds, or it cannot be used as a cover.
        """
        ending = check_bounds(data, self._limits)
        with _decoding:
            image = decode_cover(data, "the picture").image
            id = hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()
            if (known := self.find(id)) is not None:
                self.tell(id, words)
                return self.find(id) or known
            small = resized(image, SMALL, SMALL)
            facts = (image.shape[1], image.shape[0], look_of(image), small.tobytes())
            concerns = json.dumps(concerns_about(image))
        part = self._folder / f".{id}.part"
        part.write_bytes(data)
        part.replace(self._folder / f"{id}{ending}")
        values = (id, f"{id}{ending}", *facts, concerns, *vars(words).values(), time.time())
        names = "id, file, width, height, look, small, concerns, title, artist, album, source, link, preview, created"
        with self._db.change():
            insert = f"INSERT OR IGNORE INTO covers ({names}) VALUES ({', '.join('?' * len(values))})"
            self._db.execute(insert, values)
        cover = self.find(id)
        assert cover is not None
        return cover

    def tell(self, id: str, words: Words, over: bool = False) -> None:
        """Add what is said of a cover; `over`: also over what is known already."""
        keep = "" if over else "CASE WHEN {0} = '' THEN ? ELSE {0} END"
        given = {name: value.strip() for name, value in vars(words).items() if value.strip()}
        with self._db.change():
            for name, value in given.items():
                self._db.execute(f"UPDATE covers SET {name} = {keep.format(name) or '?'} WHERE id = ?", (value, id))

    def play(self, id: str, youtube: str) -> None:
        """Remember which video goes with a cover; "" for none."""
        with self._db.change():
            self._db.execute("UPDATE covers SET youtube = ? WHERE id = ?", (youtube, id))

    def find(self, id: str) -> Cover | None:
        rows = self._db.rows("SELECT * FROM covers WHERE id = ?", (id,))
        return _cover(rows[0]) if rows else None

    def all(self) -> dict[str, Cover]:
        return {row["id"]: _cover(row) for row in self._db.rows("SELECT * FROM covers")}

    def path(self, cover: Cover) -> Path:
        return self._folder / cover.file

    def alike(self, id: str) -> list[Cover]:
        """Other covers that look the same: few bits of their frequencies differ, and few grey levels of their small
        pictures. The nearest first."""
        rows = self._db.rows("SELECT * FROM covers")
        mine = next((row for row in rows if row["id"] == id), None)
        if mine is None:
            return []
        found = []
        for row in rows:
            bits = ((row["look"] ^ mine["look"]) & (2**64 - 1)).bit_count()
            if row["id"] != id and bits <= ALIKE_BITS and (levels := _levels(row, mine)) <= ALIKE_LEVELS:
                found.append((levels, row["id"], row))
        return [_cover(row) for _, _, row in sorted(found, key=lambda entry: entry[:2])]


def _levels(one: sqlite3.Row, other: sqlite3.Row) -> float:
    """Mean difference of two small pictures, in levels of 0 to 255."""
    first, second = (np.frombuffer(row["small"], np.uint8).astype(np.int16) for row in (one, other))
    return float(np.abs(first - second).mean())


def _cover(row: sqlite3.Row) -> Cover:
    words = Words(*(row[name] for name in ("title", "artist", "album", "source", "link", "preview")))
    concerns: Sequence[str] = json.loads(row["concerns"])
    return Cover(row["id"], row["file"], row["width"], row["height"], tuple(concerns), words, row["youtube"])
