"""The store's SQLite file: its tables, one connection for all threads, transactions that nobody interleaves with."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...core.errors import UsageError

VERSION = 1

_SCHEMA = """
CREATE TABLE jobs (
    key TEXT PRIMARY KEY, cover TEXT NOT NULL, workflow TEXT NOT NULL, request TEXT NOT NULL,
    state TEXT NOT NULL, owner TEXT NOT NULL, error TEXT NOT NULL DEFAULT '', kills INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL, changed REAL NOT NULL,
    video TEXT, poster TEXT, sidecar TEXT, bytes INTEGER, passed INTEGER, seconds REAL
);
CREATE INDEX jobs_by_state ON jobs (state, changed);
CREATE TABLE attempts (
    key TEXT NOT NULL, number INTEGER NOT NULL, prompt_id TEXT NOT NULL, server TEXT NOT NULL,
    state TEXT NOT NULL, error TEXT NOT NULL DEFAULT '', began REAL NOT NULL, ended REAL,
    PRIMARY KEY (key, number)
);
CREATE TABLE covers (path TEXT PRIMARY KEY, size INTEGER NOT NULL, changed INTEGER NOT NULL, sha256 TEXT NOT NULL);
"""


class Database:
    """Open, or make, the file `name` in `folder` with the tables of `schema`. Raises UsageError for one of another
    version, sqlite3.Error as it comes."""

    def __init__(self, folder: Path, name: str = "jobs.sqlite3", schema: str = _SCHEMA, version: int = VERSION):
        self._folder, self._schema, self._version = folder, schema, version
        self._mutex = threading.RLock()
        self._db = sqlite3.connect(folder / name, timeout=60, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._prepare()

    def close(self) -> None:
        self._db.close()

    def _prepare(self) -> None:
        with self.change():
            version = self.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in self._schema.split(";"):
                    self.execute(statement)
                self.execute(f"PRAGMA user_version={self._version}")
            elif version != self._version:
                raise UsageError(
                    f"{self._folder}: is a store of version {version}, this coverloop reads {self._version}"
                )

    @contextlib.contextmanager
    def change(self) -> Iterator[None]:
        """One transaction that nobody else's can interleave with."""
        with self._mutex:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def execute(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self._db.execute(query, values)

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with self._mutex:
            return self._db.execute(query, values).fetchall()
