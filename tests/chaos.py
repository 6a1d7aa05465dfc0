"""A batch on two ComfyUIs while everything around it fails: `python tests/chaos.py [--covers 200] [--seed 0]`.

While the batch runs, at moments drawn from the seed: each server is killed (-9) and started again, one is stopped for
some seconds, the client is killed (-9) and run again, its event sockets are cut, and an output file is deleted before
it is fetched. Afterwards every cover must have its loop, whole and under its own name, and nothing may have been
rendered to the end twice unless a kill or the deletion fell between render and record. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from coverloop.core.image import fit, read_cover
from coverloop.core.video.decode import decode
from coverloop.orchestrator.server import embedded
from coverloop.orchestrator.store.store import Store
from tiny import write_cover, write_workflows

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Faults:
    """How often what happens; `stop_seconds`: how long a server is stopped."""

    server_kills: int = 2
    client_kills: int = 2
    stops: int = 1
    stop_seconds: float = 20.0
    cuts: int = 10
    deletions: int = 1

    def plan(self, covers: int, seed: int) -> list[tuple[int, str, int]]:
        """When (so many covers done), what, to which server; in order."""
        dice = random.Random(seed)
        what = [("kill server", server) for server in (0, 1) for _ in range(self.server_kills)]
        what += [("kill client", 0)] * self.client_kills + [("stop server", dice.randrange(2))] * self.stops
        what += [("cut sockets", 0)] * self.cuts + [("delete output", 0)] * self.deletions
        return sorted((dice.randint(covers // 20, covers * 4 // 5), kind, server) for kind, server in what)


class Scene:
    """Two servers, a client, and what happens to them."""

    def __init__(self, root: Path, covers: int, slow: int):
        self.root, self.count = root, covers
        self.bases = [root / "one", root / "two"]
        self.servers = [embedded.start(base) for base in self.bases]
        self.covers = [write_cover(root / "covers" / f"cover{i:04}.png", i) for i in range(covers)]
        self.environment = {
            **os.environ,
            "COVERLOOP_STORE": str(root / "store"),
            "COVERLOOP_WORKFLOWS": str(write_workflows(root / "workflows", slow=slow)),
            "CHAOS_BASES": os.pathsep.join(map(str, self.bases)),
            "CHAOS_DELETE": str(root / "delete-next"),
        }
        self.client = self.run_client()
        self.runs = 1
        self.busy = [threading.Lock(), threading.Lock()]
        self.harming: list[threading.Thread] = []

    def run_client(self) -> subprocess.Popen:
        words = ["batch", str(self.root / "covers"), "--out", str(self.root / "out"), "--workflow", "tiny", "--resume"]
        words += [word for server in self.servers for word in ("--server", server.url)]
        with (self.root / "client.log").open("ab") as log:
            command = [sys.executable, str(HERE / "chaos_client.py"), *words]
            return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def done(self) -> int:
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(self.root / "store/jobs.sqlite3")) as db,
        ):
            return db.execute("SELECT COUNT(*) FROM jobs WHERE state = 'done'").fetchone()[0]
        return 0

    def harm_server(self, kind: str, number: int, faults: Faults) -> None:
        with self.busy[number]:
            server = self.servers[number]
            if kind == "kill server":
                os.killpg(server.process.pid, signal.SIGKILL)
                server.stop()
                self.servers[number] = embedded.start(self.bases[number], port=server.port)
            else:
                os.kill(server.process.pid, signal.SIGSTOP)
                time.sleep(faults.stop_seconds)
                os.kill(server.process.pid, signal.SIGCONT)

    def happen(self, kind: str, number: int, faults: Faults) -> None:
        if "server" in kind:  # takes a while; other things go wrong meanwhile
            thread = threading.Thread(target=self.harm_server, args=(kind, number, faults))
            thread.start()
            self.harming.append(thread)
        elif kind == "kill client":
            self.client.kill()
            self.client.wait()
            self.client = self.run_client()
            self.runs += 1
        elif kind == "delete output":
            (self.root / "delete-next").touch()
        else:
            self.client.send_signal(signal.SIGUSR1)

    def close(self) -> None:
        for thread in self.harming:
            thread.join()
        self.client.kill()
        self.client.wait()
        for server in self.servers:
            server.stop()


def play(scene: Scene, faults: Faults, seed: int, minutes: float) -> list[str]:
    """Run the batch to its end with all faults; returns what happened, with the number of covers done by then."""
    plan, happened = faults.plan(scene.count, seed), []
    deadline = time.monotonic() + 60 * minutes
    while scene.client.poll() is None or plan:
        if time.monotonic() > deadline:
            raise SystemExit(f"not finished after {minutes} minutes: {scene.done()} of {scene.count} done")
        done = scene.done()
        if plan and (done >= plan[0][0] or scene.client.poll() is not None):
            _, kind, server = plan.pop(0)
            happened.append(f"{done} done: {kind}" + (f" {server + 1}" if "server" in kind else ""))
            if scene.client.poll() is not None:
                raise SystemExit(f"the batch ended before {kind} could happen: {happened}")
            scene.happen(kind, server, faults)
        time.sleep(0.02)
    return happened


def judge(scene: Scene) -> dict:
    """Count what is missing, truncated, misnamed or rendered twice without a reason."""
    out, problems = scene.root / "out", []
    pictures = {path.stem: fit(read_cover(path).image, 64).astype(np.int16) for path in scene.covers}
    for path in scene.covers:
        try:
            clip = decode(out / f"{path.stem}.mp4")
            record = json.loads((out / f"{path.stem}.json").read_text())
            read_cover(out / f"{path.stem}.jpg")
        except Exception as error:
            problems.append(f"{path.stem}: {error}")
            continue
        if record["cover"]["sha256"] != hashlib.sha256(path.read_bytes()).hexdigest() or len(clip.frames) != 4:
            problems.append(f"{path.stem}: holds another cover or another clip")
        elif nearest(clip.frames[0], pictures) != path.stem:
            problems.append(f"{path.stem}: shows {nearest(clip.frames[0], pictures)}")
    expected = {f"{path.stem}{end}" for path in scene.covers for end in (".mp4", ".jpg", ".json")}
    strays = sorted({path.name for path in out.iterdir()} - expected - {"report.html", "report.jsonl"})
    return {"problems": problems, "strays": strays, **renders(scene, pictures)}


def nearest(frame: np.ndarray, pictures: dict[str, np.ndarray]) -> str:
    return min(pictures, key=lambda name: float(np.abs(pictures[name] - frame).mean()))


def renders(scene: Scene, pictures: dict[str, np.ndarray]) -> dict:
    """Clips the servers finished, against covers; a second one needs an attempt that was lost or failed."""
    made: dict[str, int] = {}
    for base in scene.bases:
        for path in (base / "output" / "tiny").glob("*.mp4"):
            with contextlib.suppress(Exception):  # one that was being written when its server was killed
                name = nearest(decode(path).frames[0], pictures)
                made[name] = made.get(name, 0) + 1
    twice, reasons = {name: count for name, count in made.items() if count > 1}, {}
    with Store(scene.root / "store") as store:
        entries = {Path(entry.cover).stem: entry.key for entry in store.entries()}
        for name in twice:
            reasons[name] = [attempt.state for attempt in store.attempts(entries[name])]
        attempts = sum(len(store.attempts(key)) for key in entries.values())
    unexplained = [name for name, states in reasons.items() if not {"lost", "killed", "failed"} & set(states)]
    return {"clips_made": sum(made.values()), "twice": reasons, "unexplained": unexplained, "attempts": attempts}


def chaos(root: Path, covers: int, seed: int, faults: Faults, slow: int = 2000, minutes: float = 20) -> dict:
    began = time.monotonic()
    scene = Scene(root, covers, slow)
    try:
        happened = play(scene, faults, seed, minutes)
    finally:
        scene.close()
    rows = [json.loads(line) for line in (root / "out" / "report.jsonl").read_text("utf-8").splitlines()]
    states: dict[str, int] = {}
    for row in rows:
        states[row["state"]] = states.get(row["state"], 0) + 1
    result = judge(scene)
    result["problems"] += ["no output file was deleted"] if (root / "delete-next").exists() else []
    good = states == {"done": covers} and not (result["problems"] or result["strays"] or result["unexplained"])
    seconds = round(time.monotonic() - began, 1)
    head = {
        "chaos": "passed" if good else "failed",
        "covers": covers,
        "seed": seed,
        "seconds": seconds,
        **asdict(faults),
    }
    return {**head, "states": states, "client_runs": scene.runs, **result, "happened": happened}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--covers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the moments at which things fail")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave everything there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = chaos(options.keep or Path(scratch), options.covers, options.seed, Faults())
    print(json.dumps(result, indent=1))  # noqa: T201
    return 0 if result["chaos"] == "passed" else 1


if __name__ == "__main__":
    sys.exit(main())
