"""What the orchestrator costs: `python benchmarks/orchestrator.py [--jobs 50] [--done 3000] [--memory-jobs 600]`.

Prints one JSON line: - overhead_ratio: wall time of a trivial job (a three-frame video of stock nodes, ready at once)
through `Comfy` with its
  bookkeeping in the store, against a bare script of `requests` and `websocket-client`, alternating on one embedded
  server; medians.
- lookup_seconds: what `--resume` needs for a batch of that many covers that are all finished. - memory_mb: peak memory
of a batch client after a tenth of its jobs and at the end; its server is a stand-in that answers
  at once, so that thousands of jobs pass through the client alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import requests
import websocket

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

from coverloop.core.video.encode import encode
from coverloop.orchestrator.batch.crew import Batch
from coverloop.orchestrator.batch.sources import read_source
from coverloop.orchestrator.job import check
from coverloop.orchestrator.job.attempts import AttemptState
from coverloop.orchestrator.job.manifest import load_workflow
from coverloop.orchestrator.job.request import Job
from coverloop.orchestrator.server import embedded
from coverloop.orchestrator.server.client import Comfy
from coverloop.orchestrator.server.events import Finished
from coverloop.orchestrator.server.follow import follow
from coverloop.orchestrator.store.store import Store
from hostile import Hostile
from tiny import write_cover, write_workflows

from prompts import video_prompt


class Bare:
    """What a short script does: POST, wait for the end on the websocket, read the history, fetch the file."""

    def __init__(self, url: str):
        self.url, self.id, self.session = url, uuid.uuid4().hex, requests.Session()
        self.session.trust_env = False
        self.socket = websocket.create_connection(url.replace("http", "ws") + f"/ws?clientId={self.id}")

    def run(self, prompt: dict, target: Path) -> None:
        body = {"prompt": prompt, "client_id": self.id}
        prompt_id = self.session.post(f"{self.url}/prompt", json=body).json()["prompt_id"]
        while True:
            message = self.socket.recv()
            if isinstance(message, str):
                event = json.loads(message)
                data = event.get("data", {})
                if event["type"] == "executing" and data.get("node") is None and data.get("prompt_id") == prompt_id:
                    break
        history = self.session.get(f"{self.url}/history/{prompt_id}").json()[prompt_id]
        file = history["outputs"]["3"]["images"][0]
        target.write_bytes(self.session.get(f"{self.url}/view", params=file).content)


def run_ours(comfy: Comfy, store: Store, prompt: dict, number: int, target: Path) -> None:
    job = Job(uuid.uuid4().hex, "trivial_v1", "", (("color", number),))
    store.claim(job, "trivial")
    prompt_id = store.begin(job, comfy.url)
    comfy.submit(prompt, prompt_id)
    for event in follow(comfy, prompt_id, prompt):
        if isinstance(event, Finished):
            comfy.download(event.files[0], target)
    store.end(prompt_id, AttemptState.DONE)


def overhead(jobs: int, folder: Path) -> dict:
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    with embedded.start() as server, Comfy(server.url) as comfy, Store(folder / "store") as store:
        bare = Bare(server.url)
        for number in range(-5, jobs):  # the first ones warm up
            for name in ("bare", "ours") if number % 2 else ("ours", "bare"):
                prompt = video_prompt("bench", 2 * number + (name == "ours") + 100_000)
                began = time.perf_counter()
                if name == "bare":
                    bare.run(prompt, folder / "bare.mp4")
                else:
                    run_ours(comfy, store, prompt, number, folder / "ours.mp4")
                if number >= 0:
                    times[name].append(time.perf_counter() - began)
        bare.socket.close()
    bare_ms, ours_ms = (1000 * statistics.median(times[name]) for name in ("bare", "ours"))
    return {"bare_ms": round(bare_ms, 2), "ours_ms": round(ours_ms, 2), "overhead_ratio": round(ours_ms / bare_ms, 3)}


def tiny_video(folder: Path) -> bytes:
    import numpy as np

    frames = [np.full((96, 96, 3), 60 + 20 * (t % 4), np.uint8) for t in range(4)]
    encode(frames, folder / "tiny.mp4", fps=24)
    return (folder / "tiny.mp4").read_bytes()


def lookup(count: int, folder: Path, url: str) -> dict:
    """A batch of `count` covers that the store and the output folder have already: one is rendered, the others' jobs
    are recorded with its files, a first run fills the folder, the second is measured."""
    workflow = load_workflow("tiny", write_workflows(folder / "workflows"))
    covers = folder / "covers"
    for number in range(count):
        write_cover(covers / f"c{number:05}.png", number)
    rows = read_source(str(covers))
    with Store(folder / "store") as store:
        (first,) = Batch(rows[:1], folder / "out", workflow, [url], store, {}).run()
        assert first.entry and first.entry.video and first.entry.poster and first.entry.sidecar
        with Comfy(url) as comfy:
            versions = tuple(sorted(check.require(comfy, workflow)[1].items()))
        values = tuple(sorted(workflow.read_values({}).items()))
        for row in rows[1:]:
            job = Job(store.cover_hash(row.cover), workflow.id, workflow.sha256, values, versions)
            store.claim(job, row.cover.name)
            store.record(job.key, first.entry.video, first.entry.poster, first.entry.sidecar, True, 1.0)
        Batch(rows, folder / "out", workflow, [url], store, {}).run()
        began = time.perf_counter()
        outcomes = Batch(read_source(str(covers)), folder / "out", workflow, [url], store, {}, resume=True).run()
        seconds = time.perf_counter() - began
    assert all(outcome.reused for outcome in outcomes) and len(outcomes) == count
    return {"lookups": count, "lookup_seconds": round(seconds, 2)}


def memory(jobs: int, folder: Path, url: str) -> dict:
    """Peak memory of a client in a process of its own, after a tenth of the jobs and at the end."""
    command = [sys.executable, __file__, "--client", url, str(jobs), str(folder)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout
    return json.loads(told.splitlines()[-1])


def client(url: str, jobs: int, folder: Path) -> None:
    import resource

    peaks = []

    def peak(outcome: object) -> None:
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))

    workflow = load_workflow("tiny", write_workflows(folder / "workflows"))
    for number in range(jobs):
        write_cover(folder / "many" / f"c{number:05}.png", number + 10**6)
    with Store(folder / "memory") as store:
        rows = read_source(str(folder / "many"))
        Batch(rows, folder / "many-out", workflow, [url], store, {}, on_outcome=peak).run()
    print(json.dumps({"memory_jobs": jobs, "memory_mb": [round(peaks[jobs // 10]), round(peaks[-1])]}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=50)
    parser.add_argument("--done", type=int, default=3000)
    parser.add_argument("--memory-jobs", type=int, default=600)
    parser.add_argument("--client", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        return client(options.client[0], int(options.client[1]), Path(options.client[2]))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        result = {"benchmark": "orchestrator", "jobs": options.jobs, **overhead(options.jobs, folder)}
        stand_in = Hostile(tiny_video(folder))
        result |= memory(options.memory_jobs, folder, stand_in.url)
        result |= lookup(options.done, folder, stand_in.url)
        stand_in.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
