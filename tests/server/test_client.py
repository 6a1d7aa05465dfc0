"""The client against a real ComfyUI: every trap of its API has a rule in the client, and its test here."""

import os
import signal
import sys
import time
import uuid
from pathlib import Path

import pytest
import requests
from coverloop.core.errors import JobError, ServerError, UsageError
from coverloop.orchestrator.server import embedded
from coverloop.orchestrator.server import follow as following
from coverloop.orchestrator.server.client import Comfy
from coverloop.orchestrator.server.events import Finished, Queued, Running
from coverloop.orchestrator.server.follow import Patience, follow
from coverloop.orchestrator.server.wire import JobLost, JobStopped, OutputFile, OutputGone, ServerAway, output_files
from hostile import Hostile

from prompts import slow_prompt, video_prompt


@pytest.fixture
def comfy(comfyui):
    with Comfy(comfyui.url) as client:
        yield client


@pytest.fixture
def color():
    """Another colour each time, so that no test meets another's cached results."""
    return uuid.uuid4().int % 0xFFFFFF


def finish(comfy: Comfy, prompt, prompt_id: str | None = None) -> Finished:
    prompt_id = prompt_id or str(uuid.uuid4())
    comfy.submit(prompt, prompt_id)
    return list(follow(comfy, prompt_id, prompt))[-1]


def test_a_job_runs_and_its_video_comes_down(comfy, color, tmp_path):
    prompt, prompt_id = video_prompt("comfy/first", color), str(uuid.uuid4())
    comfy.submit(prompt, prompt_id)
    events = list(follow(comfy, prompt_id, prompt))
    assert [event.title for event in events if isinstance(event, Running)][-1] == "SaveVideo"
    (file,) = events[-1].files
    assert file.suffix == ".mp4" and file.subfolder == "comfy" and set(events[-1].node_seconds) == {"1", "2", "3"}
    size = comfy.download(file, tmp_path / "a.mp4")
    assert size == (tmp_path / "a.mp4").stat().st_size and (tmp_path / "a.mp4").read_bytes()[4:8] == b"ftyp"


def test_trap_1_number_is_never_sent(comfy, color, monkeypatch):
    bodies = []
    send = comfy._http.session.request
    monkeypatch.setattr(comfy._http.session, "request", lambda *a, **k: bodies.append(k.get("json")) or send(*a, **k))
    finish(comfy, video_prompt("comfy/number", color))
    (body,) = [body for body in bodies if body and "prompt" in body]
    assert "number" not in body and body["client_id"] == comfy.client_id


def test_trap_2_a_cut_socket_costs_nothing_but_a_few_events(comfy, color):
    prompt, prompt_id = slow_prompt("comfy/cut", color, side=2000), str(uuid.uuid4())
    comfy.submit(prompt, prompt_id)
    events, cut = [], False
    for event in follow(comfy, prompt_id, prompt):
        events.append(event)
        if isinstance(event, Running) and event.node == "1" and not cut:
            cut = True
            comfy.socket._socket.sock.shutdown(2)  # as a proxy that drops the connection
            after = len(events)
    assert cut and isinstance(events[-1], Finished) and events[-1].files
    assert any(isinstance(event, Running) for event in events[after:]), "no progress after reconnecting"


def test_trap_2_the_old_socket_is_closed_before_a_new_one_opens(comfy, color):
    for round in range(3):
        finish(comfy, video_prompt("comfy/again", color + round))
        old = comfy.socket._socket
        comfy.socket.close()
        assert not old.connected
    prompt, prompt_id = video_prompt("comfy/again", color + 9), str(uuid.uuid4())
    comfy.submit(prompt, prompt_id)
    assert any(isinstance(event, Running) for event in follow(comfy, prompt_id, prompt)), "the new socket is silent"


def test_trap_3_history_is_there_when_a_job_is_called_finished(comfy, color):
    for number in range(40):
        assert finish(comfy, video_prompt("comfy/many", color + number)).files


def test_trap_4_a_fully_cached_prompt_still_has_its_files(comfy, color):
    prompt = video_prompt("comfy/cached", color)
    assert finish(comfy, prompt).files == finish(comfy, prompt).files != ()


def test_trap_5_outputs_dropped_in_a_200_are_a_failure(comfy, color):
    prompt = video_prompt("comfy/dropped", color)
    prompt["9"] = {"class_type": "SaveImage", "inputs": {"filename_prefix": "x"}}  # its images are missing
    prompt_id = str(uuid.uuid4())
    with pytest.raises(JobError, match=r"SaveImage \(node 9\).*images"):
        comfy.submit(prompt, prompt_id)
    deadline = time.monotonic() + 5
    while prompt_id in comfy.queue().running + comfy.queue().pending:
        assert time.monotonic() < deadline, "it was left on the queue"
        time.sleep(0.05)


def test_trap_6_a_deleted_output_is_made_again(comfyui, comfy, color, tmp_path):
    prompt = video_prompt("comfy/deleted", color)
    first = finish(comfy, prompt).files[0]
    (comfyui.base / "output" / first.subfolder / first.filename).unlink()
    again = finish(comfy, prompt).files[0]
    with pytest.raises(OutputGone, match="gone"):
        comfy.download(again, tmp_path / "a.mp4")
    comfy.free()
    assert comfy.download(finish(comfy, prompt).files[0], tmp_path / "a.mp4") > 0


def test_a_refused_prompt_names_node_and_input(comfy):
    prompt = {"1": {"class_type": "EmptyImage", "inputs": {"width": -5, "height": 64, "batch_size": 1, "color": 0}}}
    prompt["2"] = {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}
    with pytest.raises(JobError, match=r"EmptyImage \(node 1\).*width"):
        comfy.submit(prompt, str(uuid.uuid4()))
    with pytest.raises(JobError, match="NoSuchNode"):
        comfy.submit({"1": {"class_type": "NoSuchNode", "inputs": {}}}, str(uuid.uuid4()))


def test_a_node_that_fails_is_named(comfy, color):
    prompt = video_prompt("comfy/odd", color)
    prompt["4"] = {"class_type": "ImageBatch", "inputs": {"image1": ["1", 0], "image2": ["5", 0]}}
    prompt["5"] = {"class_type": "LatentToNothing", "inputs": {}}
    with pytest.raises(JobError):
        comfy.submit(prompt, str(uuid.uuid4()))
    bad = {"1": {"class_type": "LoadImage", "inputs": {"image": comfy.upload("broken.png", b"not a picture")}}}
    bad["2"] = {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}
    with pytest.raises(JobError, match=r"LoadImage \(node 1\): .*identify"):
        finish(comfy, bad)


def test_positions_in_the_queue_and_a_job_deleted_from_it(comfy, comfyui, color):
    with Comfy(comfyui.url) as other:
        first, second, third = (str(uuid.uuid4()) for _ in range(3))
        other.submit(slow_prompt("comfy/long", color, side=2500), first)
        other.submit(video_prompt("comfy/second", color), second)
        prompt = video_prompt("comfy/third", color + 1)
        comfy.submit(prompt, third)
        events = follow(comfy, third, prompt)
        assert next(events) == Queued(2)
        assert comfy.queue().pending == (second, third)
        other.cancel(third)
        with pytest.raises(JobLost, match="no longer knows"):
            list(events)
        other.cancel(first)
        other.cancel(second)


def test_an_interrupt_stops_our_job_and_no_other(comfy, comfyui, color):
    prompt, mine, foreign = slow_prompt("comfy/stop", color, side=2000), str(uuid.uuid4()), str(uuid.uuid4())
    comfy.submit(prompt, mine)
    events = follow(comfy, mine, prompt)
    while not isinstance(next(events), Running):
        pass
    comfy.cancel(foreign)
    assert mine in comfy.queue().running
    comfy.cancel(mine)
    with pytest.raises(JobStopped):
        list(events)


def test_a_front_job_overtakes(comfy, color):
    long, late, urgent = (str(uuid.uuid4()) for _ in range(3))
    comfy.submit(slow_prompt("comfy/long", color), long)
    while long not in comfy.queue().running:
        time.sleep(0.02)
    comfy.submit(video_prompt("comfy/late", color), late)
    comfy.submit(video_prompt("comfy/urgent", color + 1), urgent, front=True)
    assert comfy.queue().pending == (urgent, late)
    comfy.cancel(long)
    prompt = video_prompt("comfy/late", color)
    assert isinstance(list(follow(comfy, late, prompt))[-1], Finished)


def test_upload_under_a_content_name_is_stored_once(comfy, comfyui):
    assert comfy.upload("abc.png", b"one") == "abc.png" == comfy.upload("abc.png", b"one")
    assert comfy.upload("abc.png", b"two") != "abc.png", "other bytes must not replace the first"
    assert len(list((comfyui.base / "input").glob("abc*"))) == 2


def test_a_lost_answer_to_a_post_is_looked_up(comfy, color, monkeypatch):
    prompt, prompt_id = video_prompt("comfy/lost", color), str(uuid.uuid4())
    send = comfy._http.session.request

    def cut(method, url, **rest):
        response = send(method, url, **rest)
        if url.endswith("/prompt"):
            response.close()
            raise requests.exceptions.ReadTimeout("timed out")
        return response

    monkeypatch.setattr(comfy._http.session, "request", cut)
    comfy.submit(prompt, prompt_id)
    assert list(follow(comfy, prompt_id, prompt))[-1].files


class Fragile:
    """A server of its own for tests that harm it; `restart` keeps its port and folder."""

    def __init__(self, base: Path):
        self.base = base
        self.server = embedded.start(base)
        self.broken = False

    def restart(self) -> None:
        self.server.process.kill()
        self.server.stop()
        self.server = embedded.start(self.base, port=self.server.port)
        self.broken = False


@pytest.fixture(scope="module")
def fragile_server(tmp_path_factory):
    fragile = Fragile(tmp_path_factory.mktemp("fragile"))
    yield fragile
    fragile.server.stop()


@pytest.fixture
def fragile(fragile_server):
    if fragile_server.broken:
        fragile_server.restart()
    return fragile_server


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP on Windows")
def test_a_stopped_server_is_waited_for(fragile):
    with Comfy(fragile.server.url, timeout=0.5) as comfy:
        prompt, prompt_id = slow_prompt("x", 5, side=1500), str(uuid.uuid4())
        comfy.submit(prompt, prompt_id)
        events = follow(comfy, prompt_id, prompt, patience=Patience())
        while not isinstance(next(events), Running):
            pass
        os.kill(fragile.server.process.pid, signal.SIGSTOP)
        try:
            deadline = time.monotonic() + 3
            with pytest.raises(ServerAway, match="no answer"):
                while time.monotonic() < deadline:
                    comfy.stats()
        finally:
            os.kill(fragile.server.process.pid, signal.SIGCONT)
        assert list(events)[-1].files


def test_a_server_killed_in_the_middle_is_a_lost_job(fragile):
    with Comfy(fragile.server.url) as comfy:
        prompt, prompt_id = slow_prompt("x", 3, side=2500), str(uuid.uuid4())
        comfy.submit(prompt, prompt_id)
        events = follow(comfy, prompt_id, prompt, patience=Patience())
        while not isinstance(next(events), Running):
            pass
        fragile.restart()
        with pytest.raises(JobLost):
            list(events)
        assert finish(comfy, video_prompt("x", 4)).files, "the same client works on after the restart"


def test_trap_1_a_dead_worker_is_told(fragile, monkeypatch):
    monkeypatch.setattr(following, "STUCK_SECONDS", 1.0)
    fragile.broken = True
    with Comfy(fragile.server.url) as comfy:
        prompt, victim, running = video_prompt("x", 1), str(uuid.uuid4()), str(uuid.uuid4())
        comfy.submit(slow_prompt("x", side=1500), running)
        for number, prompt_id in (
            (1, str(uuid.uuid4())),
            (5, victim),
            (5, victim),
        ):  # twice the same, as a careless client would
            body = {"prompt": prompt, "prompt_id": prompt_id, "number": number, "client_id": "x"}
            requests.post(f"{fragile.server.url}/prompt", json=body, timeout=10).raise_for_status()
        with pytest.raises(ServerError, match="worker is dead, restart it"):
            list(follow(comfy, victim, prompt))


def test_patience_ends(fragile_server):
    fragile = fragile_server
    fragile.broken = True
    with Comfy(fragile.server.url) as comfy:
        prompt, prompt_id = slow_prompt("x", 6, side=2500), str(uuid.uuid4())
        comfy.submit(prompt, prompt_id)
        fragile.server.stop()
        with pytest.raises(ServerAway, match="cannot be reached") as caught:
            list(follow(comfy, prompt_id, prompt, patience=Patience(1, 1)))
        assert caught.value.refused


@pytest.mark.parametrize("address", ["ftp://host", "http://", "http://host:port", "http://host?x=1", "::::"])
def test_addresses_that_are_none(address):
    with pytest.raises(UsageError, match="not a server address"):
        Comfy(address)


def test_a_login_in_the_address_is_sent_and_not_shown(monkeypatch):
    client = Comfy("https://me:p%40ss@example.org/comfy/")
    assert client.url == "https://example.org/comfy" and "p@ss" not in repr(client.__dict__)
    assert client._http.session.headers["Authorization"] == "Basic bWU6cEBzcw=="
    monkeypatch.setenv("COMFYUI_AUTH", "Bearer token")
    assert (
        Comfy("host:1")._http.session.headers["Authorization"] == "Bearer token"
        and Comfy("host:1").url == "http://host:1"
    )


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        *(("../x.mp4", ""), ("/etc/passwd", ""), ("a\\b.mp4", ""), ("..", ""), ("", ""), ("C:x.mp4", "")),
        *(("x.mp4", "../.."), ("x.mp4", "/etc"), ("x.mp4", "a\\..\\..\\b"), ("x.mp4", "C:\\x")),
    ],
)
def test_names_outside_the_servers_folder_are_refused(name, folder):
    with pytest.raises(ServerError, match="outside its folder"):
        output_files({"1": {"images": [{"filename": name, "subfolder": folder, "type": "output"}]}})


def test_outputs_are_taken_from_any_key_that_holds_files():
    outputs = {
        "1": {"images": [{"filename": "a.mp4", "subfolder": "s", "type": "output"}], "animated": [True]},
        "2": {"gifs": [{"filename": "b.webm", "format": "video/webm"}], "text": ["hello"], "odd": 3},
        "3": None,
    }
    assert output_files(outputs) == (OutputFile("1", "a.mp4", "s", "output"), OutputFile("2", "b.webm", "", "output"))
    assert output_files(None) == output_files([1]) == ()


@pytest.mark.parametrize(("status", "calls"), [(200, 1), (404, 3), (405, 3)])
def test_a_job_is_cancelled_in_one_step_where_the_server_can(status, calls):
    server = Hostile()
    server.answers["POST", "/api/jobs/.*/cancel"] = lambda handler: handler.send({"cancelled": True}, status)
    with Comfy(server.url) as client:
        client.cancel("b0a1")
    server.close()
    asked = ["/api/jobs/b0a1/cancel", "/queue", "/interrupt"]
    assert [path for _, path in server.requests] == asked[:calls]


CUT = {"status": "failed", "execution_error": {"node_type": "KSampler", "node_id": "3", "exception_message": "no"}}


@pytest.mark.parametrize(
    ("job", "told"),
    [
        ({"status": "in_progress"}, None),
        ({"status": "completed", "outputs": {"9": {"images": [{"filename": "a.mp4"}]}}}, ("", False, 1)),
        (CUT, ("KSampler (node 3): no", False, 0)),
        ({"status": "cancelled"}, ("", True, 0)),
        ([1], None),
    ],
)
def test_a_server_without_history_is_asked_for_the_job(job, told):
    server = Hostile()
    server.answers["GET", "/history/b0a1"] = lambda handler: handler.send({}, 404)
    server.answers["GET", "/api/jobs/b0a1"] = lambda handler: handler.send(job, 200)
    with Comfy(server.url) as client:
        history = client.history("b0a1")
    server.close()
    assert told == (None if history is None else (history.error, history.stopped, len(history.files)))
