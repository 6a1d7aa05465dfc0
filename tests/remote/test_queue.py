"""Many machines: three workers on a real PostgreSQL, one killed, the database restarted, and nothing lost."""

import contextlib
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from coverloop.core.errors import CoverLoopError, ServerError, UsageError
from coverloop.core.video.decode import decode
from coverloop.orchestrator.batch.sources import read_source
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.job import manifest
from coverloop.orchestrator.job.attempts import TooManyAttempts
from coverloop.orchestrator.job.manifest import load_workflow
from coverloop.orchestrator.job.request import make_job, open_cover
from coverloop.orchestrator.remote import database as tables
from coverloop.orchestrator.remote import queue
from coverloop.orchestrator.remote.database import SharedAttempts
from coverloop.orchestrator.remote.queue import enqueue, status
from coverloop.orchestrator.remote.shared import Shared
from coverloop.orchestrator.remote.worker import Worker
from coverloop.orchestrator.server.client import Comfy
from tiny import write_cover, write_workflows


@pytest.fixture(autouse=True)
def _workflows(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "FOLDER", write_workflows(tmp_path / "workflows"))
    monkeypatch.setenv("COVERLOOP_WORKFLOWS", str(tmp_path / "workflows"))


def make_covers(folder: Path, count: int) -> Path:
    start = int(time.time() * 1000) % 10**6
    for index in range(count):
        write_cover(folder / f"c{index:02}.png", start + index)
    return folder


def start_worker(database: str, out: Path, server: str, log: Path) -> subprocess.Popen:
    words = ["worker", "--queue", database, "--out", str(out), "--server", server]
    with log.open("ab") as sink:
        return subprocess.Popen([sys.executable, "-m", "coverloop.orchestrator.cli", *words], stdout=sink, stderr=sink)


def wait_for(what, seconds: float):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def done(database: str) -> int:
    with contextlib.suppress(ServerError):  # PostgreSQL may be restarting
        return status(database)["jobs"].get("done", 0)
    return 0


def test_sixty_jobs_three_workers_a_kill_and_a_restart(postgres, database, comfyui, tmp_path, monkeypatch):
    covers = make_covers(tmp_path / "covers", 60)
    out = tmp_path / "out"
    assert main(["enqueue", str(covers), "--queue", database, "--out", str(out), "--workflow", "tiny"]) == 0
    workers = [start_worker(database, out, comfyui.url, tmp_path / f"worker{i}.log") for i in range(3)]
    try:
        wait_for(lambda: done(database) >= 8, 120)
        workers[0].kill()
        wait_for(lambda: done(database) >= 20, 120)
        postgres.stop()
        time.sleep(1)
        postgres.start()
        wait_for(lambda: done(database) == 60, 180)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(60)
    for path in covers.iterdir():
        record = json.loads((out / f"{path.stem}.json").read_text())
        assert record["cover"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert len(decode(out / f"{path.stem}.mp4").frames) == 4 and (out / f"{path.stem}.jpg").is_file()
    assert status(database)["failed"] == []
    assert not [path.name for path in out.iterdir() if path.name.startswith(".")]


@pytest.fixture
def setting(database, comfyui, tmp_path):
    """A shared folder, one queued cover, and what a worker is given for it."""
    covers = make_covers(tmp_path / "covers", 1)
    shared, flow = Shared(str(tmp_path / "out")), load_workflow("tiny")
    rows = read_source(str(covers))
    assert enqueue(rows, flow, {}, database, shared)["queued"] == 1
    request = queue.request_for(rows[0], flow, {}, shared)
    return rows, flow, shared, request


def test_what_is_waiting_or_finished_is_not_queued_again(setting, database, comfyui):
    rows, flow, shared, request = setting
    assert enqueue(rows, flow, {}, database, shared)["waiting"] == 1
    Worker(database, comfyui.url, shared).render(request)
    assert enqueue(rows, flow, {}, database, shared) == {"queued": 0, "finished": 1, "waiting": 0, "refused": 0}
    assert enqueue(rows, flow, {"strength": 0.5}, database, shared)["queued"] == 1, "another request is another loop"


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def test_a_prompt_from_a_dead_worker_is_looked_up_before_it_is_sent_again(setting, database, comfyui, monkeypatch):
    rows, flow, shared, request = setting
    worker = Worker(database, comfyui.url, shared)
    real = shared.publish
    monkeypatch.setattr(shared, "publish", lambda made, out: (_ for _ in ()).throw(Killed))
    with pytest.raises(Killed):
        worker.render(request)
    monkeypatch.setattr(shared, "publish", real)
    sent = []
    monkeypatch.setattr(Comfy, "submit", lambda self, *words, **options: sent.append(words))
    Worker(database, comfyui.url, shared).render(request)
    assert sent == [] and shared.finished(request["out"], make_job(open_cover(rows[0].cover), flow, {}))


def test_submissions_of_a_request_have_a_cap(setting, database):
    rows, flow, _, _ = setting
    attempts = SharedAttempts(database, make_job(open_cover(rows[0].cover), flow, {}))
    ids = [attempts.begin("http://127.0.0.1:1") for _ in range(tables.SUBMISSIONS)]
    assert len(set(ids)) == tables.SUBMISSIONS
    with pytest.raises(TooManyAttempts, match="submitted 10 times without a result"):
        attempts.begin("http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"out": "../../evil"}, "leaves the output folder"),
        ({"workflow": "moon"}, "unknown workflow"),
        ({"workflow_sha256": "0"}, "another file of that version"),
        ({"values": {"size": "huge"}}, "must be a whole number"),
        ({"cover": "covers/none.png"}, "do all machines use the same --out"),
        ({"sha256": "0" * 64}, "is not the cover that was queued"),
    ],
)
def test_requests_that_cannot_be_rendered(setting, database, comfyui, change, message):
    _, _, shared, request = setting
    with pytest.raises(CoverLoopError, match=message):
        Worker(database, comfyui.url, shared).render({**request, **change})


def test_a_bucket_works_like_a_folder(setting, database, comfyui):
    rows, flow, _, _ = setting
    bucket = Shared("memory://loops")
    request = queue.request_for(rows[0], flow, {}, bucket)
    Worker(database, comfyui.url, bucket).render(request)
    assert bucket.finished(request["out"], make_job(open_cover(rows[0].cover), flow, {}))
    assert queue.request_for(rows[0], flow, {}, bucket) is None


def test_bad_calls_of_the_queue(capsys, tmp_path, monkeypatch):
    monkeypatch.delenv("COVERLOOP_QUEUE", raising=False)

    def told(*words):
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1, err
        return code, err

    code, err = told("queue", "status")
    assert code == 2 and "give --queue postgres://USER:PASSWORD@HOST/DATABASE or set COVERLOOP_QUEUE" in err
    assert told("queue", "status", "--queue", "mysql://x")[0] == 2
    code, err = told("queue", "status", "--queue", "postgres://me:s3cret@127.0.0.1:1/x")
    assert code == 1 and "check --queue" in err and "s3cret" not in err
    with pytest.raises(UsageError, match="cannot be used"):
        Shared("nosuchprotocol://x")
