"""The service's SQLite file: covers, requests for loops, what was looked up, votes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..core.errors import UsageError
from ..orchestrator.store.database import Database

VERSION = 1

SCHEMA = """
CREATE TABLE covers (
    id TEXT PRIMARY KEY, file TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    look INTEGER NOT NULL, small BLOB NOT NULL, concerns TEXT NOT NULL,
    title TEXT NOT NULL, artist TEXT NOT NULL, album TEXT NOT NULL, source TEXT NOT NULL, link TEXT NOT NULL,
    preview TEXT NOT NULL, youtube TEXT NOT NULL DEFAULT '', created REAL NOT NULL
);
CREATE TABLE requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, ticket TEXT NOT NULL UNIQUE, client TEXT NOT NULL, idempotency TEXT,
    cover TEXT NOT NULL, workflow TEXT NOT NULL, given TEXT NOT NULL, turn INTEGER NOT NULL,
    state TEXT NOT NULL, error TEXT NOT NULL DEFAULT '', loop TEXT, passed INTEGER,
    created REAL NOT NULL, began REAL, ended REAL, UNIQUE (client, idempotency)
);
CREATE INDEX requests_by_state ON requests (state, turn, id);
CREATE INDEX requests_by_cover ON requests (cover);
CREATE INDEX requests_by_loop ON requests (loop);
CREATE TABLE lookups (source TEXT, query TEXT, answer TEXT NOT NULL, until REAL NOT NULL, PRIMARY KEY (source, query));
CREATE TABLE finds (source TEXT, id TEXT, find TEXT NOT NULL, PRIMARY KEY (source, id));
CREATE TABLE votes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, cover TEXT NOT NULL, one TEXT NOT NULL, other TEXT NOT NULL,
    choice TEXT NOT NULL, flipped INTEGER NOT NULL, voter TEXT NOT NULL, created REAL NOT NULL,
    UNIQUE (voter, one, other)
);
"""


def open_tables(folder: Path) -> Database:
    """Open, or make, the tables in `folder`.

    Raises:
        UsageError: nothing can be kept there, or it is of another version.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Database(folder, "service.sqlite3", SCHEMA, VERSION)
    except (OSError, sqlite3.Error) as error:
        raise UsageError(f"{folder}: nothing can be kept there ({error}); set COVERLOOP_STORE") from error
