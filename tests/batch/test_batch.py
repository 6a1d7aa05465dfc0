"""Batches: one bad cover or server never stops the rest, nothing is rendered twice, the report says what happened."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from coverloop.core.video.decode import decode
from coverloop.orchestrator.batch import crew as module
from coverloop.orchestrator.batch import fleet
from coverloop.orchestrator.batch.crew import Batch
from coverloop.orchestrator.batch.sources import read_source
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.job import manifest
from coverloop.orchestrator.job.manifest import load_workflow
from coverloop.orchestrator.job.retry import RetryPolicy
from coverloop.orchestrator.server.client import Comfy
from coverloop.orchestrator.server.events import Running
from coverloop.orchestrator.store.store import Store
from hostile import Hostile
from tiny import write_cover, write_workflows


@pytest.fixture(autouse=True)
def _folders(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "FOLDER", write_workflows(tmp_path / "workflows"))
    monkeypatch.setenv("COVERLOOP_WORKFLOWS", str(tmp_path / "workflows"))
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))


@pytest.fixture
def covers(tmp_path):
    number = int(time.time() * 1000) % 10**6
    for index in range(6):
        write_cover(tmp_path / "covers" / f"c{index}.png", number + index)
    return tmp_path / "covers"


@pytest.fixture
def call(capsys):
    def run(*words):
        code = main(["batch", *(str(word) for word in words), "--workflow", "tiny"])
        return code, *capsys.readouterr()

    return run


def rows_of(folder):
    return [json.loads(line) for line in (folder / "report.jsonl").read_text("utf-8").splitlines()]


def rendered(comfyui) -> int:
    return len(list((comfyui.base / "output" / "tiny").glob("*.mp4")))


def test_a_folder_becomes_loops_and_a_report(call, covers, tmp_path, comfyui):
    (covers / "broken.png").write_bytes(b"nothing")
    out = tmp_path / "out"
    code, said, err = call(covers, "--out", out, "--server", comfyui.url)
    assert code == 1 and "7 covers" in said and str(out / "report.html") in said
    rows = rows_of(out)
    assert [row["state"] for row in rows] == ["failed", *["done"] * 6]
    assert "not a picture" in rows[0]["error"] and "[7/7]" in err
    for row in rows[1:]:
        assert decode(out / row["video"]).frames.shape[0] == 4
        assert json.loads((out / row["sidecar"]).read_text())["cover"]["name"] == f"{row['video'][:-4]}.png"
    page = (out / "report.html").read_text()
    assert page.count("<figure>") == 7 and 'src="c3.mp4" poster="c3.jpg"' in page and "not a picture" in page
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_a_second_run_renders_nothing(call, covers, tmp_path, comfyui):
    call(covers, "--out", tmp_path / "out", "--server", comfyui.url)
    before = rendered(comfyui)
    (tmp_path / "out" / "c0.mp4").write_bytes(b"spoilt")
    (tmp_path / "out" / "c1.jpg").unlink()
    _, said, _ = call(covers, "--out", tmp_path / "out", "--server", comfyui.url, "--resume", "--json")
    assert rendered(comfyui) == before and all(row["reused"] for row in json.loads(said)["rows"])
    assert decode(tmp_path / "out" / "c0.mp4") and (tmp_path / "out" / "c1.jpg").is_file()
    call(covers, "--out", tmp_path / "other", "--server", comfyui.url)
    assert rendered(comfyui) == before and (tmp_path / "other" / "c5.mp4").is_file()
    call(covers, "--out", tmp_path / "out", "--server", comfyui.url, "--force")
    with Store() as store:
        tries = [[attempt.state for attempt in store.attempts(entry.key)] for entry in store.entries("done")]
    assert tries == [["done", "done"]] * 6, "forced jobs are submitted again; ComfyUI may answer from its cache"


def test_parameters_of_rows_and_of_the_batch(call, covers, tmp_path, comfyui):
    lines = [
        "cover,out,size,strength,colour,title",
        "c0.png,a/one,128,,,",
        "c1.png,two,,0.4,,Évening <b>",
        "c2.png,,huge,,,",
    ]
    lines += ["c3.png,four,,,blue,", "gone.png,,,,,", "c4.png,../five,,,,", "c5.png,TWO,,,,"]
    (covers / "list.csv").write_text("\n".join(lines), "utf-8")
    out = tmp_path / "out"
    code, _, _ = call(covers / "list.csv", "--out", out, "--server", comfyui.url, "--set", "strength=0.3")
    rows = rows_of(out)
    values = [json.loads((out / rows[i]["sidecar"]).read_text())["parameters"] for i in (0, 1)]
    assert code == 1 and rows[0]["video"] == "a/one.mp4"
    assert (values[0]["size"], values[0]["strength"], values[1]["strength"]) == (128, 0.3, 0.4)
    told = [
        "size=huge: must be a whole number",
        "no parameter colour",
        "no such file",
        "leaves the output",
        "overwrite TWO",
    ]
    assert all(word in row["error"] for word, row in zip(told, rows[2:], strict=True)), rows
    assert "Évening &lt;b&gt;" in (out / "report.html").read_text("utf-8")


def test_the_same_cover_twice_is_rendered_once(call, covers, tmp_path, comfyui):
    (covers / "l.csv").write_text("cover,out\nc0.png,a\nc0.png,b\nc0.png,c\n")
    before = rendered(comfyui)
    call(covers / "l.csv", "--out", tmp_path / "out", "--server", comfyui.url)
    assert rendered(comfyui) == before + 1
    assert {json.loads((tmp_path / "out" / f"{n}.json").read_text())["files"]["video"]["name"] for n in "abc"} == {
        "a.mp4",
        "b.mp4",
        "c.mp4",
    }


def test_two_batches_on_one_store_share_the_work(covers, tmp_path, comfyui):
    before = rendered(comfyui)
    words = [sys.executable, "-m", "coverloop.orchestrator.cli", "batch", str(covers), "--workflow", "tiny"]
    runs = [subprocess.Popen([*words, "--out", tmp_path / name, "--server", comfyui.url]) for name in ("a", "b")]
    assert all(run.wait(120) in (0, 1) for run in runs)
    assert rendered(comfyui) == before + 6
    assert all((tmp_path / name / f"c{i}.mp4").is_file() for name in ("a", "b") for i in range(6))


def run_batch(covers, out, servers, store, **options):
    rows = read_source(str(covers))
    policy = RetryPolicy(back_off=0.05)
    return Batch(rows, out, load_workflow("tiny"), servers, store, {}, policy=policy, **options).run()


@pytest.fixture
def store():
    with Store() as store:
        yield store


def test_a_server_that_is_down_is_left_alone_and_the_other_does_the_work(covers, tmp_path, comfyui, store):
    outcomes = run_batch(covers, tmp_path / "out", ["http://127.0.0.1:1", comfyui.url], store)
    assert {(outcome.state, outcome.server) for outcome in outcomes} == {("done", comfyui.url)}


def test_no_server_at_all_is_given_up(covers, tmp_path, store, monkeypatch):
    monkeypatch.setattr(module, "GIVE_UP", 0.3)
    outcomes = run_batch(covers, tmp_path / "out", ["http://127.0.0.1:1"], store)
    assert all(o.state == "failed" and "no server: http://127.0.0.1:1: cannot be reached" in o.error for o in outcomes)


def test_a_server_that_fails_is_tried_again_a_few_times(covers, tmp_path, store, monkeypatch):
    monkeypatch.setattr(fleet, "FIRST_WAIT", 0.05)
    for path in sorted(covers.iterdir())[1:]:
        path.unlink()
    server = Hostile()
    server.answers["POST", "/prompt"] = lambda handler: handler.send_bytes(b"", "text/plain", 500)
    (outcome,) = run_batch(covers, tmp_path / "out", [server.url], store)
    server.close()
    assert outcome.state == "failed" and "with 500" in outcome.error and "tried 3 times" in outcome.error
    assert outcome.attempts == 3 and [a.state for a in store.attempts(outcome.entry.key)] == ["failed"] * 3


def test_a_cover_that_kills_the_server_twice_is_set_aside(covers, tmp_path, store, monkeypatch):
    """The server 'dies' by forgetting the job after it was seen running."""
    monkeypatch.setattr("coverloop.orchestrator.server.follow.POLL_SECONDS", 0.05)
    for path in sorted(covers.iterdir())[1:]:
        path.unlink()
    server = Hostile()
    server.answers["GET", "/history/.*"] = {}

    def run_and_die(handler):
        body = json.loads(handler.body)
        nodes = {"2": {"state": "running", "value": 0, "max": 1}}
        server.tell({"type": "progress_state", "data": {"prompt_id": body["prompt_id"], "nodes": nodes}})
        time.sleep(0.4)
        handler.send({"prompt_id": body["prompt_id"], "number": 1, "node_errors": {}})

    server.answers["POST", "/prompt"] = run_and_die
    (outcome,) = run_batch(covers, tmp_path / "out", [server.url], store)
    (again,) = run_batch(covers, tmp_path / "out", [server.url], store, resume=True)
    server.close()
    assert again.state == "poison" and again.attempts == 2, "a run that goes on leaves it aside"
    assert outcome.state == "poison" and "died 2 times" in outcome.error and outcome.attempts == 2
    assert store.find(outcome.entry.key).state == "poison"


def test_a_submission_from_before_a_crash_is_adopted(covers, tmp_path, comfyui, store):
    before = rendered(comfyui)
    outcomes = run_batch(covers, tmp_path / "out", [comfyui.url], store)
    keys = [outcome.entry.key for outcome in outcomes]
    store._db.execute("UPDATE jobs SET state = 'running', owner = 'dead', video = NULL")  # as killed before recording
    store._db.execute("UPDATE attempts SET state = 'sent', ended = NULL")
    outcomes = run_batch(covers, tmp_path / "out", [comfyui.url], store)
    assert all(o.state == "done" and not o.reused and o.attempts == 1 for o in outcomes)
    assert rendered(comfyui) == before + 6 and [o.entry.key for o in outcomes] == keys


def test_stopping_finishes_what_runs(covers, tmp_path, comfyui, store):
    rows, flow = read_source(str(covers)), load_workflow("tiny")
    batch = Batch(
        *(rows, tmp_path / "out", flow, [comfyui.url], store, {}),
        on_outcome=lambda outcome: batch.tasks.stopping or batch.tasks.interrupt(),
    )
    outcomes = batch.run()
    states = [outcome.state for outcome in outcomes]
    assert len(outcomes) == 6 and set(states) == {"done", "stopped"} and states.count("done") <= 3


def test_cancelling_a_job_interrupts_it_on_its_server(covers, tmp_path, comfyui, store):
    write_workflows(manifest.FOLDER, slow=3000)
    for path in sorted(covers.iterdir())[1:]:
        path.unlink()

    def cancel(server, cover, event):
        if isinstance(event, Running):
            for entry in store.entries("running"):
                store.cancel(entry.key)

    (outcome,) = run_batch(covers, tmp_path / "out", [comfyui.url], store, on_event=cancel)
    assert outcome.state == "cancelled" and not list((tmp_path / "out").glob("*.mp4"))
    command = [sys.executable, "-m", "coverloop.orchestrator.cli", "jobs", "list", "--json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert [job["state"] for job in told["jobs"]] == ["cancelled"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_once_finishes_and_twice_interrupts(covers, tmp_path, comfyui):
    write_workflows(manifest.FOLDER, slow=3000)
    words = [sys.executable, "-m", "coverloop.orchestrator.cli", "batch", str(covers), "--workflow", "tiny", "--json"]
    words += ["--out", str(tmp_path / "out"), "--server", comfyui.url]
    run = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stderr and run.stderr.readline().startswith("[1/6]")
    os.kill(run.pid, signal.SIGINT)
    assert any("Ctrl-C again" in line for line in run.stderr)  # the next cover may have been told before it
    os.kill(run.pid, signal.SIGINT)
    said, _ = run.communicate(timeout=60)
    summary = json.loads(said)
    assert run.returncode == 130 and (tmp_path / "out" / "report.html").is_file()
    assert summary["done"] + summary["stopped"] == 6 and summary["stopped"] >= 3
    deadline = time.monotonic() + 10
    with Comfy(comfyui.url) as client:
        while client.queue().running + client.queue().pending:
            assert time.monotonic() < deadline, "something was left on the server"
            time.sleep(0.2)
