"""The queue's PostgreSQL: connections, tables, and every submission written down where all machines see it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...core.errors import JobError, ServerError, UsageError
from ..job.attempts import Attempt, AttemptState, TooManyAttempts
from ..job.request import Job
from ..job.retry import Tally

QUEUE = "coverloop"
SUBMISSIONS = 10

_ATTEMPTS = """
CREATE TABLE IF NOT EXISTS coverloop_attempts (
    request text NOT NULL, number integer NOT NULL, prompt_id text PRIMARY KEY, server text NOT NULL,
    state text NOT NULL DEFAULT 'sent', began timestamptz NOT NULL DEFAULT now(), UNIQUE (request, number)
)
"""
_STANDINGS = """
CREATE TABLE IF NOT EXISTS coverloop_standings (
    job bigint PRIMARY KEY, fraction real NOT NULL DEFAULT 0, stage text NOT NULL DEFAULT '',
    error text NOT NULL DEFAULT ''
)
"""


def drivers() -> tuple[Any, Any]:
    try:
        import procrastinate
        import psycopg
    except ImportError as error:
        how = "pip install 'procrastinate>=3,<4' 'psycopg[binary]' fsspec"
        raise UsageError(f"the queue needs more packages ({error}); run: {how}") from error
    return procrastinate, psycopg


@contextlib.contextmanager
def connect(url: str) -> Iterator[Any]:
    """One connection. Raises ServerError when PostgreSQL cannot be reached; the address, a password in it, is not
    shown."""
    _, psycopg = drivers()
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            yield connection
    except psycopg.Error as error:
        raise ServerError(f"the queue's PostgreSQL: {' '.join(str(error).split())}; check --queue") from error


def prepare(url: str) -> None:
    """Make the tables unless they are there; several machines may do so at once."""
    procrastinate, _ = drivers()
    with connect(url) as database:
        database.execute("SELECT pg_advisory_lock(hashtext('coverloop'))")
        if database.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()[0] is None:
            database.execute(procrastinate.schema.SchemaManager.get_schema())
        database.execute(_ATTEMPTS)
        database.execute(_STANDINGS)
        database.execute("SELECT pg_advisory_unlock(hashtext('coverloop'))")


def tell(url: str, job: int, fraction: float = 0.0, stage: str = "", error: str = "") -> None:
    """Write down how far a job is, for whoever asked for it. stage: a class of node, or a step of ours."""
    update = "ON CONFLICT (job) DO UPDATE SET fraction = EXCLUDED.fraction, stage = EXCLUDED.stage, "
    with connect(url) as database:
        database.execute(
            "INSERT INTO coverloop_standings (job, fraction, stage, error) VALUES (%s, %s, %s, %s) "
            f"{update}error = EXCLUDED.error",
            (job, fraction, stage, error),
        )


class SharedAttempts:
    """Submissions of one request, written down where all machines see them. Once the request is given up they are
    `closed`: when it is queued again it starts anew."""

    def __init__(self, url: str, job: Job):
        self._url, self._job = url, replace(job, versions=())

    def begin(self, server: str) -> str:
        with connect(self._url) as database:
            for _ in range(100):
                query = (
                    "SELECT COALESCE(MAX(number), 0) + 1, COUNT(*) FILTER (WHERE state <> 'closed') "
                    "FROM coverloop_attempts WHERE request = %s"
                )
                number, known = database.execute(query, (self._job.key,)).fetchone()
                if known >= SUBMISSIONS:
                    raise TooManyAttempts(f"submitted {SUBMISSIONS} times without a result; set aside")
                row = (self._job.key, number, self._job.prompt_id(number), server)
                insert = "INSERT INTO coverloop_attempts (request, number, prompt_id, server) VALUES (%s, %s, %s, %s)"
                if database.execute(insert + " ON CONFLICT DO NOTHING", row).rowcount:
                    return row[2]
        raise JobError("no number could be had for a submission; is the queue's database overloaded?")

    def end(self, prompt_id: str, state: AttemptState, error: str = "") -> None:
        with connect(self._url) as database:
            query = "UPDATE coverloop_attempts SET state = %s WHERE prompt_id = %s"
            database.execute(query, (state.value, prompt_id))

    def open(self) -> list[Attempt]:
        return self._select([AttemptState.SENT])

    def tally(self) -> Tally:
        """What went wrong with the request so far."""
        states = [attempt.state for attempt in self._select([*AttemptState])]
        kills = states.count(AttemptState.KILLED)
        return Tally(states.count(AttemptState.FAILED), kills, states.count(AttemptState.LOST) + kills)

    def close(self) -> None:
        with connect(self._url) as database:
            database.execute("UPDATE coverloop_attempts SET state = 'closed' WHERE request = %s", (self._job.key,))

    def _select(self, states: Sequence[AttemptState]) -> list[Attempt]:
        query = (
            "SELECT number, prompt_id, server, state FROM coverloop_attempts "
            "WHERE request = %s AND state = ANY(%s) ORDER BY number DESC"
        )
        with connect(self._url) as database:
            rows = database.execute(query, (self._job.key, [state.value for state in states])).fetchall()
        return [Attempt(number, prompt_id, server, AttemptState(state)) for number, prompt_id, server, state in rows]
