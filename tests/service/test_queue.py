"""The service's jobs on the queue on PostgreSQL, rendered by a worker elsewhere."""

import contextlib
import subprocess
import sys
import time

import pytest
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.remote.queue import status
from serving import picture, serving


@contextlib.contextmanager
def worker(database: str, shared, server: str):
    words = ["worker", "--queue", database, "--out", str(shared), "--server", server]
    child = subprocess.Popen([sys.executable, "-m", "coverloop.orchestrator.cli", *words])
    try:
        yield child
    finally:
        child.terminate()
        child.wait(60)


def test_jobs_go_through_the_queue_and_survive_the_service(place, comfyui, database, tmp_path):
    shared = tmp_path / "shared"
    settings = {"queue": database, "shared": str(shared)}
    with serving(place, **settings) as client:
        jobs = [client.ask(client.give(picture(60 + number), f"?title=Q{number}")["id"]) for number in range(4)]
        client.wait(jobs[0], ("running",))
        third = jobs.pop(2)
        cancelled = client("POST", f"/api/v1/jobs/{third['id']}/cancel").json()
        assert cancelled["state"] == "cancelled"
        jobs = [client.wait(job, ("queued", "running")) for job in jobs]
    with serving(place, **settings) as client, worker(database, shared, comfyui.url):
        done = [client.wait(job, seconds=90) for job in jobs]
        assert len({job["loop"] for job in done}) == 3
        video = client("GET", f"/loop/{done[0]['loop']}/video.mp4")
        assert video.status == 200 and video.body[4:8] == b"ftyp"
        again = client("POST", "/api/v1/jobs", {"cover": done[0]["cover"]})
        assert again.status == 200 and again.json()["loop"] == done[0]["loop"]
        wrong = client.ask(client.give(picture(65))["id"], workflow="foreign_v1")
        client.wait(wrong, ("running",))
        assert client("POST", f"/api/v1/jobs/{wrong['id']}/cancel").json()["state"] == "cancelled"
    counts = status(database)["jobs"]
    assert counts["done"] == 3, "none was put there twice"


def test_why_a_worker_could_not_is_told(place, comfyui, database, tmp_path):
    """The picture is gone from the shared folder before its worker comes."""
    shared = tmp_path / "shared"
    with serving(place, queue=database, shared=str(shared)) as client:
        job = client.ask(client.give(picture(66))["id"])
        client.wait(job, ("running",))
        deadline = time.monotonic() + 60
        while not status(database)["jobs"]:
            assert time.monotonic() < deadline, "the job never reached the queue"
            time.sleep(0.05)
        for path in (shared / "covers").iterdir():
            path.unlink()
        with worker(database, shared, comfyui.url):
            failed = client.wait(job, ("failed",))
    assert "do all machines use the same --out" in failed["error"] and str(shared) not in failed["error"]
    assert "do all machines use the same --out" in status(database)["failed"][0]["error"]


@pytest.mark.parametrize("words", [[], ["--out", "z", "--server", "http://127.0.0.1:1"]])
def test_a_queue_wants_a_shared_folder_and_has_its_own_servers(capsys, tmp_path, monkeypatch, words):
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path))
    assert main(["serve", "--port", "0", "--queue", "postgres://x/y", *words]) == 2
    assert "give --out, the folder they reach, and no --server" in capsys.readouterr().err
