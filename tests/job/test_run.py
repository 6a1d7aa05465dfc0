"""One cover through a server, honest, forgetful or hostile: what is delivered can be trusted, or nothing is."""

import json
import logging
import os
import time
import zlib
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from coverloop.core.errors import CoverLoopError, JobError, ServerError, UsageError
from coverloop.core.image import read_cover
from coverloop.core.video.decode import decode
from coverloop.core.video.encode import encode
from coverloop.orchestrator.job import check, deliver
from coverloop.orchestrator.job.attempts import Attempt, AttemptState
from coverloop.orchestrator.job.manifest import load_workflow
from coverloop.orchestrator.job.request import make_job, open_cover
from coverloop.orchestrator.job.retry import RetryPolicy, render_cover
from coverloop.orchestrator.job.run import Renderer, Stage, output_folder
from coverloop.orchestrator.server import client, follow
from coverloop.orchestrator.server.client import Comfy
from coverloop.orchestrator.server.events import Finished, Running
from coverloop.orchestrator.server.follow import Patience
from coverloop.orchestrator.server.wire import JobLost, JobStopped, ServerAway
from hostile import Hostile
from tiny import write_cover, write_workflows


@pytest.fixture(autouse=True)
def _asked_often(monkeypatch):
    """The hostile server tells nothing by itself: what became of a job is asked."""
    monkeypatch.setattr(follow, "POLL_SECONDS", 0.2)


@pytest.fixture
def workflow(tmp_path):
    return load_workflow("tiny", write_workflows(tmp_path / "workflows"))


@pytest.fixture
def cover(tmp_path, request):
    return open_cover(
        write_cover(tmp_path / "covers" / "blue.png", number=zlib.crc32(request.node.name.encode()) % 10**6)
    )


def render(url, workflow, cover, out, timeout=15.0, **options):
    with Comfy(url, timeout=timeout) as client:
        server, versions = check.require(client, workflow)
        job = make_job(cover, workflow, {"size": 128, "strength": 0.3}, versions)
        options = {"policy": RetryPolicy(losses=3, away=1, back_off=0.0), **options}
        return render_cover(Renderer(client, workflow, server), job, cover, out / "blue", **options)


def test_a_cover_becomes_three_files(comfyui, workflow, cover, tmp_path):
    events = []
    made = render(comfyui.url, workflow, cover, tmp_path / "out", on_event=events.append)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["blue.jpg", "blue.json", "blue.mp4"]
    clip = decode(made.video)
    assert clip.frames.shape == (4, 64, 128, 3) and clip.fps == 24  # this workflow binds the width only
    assert np.abs(read_cover(made.poster).image.astype(int) - clip.frames[0]).mean() < 4
    assert [e.name for e in events if isinstance(e, Stage)] == ["upload", "download", "judge"]
    assert "Breathe" in {e.title for e in events if isinstance(e, Running)}
    assert any(isinstance(e, Finished) for e in events)


def test_no_two_jobs_write_files_of_one_name(comfyui, workflow, cover, tmp_path):
    """Not even when the first one's are gone: what was to be fetched under that name would be another cover's."""
    folder, names = comfyui.base / "output" / "tiny", []
    for number in (1, 2):
        here = open_cover(write_cover(tmp_path / f"{number}.png", number))
        before = set(folder.glob("*"))
        render(comfyui.url, workflow, here, tmp_path / "out")
        (made,) = set(folder.glob("*")) - before
        names.append(made.name)
        made.unlink()
    assert names[0] != names[1]


def test_the_sidecar_tells_everything_that_decided_the_result(comfyui, comfyui_version, workflow, cover, tmp_path):
    made = render(comfyui.url, workflow, cover, tmp_path / "out")
    record = json.loads(made.sidecar.read_text("utf-8"))
    assert record == made.record
    assert record["cover"] == {"name": "blue.png", "sha256": cover.sha256, "width": 64, "height": 64}
    assert record["workflow"] == {"id": "tiny_v2", "version": 2, "sha256": workflow.sha256}
    assert record["parameters"] == {"fps": 24.0, "mode": "normal", "size": 128, "strength": 0.3}
    assert record["server"]["comfyui"] == comfyui_version and record["server"]["python"].count(".") == 2
    assert record["judgement"]["passed"] is made.passed and isinstance(made.problems, tuple)
    assert record["files"]["video"]["frames"] == 4 and record["files"]["video"]["bytes"] == made.video.stat().st_size
    timings = record["timings"]
    assert timings["total"] >= timings["server"] >= timings["execution"] >= 0 and "SaveVideo 9" in timings["nodes"]
    assert any("the cover's shape gives" in warning for warning in record["warnings"])


def test_an_output_deleted_before_it_is_fetched_is_rendered_again(comfyui, workflow, cover, tmp_path, monkeypatch):
    fetch, deleted = Comfy.download, []

    def too_late(self, file, target, **options):
        if not deleted:
            deleted.append(comfyui.base / "output" / file.subfolder / file.filename)
            deleted[0].unlink()
        return fetch(self, file, target, **options)

    monkeypatch.setattr(Comfy, "download", too_late)
    made = render(comfyui.url, workflow, cover, tmp_path / "out")
    assert made.record["attempts"] == 2 and not deleted[0].exists() and made.video.is_file()


def test_a_submission_the_server_has_is_adopted(comfyui, workflow, cover, tmp_path):
    first = render(comfyui.url, workflow, cover, tmp_path / "out")
    earlier = Attempt(1, first.record["prompt_id"], comfyui.url, AttemptState.SENT)
    attempts = Mock(open=lambda: [earlier])
    again = render(comfyui.url, workflow, cover, tmp_path / "again", attempts=attempts)
    attempts.begin.assert_not_called()
    attempts.end.assert_called_once_with(earlier.prompt_id, AttemptState.DONE, "")
    assert again.record["prompt_id"] == first.record["prompt_id"] and again.record["attempts"] == 1
    assert again.video.read_bytes() == first.video.read_bytes()


def test_a_failed_node_leaves_nothing(comfyui, workflow, cover, tmp_path):
    workflow.prompt["2"]["inputs"]["upscale_method"] = "no such method"
    with pytest.raises(JobError, match=r"ImageScale \(node 2\).*no such method"):
        render(comfyui.url, workflow, cover, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_server_without_the_nodes_is_told_before_anything_is_sent(comfyui, workflow, cover, tmp_path):
    foreign = load_workflow("foreign", tmp_path / "workflows")
    with pytest.raises(
        ServerError, match=r"cannot run foreign_v1, it lacks node NodeOfNobody \(a pack: https://example"
    ):
        render(comfyui.url, foreign, cover, tmp_path / "out")


def test_missing_models_and_an_old_comfyui_are_named(comfyui, workflow):
    import dataclasses

    from coverloop.orchestrator.job.workflow import Model

    models = (Model("wan.safetensors", "vae", "https://example.org/wan"), Model("x", "no_such_folder", "https://x"))
    wants = dataclasses.replace(workflow, models=models, min_comfyui="99.1")
    with Comfy(comfyui.url) as client:
        lacking = check.missing(client, wants, check.ask(client), check.interfaces(client, wants))
    assert [(item.kind, item.name) for item in lacking] == [
        ("version", "ComfyUI 99.1"),
        ("model", "wan.safetensors"),
        ("model", "x"),
    ]
    assert "models/vae, from https://example.org/wan" in lacking[1].where


@pytest.fixture(scope="module")
def good_video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "a.mp4"
    x = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    frames = [
        np.tile((128 + 90 * np.sin(x + t * np.pi / 4)).astype(np.uint8)[None, :, None], (96, 1, 3)) for t in range(8)
    ]
    encode(frames, path, fps=24)
    return path.read_bytes()


@pytest.fixture
def hostile(good_video, monkeypatch):
    monkeypatch.setattr(follow, "POLL_SECONDS", 0.1)
    server = Hostile(good_video)
    yield server
    server.close()


def test_the_hostile_server_can_behave(hostile, workflow, cover, tmp_path):
    made = render(hostile.url, workflow, cover, tmp_path / "out")
    assert made.video.read_bytes() == hostile.video


def html(handler):
    handler.send_bytes(b"<html>hello</html>", "text/html")


def status(code, **headers):
    return lambda handler: handler.send_bytes(b"", "text/plain", code, **headers)


def garbage(handler):
    handler.send_bytes(b"{]", "application/json")


def nested(handler):
    handler.send_bytes(b"[" * 100_000, "application/json")


def huge(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(10 * 1024**3))
    handler.end_headers()
    handler.wfile.write(b"0" * 1000)


def endless(handler):
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    for _ in range(10_000):
        handler.wfile.write(b"0" * 100_000)


def cut(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b"0" * 1000)
    handler.close_connection = True


GET_JSON = [("GET", "/system_stats"), ("GET", "/object_info/.*"), ("POST", "/upload/image"), ("POST", "/prompt")]
GET_JSON += [("GET", "/queue"), ("GET", "/history/.*")]


@pytest.mark.parametrize("place", GET_JSON, ids=lambda place: place[1])
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (html, "text/html, not JSON; is this a ComfyUI"),
        (garbage, "not JSON"),
        (nested, "not JSON"),
        (status(302, Location="http://elsewhere"), "redirects to http://elsewhere"),
        (status(401), "refuses us .401.; set COMFYUI_AUTH"),
        (status(413), "too large for it .413."),
        (status(500), "with 500"),
    ],
    ids=["html", "garbage", "nested", "redirect", "401", "413", "500"],
)
def test_answers_no_comfyui_gives(hostile, workflow, cover, tmp_path, place, answer, message):
    hostile.answers[place] = answer
    with pytest.raises(ServerError, match=message):
        render(hostile.url, workflow, cover, tmp_path / "out")
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("place", GET_JSON, ids=lambda place: place[1])
@pytest.mark.parametrize("value", [None, 3, "x", [], {}, {"a": 1}, {"name": "../../x", "prompt_id": [], "system": 3}])
def test_json_of_another_shape(hostile, workflow, cover, tmp_path, place, value):
    hostile.answers[place] = value
    with pytest.raises(CoverLoopError):
        render(hostile.url, workflow, cover, tmp_path / "out", patience=Patience(0, 0))
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (huge, "has 10737418240 bytes; the limit is 100000000"),
        (endless, "is larger than 100000000 bytes"),
        (cut, "broke off|sent 1000 of 100000 bytes"),
        (html, "video cannot be used: video.mp4"),
        (status(200), "video cannot be used: video.mp4"),
        (status(404), "is gone"),
        (status(302, Location="http://elsewhere"), "redirects"),
    ],
    ids=["huge", "endless", "cut", "not a video", "empty", "gone", "redirect"],
)
def test_downloads_that_are_no_loop(hostile, workflow, cover, tmp_path, monkeypatch, answer, message):
    monkeypatch.setattr(client, "MAX_OUTPUT", 100_000_000)
    monkeypatch.setattr(Comfy.download, "__defaults__", (100_000_000,))
    hostile.answers["GET", "/view"] = answer
    with pytest.raises(ServerError, match=message):
        render(hostile.url, workflow, cover, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_truncated_video_is_not_delivered(hostile, workflow, cover, tmp_path):
    hostile.video = hostile.video[: len(hostile.video) * 2 // 3]
    with pytest.raises(JobError, match="video cannot be used"):
        render(hostile.url, workflow, cover, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["../evil.mp4", "/tmp/evil.mp4", "..\\evil.mp4", "C:evil.mp4"])
def test_a_file_name_that_leaves_its_folder(hostile, workflow, cover, tmp_path, name):
    hostile.filename = name
    with pytest.raises(ServerError, match="outside its folder"):
        render(hostile.url, workflow, cover, tmp_path / "out")
    assert [path.name for path in tmp_path.rglob("*evil*")] == []


def test_a_socket_that_claims_success_is_not_believed(hostile, workflow, cover, tmp_path):
    hostile.answers["GET", "/history/.*"] = {}

    def claim(handler):
        body = json.loads(handler.body)
        says = [
            {"type": kind, "data": {"prompt_id": body["prompt_id"], "node": None}}
            for kind in ("execution_success", "executing")
        ]
        hostile.socket_says = says
        handler.send({"prompt_id": body["prompt_id"], "number": 1, "node_errors": {}})

    hostile.answers["POST", "/prompt"] = claim
    with pytest.raises(JobLost, match="no longer knows the job"):
        render(hostile.url, workflow, cover, tmp_path / "out", policy=RetryPolicy(losses=2))
    assert [path for _, path in hostile.requests].count("/prompt") == 2, "a lost job is submitted again, within the cap"


@pytest.mark.parametrize(
    "says",
    [[{"type": "progress_state", "data": 3}], [{"type": []}], [{"data": {}}], [3], [{"type": "executing", "data": {}}]],
)
def test_odd_socket_messages_are_left_aside(hostile, workflow, cover, tmp_path, says):
    hostile.socket_says = says
    assert render(hostile.url, workflow, cover, tmp_path / "out").video.is_file()


def test_a_job_that_made_no_video(hostile, workflow, cover, tmp_path):
    hostile.filename = "picture.png"
    with pytest.raises(JobError, match=r"made no video \(it made picture.png\)"):
        render(hostile.url, workflow, cover, tmp_path / "out")


def test_an_interrupted_job(hostile, workflow, cover, tmp_path):
    stopped = [["execution_interrupted", {"prompt_id": "x"}]]
    hostile.answers["GET", "/history/.*"] = lambda handler: handler.send(
        hostile.history(handler.path.rpartition("/")[2], status_str="error", messages=stopped)
    )
    with pytest.raises(JobStopped, match="interrupted on the server"):
        render(hostile.url, workflow, cover, tmp_path / "out")


def test_a_silent_server_is_given_up(hostile, workflow, cover, tmp_path):
    hostile.answers["GET", "/queue"] = lambda handler: time.sleep(3)
    started = time.monotonic()
    with pytest.raises(ServerAway, match=r"no answer for [01] s"):
        render(hostile.url, workflow, cover, tmp_path / "out", timeout=0.5, patience=Patience(1, 1))
    assert time.monotonic() - started < 10


def test_a_login_goes_to_the_server_and_not_into_the_sidecar(hostile, workflow, cover, tmp_path, monkeypatch):
    monkeypatch.setenv("COMFYUI_AUTH", "Bearer s3cret")
    made = render(hostile.url, workflow, cover, tmp_path / "out")
    assert all(headers.get("Authorization") == "Bearer s3cret" for headers in hostile.headers)
    assert "s3cret" not in made.sidecar.read_text()


def test_a_clock_that_jumps_changes_nothing(hostile, workflow, cover, tmp_path, monkeypatch):
    real = time.time
    jumps = iter(range(0, 10**9, 10**5))
    monkeypatch.setattr(time, "time", lambda: real() - next(jumps))
    made = render(hostile.url, workflow, cover, tmp_path / "out")
    assert 0 <= made.record["timings"]["total"] < 60


def test_a_full_disk_is_told_and_leaves_nothing(hostile, workflow, cover, tmp_path, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(deliver, "sync", full)
    with pytest.raises(UsageError, match=r"cannot be written to \(No space left on device\); free space"):
        render(hostile.url, workflow, cover, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    place = (
        tmp_path if os.access(tmp_path, os.W_OK) is False else Path("/proc/self")
    )  # root may write anywhere but there
    with pytest.raises(UsageError, match="cannot be written to"):
        output_folder(place / "out")


def test_an_output_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UsageError, match="give a folder"):
            output_folder(place)


def test_lost_progress_is_said_once_and_costs_nothing(hostile, workflow, cover, tmp_path, caplog):
    hostile.answers["GET", "/ws"] = status(404)
    with caplog.at_level(logging.WARNING):
        assert render(hostile.url, workflow, cover, tmp_path / "out").video.is_file()
    assert "no progress events" in caplog.text


def test_the_library_call_renders_and_tells_errors(comfyui, workflow, cover, tmp_path, monkeypatch):
    from coverloop.orchestrator import render
    from coverloop.orchestrator.job import manifest as module

    monkeypatch.setattr(module, "FOLDER", tmp_path / "workflows")
    (result,) = render(cover.path, tmp_path / "out", workflow="tiny", server=comfyui.url, size=128)
    assert result.error == "" and result.deliverable.video == tmp_path / "out" / "blue.mp4"
    with pytest.raises(UsageError, match="size=1"):
        render([cover.path], tmp_path / "out", workflow="tiny", server=comfyui.url, size=1)


def test_the_key_of_a_job_knows_versions_but_not_uploads(comfyui, workflow):
    with Comfy(comfyui.url) as client:
        before = check.require(client, workflow)[1]
        client.upload("another.png", b"changes the list of pictures to choose from")
        assert check.require(client, workflow)[1] == before and set(before) == {"coverloop", "comfyui", "interfaces"}


def test_a_new_input_with_a_default_is_filled_in_and_one_without_is_named(hostile, workflow, cover, tmp_path):
    """As when a stock node of a newer ComfyUI wants more than the workflow file, which is older, gives."""
    new = {"softness": ["FLOAT", {"default": 0.5}], "image": ["IMAGE"]}
    hostile.answers["GET", "/object_info/ImageInvert"] = {"ImageInvert": {"input": {"required": new}}}
    render(hostile.url, workflow, cover, tmp_path / "out")
    assert hostile.prompts[0]["prompt"]["3"]["inputs"] == {"image": ["2", 0], "softness": 0.5}
    hostile.answers["GET", "/object_info/ImageInvert"] = {
        "ImageInvert": {"input": {"required": {**new, "map": ["MASK"]}}}
    }
    with pytest.raises(ServerError, match=r"lacks input map of ImageInvert \(node 3\) \(ComfyUI 0.3.75 wants it"):
        render(hostile.url, workflow, cover, tmp_path / "out")
