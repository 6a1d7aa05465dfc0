"""Requests for loops: written down before they are answered, taken in fair order, told in what state they are.

Both processes of the service work on the same table: the web's asks and cancels, the renderer's takes and ends.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..core.errors import CoverLoopError
from ..orchestrator.store.database import Database


class State(str, Enum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    __str__ = str.__str__


class QueueFull(CoverLoopError):
    """The client has as many jobs waiting as it may."""


class KeyReused(CoverLoopError):
    """An idempotency key came a second time, with another wish."""


@dataclass(frozen=True)
class Request:
    """ticket: its public name. given: parameters of the workflow as they were wished for. loop: key of the finished job
    in the store; passed: by the judge."""

    id: int
    ticket: str
    client: str
    cover: str
    workflow: str
    given: Mapping[str, Any]
    state: State
    error: str
    loop: str | None
    passed: bool
    created: float
    began: float | None
    ended: float | None


class Requests:
    """The table of requests."""

    def __init__(self, tables: Database):
        self._db = tables

    def ask(
        self, client: str, cover: str, workflow: str, given: Mapping[str, Any], waiting: int, key: str | None = None
    ) -> Request:
        """Write a request down. The same wish that waits or runs already is given back instead of a second one; so is
        the one that came with the same idempotency `key` before.

        Raises:
            QueueFull: the client has `waiting` requests in the queue. KeyReused: `key` came with another wish.
        """
        wish = (cover, workflow, json.dumps(given, sort_keys=True))
        with self._db.change():
            if key is not None:
                row = self._one("client = ? AND idempotency = ?", (client, key))
                if row is not None and (row["cover"], row["workflow"], row["given"]) != wish:
                    raise KeyReused(f"the key {key} came with another wish before; use a new one")
                if row is not None:
                    return _request(row)
            same = "cover = ? AND workflow = ? AND given = ? AND state IN ('queued', 'running')"
            row = self._one(same, wish)
            if row is not None:
                return _request(row)
            queued = "SELECT COUNT(*) FROM requests WHERE client = ? AND state = 'queued'"
            if self._db.execute(queued, (client,)).fetchone()[0] >= waiting:
                raise QueueFull(f"{waiting} jobs of yours wait already; wait until one is done")
            insert = (
                "INSERT INTO requests (ticket, client, idempotency, cover, workflow, given, turn, state, created) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', ?)"
            )
            values = (secrets.token_urlsafe(9), client, key, *wish, self._turn(client), time.time())
            cursor = self._db.execute(insert, values)
            row = self._one("id = ?", (cursor.lastrowid,))
        assert row is not None
        return _request(row)

    def _turn(self, client: str) -> int:
        """Each client has one request in each turn (fair queueing): who comes late is not behind all that one other
        client has waiting."""
        now = self._db.execute("SELECT COALESCE(MAX(turn), 0) FROM requests WHERE began IS NOT NULL").fetchone()[0]
        mine = self._db.execute("SELECT MAX(turn) FROM requests WHERE client = ?", (client,)).fetchone()[0]
        return now if mine is None else max(now, mine + 1)

    def answered(self, cover: str, workflow: str, given: Mapping[str, Any]) -> list[Request]:
        """Finished requests for just this, the latest first."""
        query = "cover = ? AND workflow = ? AND given = ? AND state = 'done' ORDER BY ended DESC"
        return self._all(query, (cover, workflow, json.dumps(given, sort_keys=True)))

    # the renderer's side

    def resume(self) -> None:
        """What was running when its process ended waits again, before all others of its turn."""
        with self._db.change():
            self._db.execute("UPDATE requests SET state = 'queued' WHERE state = 'running'")

    def take(self, workflow: str) -> Request | None:
        """The next one to render, now running."""
        with self._db.change():
            row = self._one("state = 'queued' AND workflow = ? ORDER BY turn, id", (workflow,))
            if row is None:
                return None
            update = "UPDATE requests SET state = 'running', began = COALESCE(began, ?) WHERE id = ?"
            self._db.execute(update, (time.time(), row["id"]))
        return self.get(row["id"])

    def end(self, id: int, state: State, error: str = "", loop: str | None = None, passed: bool = False) -> None:
        with self._db.change():
            self._db.execute(
                "UPDATE requests SET state = ?, error = ?, loop = ?, passed = ?, ended = ? "
                "WHERE id = ? AND state IN ('queued', 'running')",
                (state.value, error, loop, passed, time.time(), id),
            )

    def workflows(self) -> list[str]:
        """Those that are waited for."""
        return [row[0] for row in self._db.rows("SELECT DISTINCT workflow FROM requests WHERE state = 'queued'")]

    # looking

    def get(self, id: int) -> Request:
        row = self._one("id = ?", (id,))
        assert row is not None
        return _request(row)

    def find(self, ticket: str) -> Request | None:
        row = self._one("ticket = ?", (ticket,))
        return _request(row) if row is not None else None

    def order(self) -> list[Request]:
        """All that wait, the next one first."""
        return self._all("state = 'queued' ORDER BY turn, id", ())

    def running(self) -> list[Request]:
        return self._all("state = 'running' ORDER BY id", ())

    def latest(self, count: int) -> list[Request]:
        """The last that ended, the latest first."""
        return self._all("ended IS NOT NULL ORDER BY ended DESC LIMIT ?", (count,))

    def done(self) -> list[Request]:
        """All that have a loop, the latest first."""
        return self._all("state = 'done' ORDER BY ended DESC", ())

    def of_cover(self, cover: str) -> list[Request]:
        """The finished ones of a cover, the latest first."""
        return self._all("state = 'done' AND cover = ? ORDER BY ended DESC", (cover,))

    def of_loop(self, loop: str) -> Request | None:
        row = self._one("loop = ? ORDER BY ended DESC", (loop,))
        return _request(row) if row is not None else None

    def forget_loop(self, loop: str) -> None:
        with self._db.change():
            self._db.execute("DELETE FROM requests WHERE loop = ?", (loop,))

    def usual_seconds(self, workflow: str) -> float:
        """Median of what the last ones took; 0 when none is known."""
        query = (
            "SELECT ended - began FROM requests WHERE state = 'done' AND workflow = ? AND ended - began > 0.5 "
            "ORDER BY ended DESC LIMIT 9"
        )
        took = sorted(row[0] for row in self._db.rows(query, (workflow,)))
        return took[len(took) // 2] if took else 0.0

    def _one(self, where: str, values: Sequence[Any]) -> sqlite3.Row | None:
        rows = self._db.rows(f"SELECT * FROM requests WHERE {where} LIMIT 1", values)
        return rows[0] if rows else None

    def _all(self, where: str, values: Sequence[Any]) -> list[Request]:
        return [_request(row) for row in self._db.rows(f"SELECT * FROM requests WHERE {where}", values)]


def _request(row: sqlite3.Row) -> Request:
    return Request(
        id=row["id"],
        ticket=row["ticket"],
        client=row["client"],
        cover=row["cover"],
        workflow=row["workflow"],
        given=json.loads(row["given"]),
        state=State(row["state"]),
        error=row["error"],
        loop=row["loop"],
        passed=bool(row["passed"]),
        created=row["created"],
        began=row["began"],
        ended=row["ended"],
    )
