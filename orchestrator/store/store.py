"""What was asked for, tried and made: SQLite (WAL) beside content-addressed files, in the user's data folder.

    coverloop/store/jobs.sqlite3     jobs, attempts, known covers
    coverloop/store/files/ab/<sha256>.mp4 ...   every deliverable, under its hash
    coverloop/store/owners/<id>      held locked by every process that renders

A deliverable's files are on disk under their final names before its row says so, and a prompt id is written down before
it is sent, so a process may be killed at any instant. Who renders what is told by operating-system locks: they vanish
with their process and do not depend on clocks or process numbers. Knows neither servers nor workflows.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs

from ...core.errors import UsageError
from ..disk.files import Files
from ..disk.locks import Lock, is_free
from ..job.attempts import Attempt, AttemptState
from ..job.deliver import Deliverable
from ..job.request import Job
from .database import Database
from .entry import Claim, Entry, JobState


def store_folder() -> Path:
    """`COVERLOOP_STORE`, else the user's data folder."""
    given = os.environ.get("COVERLOOP_STORE")
    return Path(given) if given else platformdirs.user_data_path("coverloop", appauthor=False) / "store"


class Store:
    """Open, or make, the store in `folder`. One object per process, usable from any thread.

    Raises:
        UsageError: the folder cannot be written, or holds a store of another version.
    """

    def __init__(self, folder: Path | None = None):
        self.folder = (folder or store_folder()).expanduser()
        try:
            self._files = Files(self.folder / "files")
            (self.folder / "owners").mkdir(exist_ok=True)
            (self.folder / "staging").mkdir(exist_ok=True)
            self._db = Database(self.folder)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"{self.folder}: no store can be kept there ({error}); set COVERLOOP_STORE") from error
        self.owner = uuid.uuid4().hex
        self._lock = Lock(self.folder / "owners" / self.owner)
        for left in (self.folder / "staging").iterdir():
            if not self._living(left.name.partition("-")[0]):
                shutil.rmtree(left, ignore_errors=True)

    def close(self) -> None:
        self._lock.release()
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # covers

    def cover_hash(self, path: Path) -> str:
        """sha256 of a cover file; read again only when its size or time of change differ from last time.

        Raises OSError when it cannot be read."""
        place, facts = str(path.resolve()), path.stat()
        known = self._db.rows("SELECT size, changed, sha256 FROM covers WHERE path = ?", (place,))
        if known and (known[0]["size"], known[0]["changed"]) == (facts.st_size, facts.st_mtime_ns):
            return known[0]["sha256"]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with self._db.change():
            values = (place, facts.st_size, facts.st_mtime_ns, digest)
            self._db.execute("INSERT OR REPLACE INTO covers VALUES (?, ?, ?, ?)", values)
        return digest

    # jobs

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder to make a deliverable in; swept by the next `Store` when this process is killed."""
        with tempfile.TemporaryDirectory(dir=self.folder / "staging", prefix=f"{self.owner}-") as name:
            yield Path(name)

    def find(self, key: str) -> Entry | None:
        rows = self._db.rows("SELECT * FROM jobs WHERE key = ?", (key,))
        return self._entry(rows[0]) if rows else None

    def finished(self, key: str) -> Entry | None:
        """The job if it is done and all its files are in the store, whole (by size; `verify` reads them)."""
        entry = self.find(key)
        if entry is None or entry.state is not JobState.DONE or not (entry.video and entry.poster and entry.sidecar):
            return None
        size = self._db.rows("SELECT bytes FROM jobs WHERE key = ?", (key,))[0]["bytes"]
        try:
            whole = sum(path.stat().st_size for path in (entry.video, entry.poster, entry.sidecar)) == size
        except OSError:
            return None
        return entry if whole else None

    def claim(self, job: Job, cover: str, force: bool = False, anew: bool | None = None) -> Claim:
        """Say that this process renders `job` now.

        force: also one that was set aside; anew: also one that is done (None: as `force`). After OURS comes `record`,
        `fail` or `release`.
        """
        key, anew = job.key, force if anew is None else anew
        with self._db.change():
            row = self._db.execute("SELECT state, owner FROM jobs WHERE key = ?", (key,)).fetchone()
            now = time.time()
            if row is None:
                request = json.dumps([job.workflow_sha256, job.values, job.versions])
                self._db.execute(
                    "INSERT INTO jobs (key, cover, workflow, request, state, owner, created, changed) "
                    "VALUES (?, ?, ?, ?, 'running', ?, ?, ?)",
                    (key, cover, job.workflow, request, self.owner, now, now),
                )
                return Claim.OURS
            if row["state"] == JobState.RUNNING and self._living(row["owner"]):
                return Claim.BUSY
            if not anew and self.finished(key) is not None:
                return Claim.DONE
            if not force and row["state"] in (JobState.POISON, JobState.CANCELLED):
                return Claim(row["state"])
            self._db.execute(
                "UPDATE jobs SET state = 'running', owner = ?, cover = ?, error = '', changed = ?, "
                "kills = CASE WHEN ? THEN 0 ELSE kills END WHERE key = ?",
                (self.owner, cover, now, force, key),
            )
            return Claim.OURS

    def _living(self, owner: str) -> bool:
        return owner == self.owner or not is_free(self.folder / "owners" / owner)

    def begin(self, job: Job, server: str) -> str:
        """Write down a new submission of `job` and return its prompt id."""
        with self._db.change():
            query = "SELECT COALESCE(MAX(number), 0) + 1 FROM attempts WHERE key = ?"
            number = self._db.execute(query, (job.key,)).fetchone()[0]
            prompt_id = job.prompt_id(number)
            self._db.execute(
                "INSERT INTO attempts (key, number, prompt_id, server, state, began) VALUES (?, ?, ?, ?, 'sent', ?)",
                (job.key, number, prompt_id, server, time.time()),
            )
        return prompt_id

    def end(self, prompt_id: str, state: AttemptState, error: str = "") -> None:
        with self._db.change():
            self._db.execute(
                "UPDATE attempts SET state = ?, error = ?, ended = ? WHERE prompt_id = ?",
                (state.value, error, time.time(), prompt_id),
            )

    def open_attempts(self, key: str) -> list[Attempt]:
        """Submissions nobody has seen the end of, newest first: they may still be on their servers."""
        rows = self._db.rows("SELECT * FROM attempts WHERE key = ? AND state = 'sent' ORDER BY number DESC", (key,))
        return [_attempt(row) for row in rows]

    def attempts(self, key: str) -> list[Attempt]:
        rows = self._db.rows("SELECT * FROM attempts WHERE key = ? ORDER BY number", (key,))
        return [_attempt(row) for row in rows]

    def attempts_of(self, job: Job) -> StoredAttempts:
        return StoredAttempts(self, job)

    def keep(self, job: Job) -> Callable[[Deliverable], Entry]:
        """What puts a deliverable of `job` into the store."""
        return lambda made: self.record(
            job.key, made.video, made.poster, made.sidecar, made.passed, made.record["timings"]["total"]
        )

    def record(self, key: str, video: Path, poster: Path, sidecar: Path, passed: bool, seconds: float) -> Entry:
        """Keep a deliverable: its files first, then the row that says so."""
        names = [self._files.keep(path) for path in (video, poster, sidecar)]
        size = sum((self._files.folder / name).stat().st_size for name in names)
        with self._db.change():
            self._db.execute(
                "UPDATE jobs SET state = 'done', error = '', video = ?, poster = ?, sidecar = ?, bytes = ?, "
                "passed = ?, seconds = ?, changed = ? WHERE key = ?",
                (*names, size, passed, seconds, time.time(), key),
            )
        entry = self.find(key)
        assert entry is not None
        return entry

    def fail(self, key: str, error: str, state: JobState = JobState.FAILED) -> None:
        with self._db.change():
            self._db.execute(
                "UPDATE jobs SET state = ?, error = ?, changed = ? WHERE key = ? AND owner = ? AND state = 'running'",
                (state.value, error, time.time(), key, self.owner),
            )

    def release(self, key: str) -> None:
        """Give back a claimed job that was not finished; the next `claim` finds it as it was before."""
        self.fail(key, "stopped before it was finished")

    def count_kill(self, key: str) -> int:
        """The server died while this job ran on it; returns how often that has happened."""
        with self._db.change():
            self._db.execute("UPDATE jobs SET kills = kills + 1 WHERE key = ?", (key,))
            return self._db.execute("SELECT kills FROM jobs WHERE key = ?", (key,)).fetchone()[0]

    def cancelled(self, key: str) -> bool:
        rows = self._db.rows("SELECT state FROM jobs WHERE key = ?", (key,))
        return bool(rows) and rows[0]["state"] == JobState.CANCELLED

    # looking after it

    def entries(self, state: str | None = None) -> list[Entry]:
        """All jobs, the latest first. One that says running while nobody renders it is told as failed."""
        where = "WHERE state = ?" if state else ""
        rows = self._db.rows(f"SELECT * FROM jobs {where} ORDER BY changed DESC", (state,) if state else ())
        return [self._entry(row) for row in rows]

    def match(self, prefix: str) -> Entry:
        """The one job whose key starts with `prefix`.

        Raises UsageError when there is none or several."""
        found = [entry for entry in self.entries() if entry.key.startswith(prefix.lower())]
        if len(found) != 1:
            what = f"{len(found)} jobs start" if found else "no job starts"
            raise UsageError(f"{prefix}: {what} with that key; see coverloop jobs list")
        return found[0]

    def retry(self, key: str) -> None:
        """Forget a failure, a cancellation or that a job was set aside: the next batch that asks for it tries again."""
        with self._db.change():
            self._db.execute(
                "UPDATE jobs SET state = 'failed', error = 'to be tried again', kills = 0 WHERE key = ? "
                "AND state IN ('failed', 'poison', 'cancelled')",
                (key,),
            )

    def cancel(self, key: str) -> bool:
        """Stop a job: the process that renders it interrupts it. False when it is done already."""
        with self._db.change():
            cursor = self._db.execute(
                "UPDATE jobs SET state = 'cancelled', error = 'cancelled', changed = ? "
                "WHERE key = ? AND state != 'done'",
                (time.time(), key),
            )
            return cursor.rowcount > 0

    def forget(self, key: str) -> None:
        """Delete a job that nobody renders, its attempts, and those of its files that no other job names."""
        with self._db.change():
            row = self._db.execute("SELECT * FROM jobs WHERE key = ?", (key,)).fetchone()
            if row is None or self._entry(row).state is JobState.RUNNING:
                return
            self._db.execute("DELETE FROM jobs WHERE key = ?", (key,))
            self._db.execute("DELETE FROM attempts WHERE key = ?", (key,))
            query = "SELECT 1 FROM jobs WHERE ? IN (video, poster, sidecar)"
            names = [name for name in (row["video"], row["poster"], row["sidecar"]) if name]
            for name in names:
                if self._db.execute(query, (name,)).fetchone() is None:
                    self._files.folder.joinpath(name).unlink(missing_ok=True)

    def prune(self, older_than_days: float) -> tuple[int, int]:
        """Forget jobs that nobody renders and nobody touched for so long, and delete files no job names. Returns how
        many jobs went and how many bytes."""
        before = time.time() - older_than_days * 86400
        old = [entry for entry in self.entries() if entry.changed < before]
        gone = [entry for entry in old if entry.state is not JobState.RUNNING]
        with self._db.change():
            for entry in gone:
                self._db.execute("DELETE FROM jobs WHERE key = ?", (entry.key,))
                self._db.execute("DELETE FROM attempts WHERE key = ?", (entry.key,))
            kept = {
                name
                for row in self._db.execute("SELECT video, poster, sidecar FROM jobs")
                for name in row
                if name is not None
            }
            freed = self._files.sweep(kept, before)
        for owner in (self.folder / "owners").iterdir():
            if is_free(owner):
                owner.unlink(missing_ok=True)
        return len(gone), freed

    def _entry(self, row: sqlite3.Row) -> Entry:
        state, error = JobState(row["state"]), row["error"]
        if state is JobState.RUNNING and not self._living(row["owner"]):
            state, error = JobState.FAILED, "its process ended before it was finished"
        names = (row["video"], row["poster"], row["sidecar"])
        video, poster, sidecar = (self._files.folder / name if name else None for name in names)
        return Entry(
            key=row["key"],
            cover=row["cover"],
            workflow=row["workflow"],
            state=state,
            error=error,
            kills=row["kills"],
            changed=row["changed"],
            video=video,
            poster=poster,
            sidecar=sidecar,
            passed=bool(row["passed"]),
            seconds=row["seconds"] or 0.0,
        )


def _attempt(row: sqlite3.Row) -> Attempt:
    return Attempt(row["number"], row["prompt_id"], row["server"], AttemptState(row["state"]))


class StoredAttempts:
    """The submissions of one job in a store."""

    def __init__(self, store: Store, job: Job):
        self._store, self._job = store, job

    def begin(self, server: str) -> str:
        return self._store.begin(self._job, server)

    def end(self, prompt_id: str, state: AttemptState, error: str = "") -> None:
        self._store.end(prompt_id, state, error)

    def open(self) -> list[Attempt]:
        return self._store.open_attempts(self._job.key)
