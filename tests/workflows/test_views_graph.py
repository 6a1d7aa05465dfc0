"""`views_v1` and `coverloop views`, run by a real ComfyUI over HTTP on tiny random weights with the official names."""

import json
import uuid
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np
import pytest
import tiny_edit
from click.testing import CliRunner
from coverloop.core.errors import JobError
from coverloop.core.image import read_cover
from coverloop.core.video.decode import decode
from coverloop.orchestrator.cli.main import cli
from coverloop.orchestrator.job import check, manifest
from coverloop.orchestrator.job.manifest import load_workflow
from coverloop.orchestrator.server.client import Comfy
from coverloop.orchestrator.server.events import Finished
from coverloop.orchestrator.server.follow import follow
from tiny import write_workflows


@pytest.fixture(scope="module")
def server(random_comfyui):
    tiny_edit.make(random_comfyui.base / "models")
    return random_comfyui


@pytest.fixture(scope="module")
def comfy(server):
    with Comfy(server.url, timeout=60) as comfy:
        yield comfy


@pytest.fixture(scope="module")
def cover(tmp_path_factory):
    ground = cv2.resize(np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8), (256, 256))
    cv2.circle(ground, (120, 140), 50, (240, 220, 160), -1)
    path = tmp_path_factory.mktemp("cover") / "달 moon.png"
    cv2.imencode(".png", ground)[1].tofile(path)
    return path


@pytest.fixture(scope="module")
def views(comfy, cover, tmp_path_factory):
    """The pictures of some cameras, (N, H, W, 3) uint8, in their order."""
    uploaded = comfy.upload("moon.png", cover.read_bytes())
    folder = tmp_path_factory.mktemp("seen")

    def seen(angles="left45", **values):
        workflow = load_workflow("views")
        prompt = workflow.build(workflow.read_values({"steps": 2, "angles": angles, **values}), {"cover": uploaded})
        prompt_id = str(uuid.uuid4())
        comfy.submit(prompt, prompt_id)
        end = list(follow(comfy, prompt_id, prompt))[-1]
        assert isinstance(end, Finished), end
        made = []
        for file in end.files:
            if file.node == workflow.output_node:
                comfy.download(file, folder / "view.png")
                made.append(read_cover(folder / "view.png").image.astype(int))
        return np.stack(made)

    return seen


@pytest.fixture(scope="module")
def first(views):
    return views()


def test_every_camera_has_its_picture_in_one_run(views, first):
    seen = views("left45,top")
    assert seen.shape == (2, 128, 128, 3) and seen.std() > 5  # the stand-in's VAE halves a megapixel three times
    assert np.array_equal(seen[0], first[0]), "the same as alone"
    assert np.abs(seen[0] - seen[1]).mean() > 0.05


@pytest.mark.parametrize(
    "values",
    [
        {"seed": 1},
        {"angles": "right45"},
        {"angle_lora": "none"},
        {"angle_strength": 0.3},
        {"lightning": "none"},
        {"lightning_strength": 0.3},
        {"cfg": 4.0},
        {"steps": 3},
        {"shift": 1.0},
    ],
    ids=str,
)
def test_what_is_asked_changes_the_picture(views, first, values):
    assert np.abs(views(**values) - first).mean() > 0.02


def test_a_lora_of_another_model_stops_the_run_and_is_named(views):
    with pytest.raises(JobError, match=f"LoRA {tiny_edit.STRANGER} does not fit this model"):
        views(angle_lora=tiny_edit.STRANGER)


def test_check_names_each_missing_file_with_its_address_size_and_folder(comfy, comfyui):
    workflow = load_workflow("views")
    assert check.missing(comfy, workflow, check.ask(comfy), check.interfaces(comfy, workflow)) == []
    with Comfy(comfyui.url, timeout=60) as bare:
        lacking = check.missing(bare, workflow, check.ask(bare), check.interfaces(bare, workflow))
    assert [one.kind for one in lacking] == ["model"] * 5
    assert all(one.where.startswith("put it in models/") and "https://" in one.where for one in lacking)
    assert all(model.bytes > 1e8 for model in workflow.models)


def call(*words):
    return CliRunner().invoke(cli, ["views", *map(str, words)], standalone_mode=False)


def test_the_verb_writes_a_picture_for_each_angle_and_says_how_they_agree(server, cover, tmp_path):
    words = ("--out", tmp_path, "--server", server.url, "--json", "--set", "steps=1")
    done = call(cover, "--angles", "left45, low+close", *words)
    assert done.exception is None, done.exception
    record = json.loads(done.stdout)
    names = {"달 moon.left45.png", "달 moon.low+close.png", "달 moon.views.png", "달 moon.views.json"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert [row["angle"] for row in record["views"]] == ["left45", "low+close"]
    assert record["views"][0]["prompt"] == "将镜头向左旋转45度 Rotate the camera 45 degrees to the left."
    assert 0 <= record["mean"]["composite"] <= 100 and record["identity_by"] is None
    assert len(record["models"]) == 5 and record["parameters"]["steps"] == 1
    assert json.loads((tmp_path / "달 moon.views.json").read_text("utf-8")) == record


def test_full_needs_no_lightning_lora(server, cover, tmp_path):
    words = ("--full", "--set", "steps=1", "--set", "angle_lora=none")
    done = call(cover, "--angles", "top", "--out", tmp_path, "--server", server.url, "--json", *words)
    assert done.exception is None, done.exception
    record = json.loads(done.stdout)
    assert record["parameters"]["cfg"] == 2.5
    assert {model["directory"] for model in record["models"]} == {"diffusion_models", "text_encoders", "vae"}


def test_bad_calls_are_one_line_before_a_server_is_asked(cover, tmp_path):
    tiny, out = tmp_path / "tiny.png", tmp_path / "out"
    cv2.imwrite(str(tiny), np.zeros((8, 8, 3), np.uint8))
    nowhere = ("--server", "http://127.0.0.1:9")
    for words, message in (
        ((cover, "--angles", "left45,left30"), "unknown angle left30; there are left, right, up"),
        ((cover, "--angles", "behind"), "rotate=180: the angle LoRA of 2509 knows -90 to 90"),
        ((cover, "--angles", ""), "no angle is named"),
        ((tiny, "--angles", "top"), "8x8 is too small"),
        ((cover, "--angles", "top", "--set", "steps=0"), "steps=0"),
        ((cover, "--angles", "top", "--set", "angles=low"), "--set angles: the cameras are named by --angles"),
        ((cover, "--angles", "top", "--loop", "--workflow", "no_such"), "unknown workflow no_such"),
        ((cover, "--angles", "top", "--clip", tmp_path / "gone.onnx"), "gone.onnx: no such file"),
    ):
        done = call(*words, "--out", out, *nowhere)
        assert message in str(done.exception) and "\n" not in str(done.exception), done.exception
        assert not out.exists() or not list(out.iterdir())


@pytest.fixture
def with_tiny(tmp_path, monkeypatch):
    """Loops are made by a small workflow of stock nodes."""
    parts = (manifest.FOLDER / "manifest.toml").read_text("utf-8").split("\n\n")
    ours = "\n\n".join(part for part in parts if part.lstrip("[").startswith("views_v1"))
    folder = write_workflows(tmp_path / "workflows", extra=f"\n{ours}\n")
    for name in ("views_v1.json", "api/views_v1.json"):
        (folder / name).write_bytes((manifest.FOLDER / name).read_bytes())
    monkeypatch.setattr(manifest, "FOLDER", folder)
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))


def test_views_go_on_into_loops_in_the_same_run(server, cover, with_tiny, tmp_path):
    words = ("--out", tmp_path / "out", "--server", server.url, "--json", "--set", "steps=1")
    done = call(cover, "--angles", "left45,top", "--loop", "--workflow", "tiny", *words)
    record = json.loads(done.stdout)
    assert [Path(loop["video"]).name for loop in record["loops"]] == ["달 moon.left45.mp4", "달 moon.top.mp4"]
    view = read_cover(tmp_path / "out" / "달 moon.top.png").image
    clip = decode(tmp_path / "out" / "달 moon.top.mp4").frames
    assert len(clip) == 4
    same = cv2.resize(view, clip[0].shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(clip[0].astype(int) - same).mean() < 12, "the loop begins with its view"


def test_a_campaign_is_the_cover_and_its_views_for_every_place_on_one_page(server, cover, with_tiny, tmp_path):
    out = tmp_path / "out"
    words = ("--workflow", "tiny", "--set", "size=64", "--server", server.url, "--json", "--way", "crop")
    asked = ["campaign", cover, "--angles", "left45", "--preset", "web.gif,web.webp", "--out", out, *words]
    done = CliRunner().invoke(cli, list(map(str, asked)), standalone_mode=False)
    made = json.loads(done.stdout)
    assert [row["angle"] for row in made["pictures"]] == ["cover", "left45"] and not made["pictures"][0]["error"]
    page = (out / "campaign.html").read_text("utf-8")
    for row in made["pictures"]:
        assert [file["preset"] for file in row["files"]] == ["web.gif", "web.webp"]
        for file in row["files"]:
            assert (out / file["video"]).is_file() and (out / file["poster"]).is_file()
            assert quote(file["video"]) in page and quote(file["poster"]) in page
    assert f"agrees to {made['pictures'][1]['composite']:.0f} of 100" in page
    assert {path.name for path in out.glob("*.png")} == {"달 moon.left45.png", "달 moon.views.png"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--preset", "moon"), "'moon': no such preset"),
        (("--workflow", "no_such"), "unknown workflow no_such"),
        (("--set", "size=1"), "size=1"),
        (("--angles", "left30"), "unknown angle left30"),
    ],
)
def test_a_campaign_is_refused_before_its_views_are_made(cover, tmp_path, words, message):
    asked = ["campaign", cover, "--out", tmp_path / "out", "--server", "http://127.0.0.1:9", *words]
    done = CliRunner().invoke(cli, list(map(str, asked)), standalone_mode=False)
    assert message in str(done.exception) and not (tmp_path / "out").exists()
