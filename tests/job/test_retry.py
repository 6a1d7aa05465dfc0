"""One policy decides what becomes of a job whose attempt failed; one attempt writes down how each submission ended."""

import threading
import time

import pytest
from coverloop.core.errors import CoverError, JobError, ServerError
from coverloop.orchestrator.job import manifest
from coverloop.orchestrator.job.retry import ANY_SERVER, ONE_SERVER, RetryPolicy, Step, Tally
from coverloop.orchestrator.job.run import Fault, FaultKind
from coverloop.orchestrator.server.wire import ServerAway
from coverloop.orchestrator.store.store import Store
from coverloop.orchestrator.verbs import render as render_verb
from coverloop.orchestrator.verbs.render import render_all
from hostile import Hostile
from rich.console import Console
from tiny import write_cover, write_workflows


def decide(policy, *kinds):
    tally = Tally()
    for kind in kinds:
        fault = Fault(kind, JobError("it broke"), "id", "http://one")
        tally.count(fault)
    return policy.decide(fault, tally)


@pytest.mark.parametrize(
    ("policy", "kinds", "step"),
    [
        (ANY_SERVER, ["failed"] * 2, Step.AGAIN),
        (ANY_SERVER, ["failed"] * 3, Step.GIVE_UP),
        (ANY_SERVER, ["gone", "failed", "gone"], Step.GIVE_UP),
        (ANY_SERVER, ["lost"] * 50 + ["away"] * 50, Step.AGAIN),
        (ANY_SERVER, ["killed"], Step.AGAIN),
        (ANY_SERVER, ["killed", "lost", "killed"], Step.SET_ASIDE),
        (ANY_SERVER, ["ours"], Step.GIVE_UP),
        (ANY_SERVER, ["stopped"], Step.STOP),
        (ONE_SERVER, ["away"], Step.GIVE_UP),
        (ONE_SERVER, ["lost", "lost"], Step.AGAIN),
        (ONE_SERVER, ["lost", "lost", "lost"], Step.GIVE_UP),
    ],
)
def test_what_becomes_of_a_job(policy, kinds, step):
    assert decide(policy, *map(FaultKind, kinds)).step is step


def test_waits_grow_and_the_last_reason_says_how_often():
    policy = RetryPolicy(failures=4, back_off=2.0)
    assert [decide(policy, *[FaultKind.FAILED] * tries).wait for tries in (1, 2, 3)] == [2.0, 8.0, 32.0]
    assert decide(policy, *[FaultKind.FAILED] * 4).reason == "it broke (tried 4 times)"


def test_what_a_fault_says_of_its_server():
    def fault(error, prompt_id="id"):
        return Fault(FaultKind.AWAY, error, prompt_id, "http://one")

    assert fault(ServerAway("silent")).left_behind and fault(ServerAway("silent")).of_server
    assert not fault(ServerAway("dead", refused=True)).left_behind and not fault(ServerAway("silent"), "").left_behind
    assert fault(ServerError("no ComfyUI")).of_server
    assert not fault(JobError("a node failed")).of_server and not fault(CoverError("no picture")).of_server


@pytest.fixture
def cover(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "FOLDER", write_workflows(tmp_path / "workflows"))
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(render_verb, "BUSY_WAIT", 0.05)
    return write_cover(tmp_path / "blue.png", 11)


def render(cover, url):
    (result,) = render_all([cover], cover.parent / "out", "tiny", url, {}, Console(quiet=True))
    return result


def test_a_failed_render_leaves_nothing_for_a_later_batch_to_adopt(cover):
    server = Hostile()
    refusal = {"error": {"message": "bad graph"}, "node_errors": {}}
    server.answers["POST", "/prompt"] = lambda handler: handler.send(refusal, 400)
    result = render(cover, server.url)
    server.close()
    assert "bad graph (tried 3 times)" in result.error
    with Store() as store:
        (entry,) = store.entries("failed")
        assert store.open_attempts(entry.key) == []
        assert [attempt.state for attempt in store.attempts(entry.key)] == ["failed"] * 3


def test_a_render_waits_for_the_process_that_has_the_job_in_hand(cover, comfyui, tmp_path):
    first = render(cover, comfyui.url)
    made = first.deliverable
    with Store() as other:
        (entry,) = other.entries()
        other._db.execute("UPDATE jobs SET state = 'running', owner = ?, video = NULL", (other.owner,))
        results = []
        thread = threading.Thread(target=lambda: results.append(render(cover, comfyui.url)))
        thread.start()
        time.sleep(0.5)
        assert thread.is_alive(), "it must not render what another process renders"
        other.record(entry.key, made.video, made.poster, made.sidecar, made.passed, 1.0)
        thread.join(30)
        assert results[0].reused and len(other.attempts(entry.key)) == 1
