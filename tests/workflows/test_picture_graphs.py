"""Pictures redrawn in a style and figures in another pose. The graphs of Stable Diffusion 1.5 are run by a real ComfyUI
on random weights; those of Z-Image and Qwen, whose loaders take no narrow ones, are held against its interfaces."""

import importlib.util
import json
import uuid
from pathlib import Path

import cv2
import numpy as np
import pytest
import tiny_sd15
from coverloop.core.errors import JobError, ServerError
from coverloop.core.video.decode import decode
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.job import check, manifest
from coverloop.orchestrator.job.manifest import load_workflow
from coverloop.orchestrator.server.client import Comfy
from coverloop.orchestrator.server.events import Finished
from coverloop.orchestrator.server.follow import follow
from coverloop.orchestrator.verbs.picture import posed_words
from PIL import Image
from tiny import write_workflows

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("drawn_figures", ROOT / "benchmarks" / "figures.py")
drawn = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(drawn)
SMALL = {"megapixels": 0.004, "steps": 1}


@pytest.fixture(scope="module")
def comfy(random_comfyui):
    tiny_sd15.make(random_comfyui.base / "models")
    with Comfy(random_comfyui.url, timeout=60) as comfy:
        yield comfy


def upload(comfy, picture):
    done, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    assert done
    return comfy.upload(f"{uuid.uuid4().hex}.png", data.tobytes())


@pytest.fixture(scope="module")
def picture(comfy):
    """A picture of 160x120."""
    x, y = np.meshgrid(np.linspace(0, 1, 160), np.linspace(0, 1, 120))
    image = np.dstack([200 * x, 200 * y, 220 - 200 * x]).astype(np.uint8)
    cv2.circle(image, (60, 60), 34, (250, 240, 60), -1)
    return upload(comfy, image)


def run(comfy, name, folder, images, **values):
    """The picture as (H, W, C) uint8."""
    workflow = load_workflow(name)
    prompt = workflow.build(workflow.read_values(values), images)
    prompt_id = str(uuid.uuid4())
    comfy.submit(prompt, prompt_id)
    events = list(follow(comfy, prompt_id, prompt))
    assert isinstance(events[-1], Finished), events[-1]
    (file,) = (file for file in events[-1].files if file.node == workflow.output_node)
    target = folder / f"{uuid.uuid4().hex}.png"
    comfy.download(file, target)
    return np.asarray(Image.open(target))


def unlike(one, other):
    return float(np.abs(one.astype(int) - other).mean())


@pytest.fixture(scope="module")
def styled(comfy, picture, tmp_path_factory):
    return run(comfy, "restyle_v1", tmp_path_factory.mktemp("base"), {"picture": picture}, **SMALL)


def test_a_result_has_the_size_of_its_source(styled, comfy, picture, tmp_path):
    assert styled.shape == (120, 160, 3) and styled.std() > 3
    assert np.array_equal(run(comfy, "restyle_v1", tmp_path, {"picture": picture}, **SMALL), styled)


@pytest.mark.parametrize(
    "values",
    [
        {"seed": 1},
        {"words": "a forest, snow"},
        {"negative": "fog"},
        {"trigger": "hanji style"},
        {"strength": 0.3},
        {"cfg": 3.0},
        {"lora": tiny_sd15.LORA},
    ],
    ids=str,
)
def test_what_is_asked_changes_the_picture(comfy, picture, styled, tmp_path, values):
    made = run(comfy, "restyle_v1", tmp_path, {"picture": picture}, **{**SMALL, **values})
    assert made.shape == styled.shape and unlike(made, styled) > 0.05


def test_more_of_a_lora_is_another_picture_and_none_of_it_is_none(comfy, picture, styled, tmp_path):
    whole, half, none = (
        run(comfy, "restyle_v1", tmp_path, {"picture": picture}, **SMALL, lora=tiny_sd15.LORA, lora_strength=share)
        for share in (1.0, 0.5, 0.0)
    )
    assert unlike(whole, half) > 0.05 and np.array_equal(none, styled)


def test_strength_goes_from_the_picture_itself_to_none_of_it(comfy, picture, tmp_path):
    """At 0 neither seed nor words count, at 1 the picture does not."""
    at_0 = [run(comfy, "restyle_v1", tmp_path, {"picture": picture}, **SMALL, strength=0.0, seed=s) for s in (0, 1)]
    assert np.array_equal(*at_0)
    other = upload(comfy, np.full((120, 160, 3), 90, np.uint8))
    at_1 = [run(comfy, "restyle_v1", tmp_path, {"picture": p}, **SMALL, strength=1.0) for p in (picture, other)]
    assert np.array_equal(*at_1) and unlike(at_0[0], at_1[0]) > 1


def test_words_alone_make_a_picture_of_the_size_asked(comfy, tmp_path):
    one, two = (run(comfy, "restyle_v1", tmp_path, {}, **SMALL, width=96, height=200, words=w) for w in ("sea", "sky"))
    assert one.shape == (200, 96, 3) and unlike(one, two) > 0.05


def test_an_upscaler_makes_it_larger(comfy, picture, tmp_path):
    made = run(comfy, "restyle_v1", tmp_path, {"picture": picture}, **SMALL, upscale=tiny_sd15.UPSCALER)
    assert made.shape == (240, 320, 3)


def cut_out(comfy, folder, image):
    prompt = {
        "1": {"class_type": "CoverLoopLoadCover", "inputs": {"image": upload(comfy, image)}},
        "2": {"class_type": "CoverLoopCutOut", "inputs": {"picture": ["1", 0], "cut": True}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "cut"}},
    }
    prompt_id = str(uuid.uuid4())
    comfy.submit(prompt, prompt_id)
    *_, end = follow(comfy, prompt_id, prompt)
    target = folder / "cut.png"
    comfy.download(end.files[0], target)
    return np.asarray(Image.open(target))


def test_a_figure_cut_out_lies_on_nothing(comfy, tmp_path):
    figure = drawn.figure(0)
    made = cut_out(comfy, tmp_path, figure.picture)
    assert made.shape == (640, 512, 4) and np.array_equal(made[..., :3], figure.picture)
    x, y = figure.truth.points[[1, 2, 5, 8, 11]].mean(axis=0).astype(int)  # the middle of the chest
    assert made[y - 10 : y + 10, x - 10 : x + 10, 3].min() > 200
    assert made[:60, :60, 3].max() < 40 and made[-40:, -40:, 3].max() < 40


def test_where_nothing_stands_out_nothing_is_cut(comfy, tmp_path):
    with pytest.raises(JobError, match="nothing stands out"):
        cut_out(comfy, tmp_path, np.full((200, 200, 3), 128, np.uint8))


def test_a_lora_of_another_model_is_named_with_the_model_it_is_for(comfy, picture, tmp_path):
    with pytest.raises(JobError, match=rf"{tiny_sd15.STRANGER} does not fit.*another size.*sdxl_base_v1-0"):
        run(comfy, "restyle_v1", tmp_path, {"picture": picture}, **SMALL, lora=tiny_sd15.STRANGER)


@pytest.mark.parametrize(
    ("shape", "message"),
    [((8, 8), "8x8 is too small"), ((100, 8000), "8000x100 is too long")],
    ids=str,
)
def test_pictures_that_cannot_be_redrawn_are_named(comfy, tmp_path, shape, message):
    with pytest.raises(JobError, match=message):
        run(comfy, "restyle_v1", tmp_path, {"picture": upload(comfy, np.zeros((*shape, 3), np.uint8))}, **SMALL)


def test_empty_words_stop_the_run(comfy, picture, tmp_path):
    with pytest.raises(JobError, match="words and trigger are empty"):
        run(comfy, "restyle_v1", tmp_path, {"picture": picture}, **SMALL, words=" ")


@pytest.fixture(scope="module")
def figures(comfy):
    return {"figure": upload(comfy, drawn.figure(0).picture), "pose": upload(comfy, drawn.figure(1).picture)}


def posed(comfy, folder, images, **values):
    return run(comfy, "pose_sd15_v1", folder, images, **SMALL, **values)


def test_the_pose_is_what_the_figure_takes(comfy, figures, tmp_path):
    """Another picture of the pose, another result; how much the skeleton counts, too; the size is the figure's."""
    base = posed(comfy, tmp_path, figures)
    assert base.shape == drawn.figure(0).picture.shape
    another = {**figures, "pose": upload(comfy, drawn.figure(4).picture)}
    assert unlike(posed(comfy, tmp_path, another), base) > 0.05
    free = posed(comfy, tmp_path, figures, hold=0.0)
    assert unlike(free, base) > 0.05 and np.array_equal(posed(comfy, tmp_path, another, hold=0.0), free)


def test_a_pose_without_a_figure_stops_the_run(comfy, figures, tmp_path):
    with pytest.raises(JobError, match="no figure was found"):
        posed(comfy, tmp_path, {**figures, "pose": upload(comfy, np.full((200, 200, 3), 90, np.uint8))})


def call(comfy, *words):
    small = [part for name, value in SMALL.items() for part in ("--set", f"{name}={value}")]
    return main([*map(str, words), "--server", comfy.url, *small])


@pytest.fixture
def photograph(tmp_path):
    path = tmp_path / "photograph.jpg"
    Image.fromarray(drawn.figure(0).picture).resize((256, 320)).save(path)
    return path


def test_the_verb_redraws_a_picture_and_tells_how(comfy, photograph, tmp_path, capsys):
    out = tmp_path / "styled.png"
    given = ["--lora", tiny_sd15.LORA, "--trigger", "hanji", "--words", "hanji 바다, 뷁", "--strength", "0.5"]
    assert call(comfy, "restyle", photograph, *given, "--out", out) == 0
    said = capsys.readouterr()
    assert f"{out}  256x320, made in" in said.out and "left out: 뷁" in said.err
    record = json.loads(out.with_suffix(".json").read_text("utf-8"))
    assert record["parameters"]["lora"] == tiny_sd15.LORA and record["parameters"]["strength"] == 0.5
    assert record["pictures"]["picture"]["name"] == "photograph.jpg" and record["workflow"]["id"] == "restyle_v1"
    assert Image.open(out).size == (256, 320)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photograph.jpg", "styled.json", "styled.png"]


def test_a_redrawn_picture_goes_on_into_a_loop_in_the_same_run(comfy, photograph, tmp_path, capsys, monkeypatch):
    parts = (manifest.FOLDER / "manifest.toml").read_text("utf-8").split("\n\n")
    ours = "\n\n".join(part for part in parts if part.lstrip("[").startswith("restyle_v1"))
    folder = write_workflows(tmp_path / "workflows", extra=f"\n{ours}\n")
    for name in ("restyle_v1.json", "api/restyle_v1.json"):
        (folder / name).write_bytes((manifest.FOLDER / name).read_bytes())
    monkeypatch.setattr(manifest, "FOLDER", folder)
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))
    out = tmp_path / "styled.png"
    assert call(comfy, "restyle", photograph, "--words", "sea", "--loop", "tiny", "--out", out, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["picture"] == "styled.png" and Path(record["loop"]["video"]).name == "styled.loop.mp4"
    assert json.loads((tmp_path / "styled.json").read_text("utf-8"))["size"] == [256, 320]
    first, still = decode(tmp_path / "styled.loop.mp4").frames[0], np.asarray(Image.open(out).convert("RGB"))
    coarse = [cv2.resize(one, (8, 8), interpolation=cv2.INTER_AREA).astype(int) for one in (first, still[32:288])]
    assert np.abs(coarse[0] - coarse[1]).mean() < 6, "the loop begins with the picture, cut square"


def test_the_verb_draws_words_alone(comfy, tmp_path, capsys):
    out = tmp_path / "words.png"
    assert call(comfy, "restyle", "--words", "밤하늘", "--set", "width=128", "--set", "height=96", "--out", out) == 0
    assert Image.open(out).size == (128, 96) and capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["--out", "x.jpg"], "is written as PNG"),
        (["--out", "nowhere/x.png"], "no such folder"),
        (["--words", " "], "words and trigger are empty"),
        (["--words", "뷁뷁"], "nothing of '뷁뷁' is in the glossary"),
        (["--words", "nude"], "cannot be generated"),
        (["--strength", "1.5"], "strength=1.5: must be between 0.0 and 1.0"),
        (["--trigger", "(a:1.5)"], "has characters other than"),
        (["--workflow", "song"], "makes no picture"),
        (["--loop", "no_such"], "unknown workflow no_such"),
        (["--upscale", "x.pth", "--set", "width=4000"], "larger than 2048 px already"),
    ],
    ids=str,
)
def test_calls_that_must_be_mended(tmp_path, capsys, monkeypatch, change, says):
    monkeypatch.chdir(tmp_path)
    given = ["--words", "sea", "--out", "x.png", "--server", "http://127.0.0.1:9", *change]
    assert main(["restyle", *given]) == 2
    told = capsys.readouterr().err.strip()
    assert says in told and len(told.splitlines()) == 1 and not list(tmp_path.iterdir())


def test_a_picture_is_not_written_over_and_small_ones_are_refused(tmp_path, capsys):
    small, own = tmp_path / "small.png", tmp_path / "own.png"
    Image.new("RGB", (8, 8)).save(small)
    Image.new("RGB", (80, 80)).save(own)
    for picture, out, says in ((small, tmp_path / "x.png", "8x8 is too small"), (own, own, "is where own.png lies")):
        command = ["restyle", picture, "--words", "sea", "--out", out, "--server", "http://127.0.0.1:9"]
        assert main(list(map(str, command))) == 2
        assert says in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.png", "small.png"]


def test_a_lora_of_another_model_ends_the_verb_in_one_line(comfy, photograph, tmp_path, capsys):
    given = ["--lora", tiny_sd15.STRANGER, "--words", "sea", "--out", tmp_path / "x.png"]
    assert call(comfy, "restyle", photograph, *given) == 1
    told = capsys.readouterr().err.strip()
    assert tiny_sd15.STRANGER in told and "sdxl_base_v1-0" in told and len(told.splitlines()) == 1
    assert not (tmp_path / "x.png").exists() and not (tmp_path / "x.json").exists()


def test_the_verb_draws_a_figure_in_another_pose(comfy, photograph, tmp_path, capsys):
    """Two figures in the pose's picture: the larger is taken, and that is said."""
    pose, out = tmp_path / "pose.png", tmp_path / "posed.png"
    Image.fromarray(np.hstack([drawn.figure(1).picture, drawn.figure(2).picture])).save(pose)
    given = ["--pose", pose, "--workflow", "pose_sd15", "--words", "a dancer", "--out", out]
    assert call(comfy, "pose", photograph, *given) == 0
    said = capsys.readouterr()
    assert "256x320" in said.out and "2 figures were found; the largest is drawn" in said.err
    assert json.loads(out.with_suffix(".json").read_text("utf-8"))["parameters"]["words"] == "a dancer"


def test_an_edit_model_is_told_what_to_do_before_what_is_wished():
    assert posed_words("pose", "at night").endswith("No skeleton lines are seen. at night")
    assert posed_words("pose_sd15", "a dancer") == "a dancer"


def test_render_sends_people_to_the_verbs(photograph, tmp_path, capsys):
    for workflow, verb in (("restyle", "restyle"), ("restyle_zimage", "restyle"), ("pose_sd15", "pose")):
        command = ["render", str(photograph), "--workflow", workflow, "--out", str(tmp_path / "o")]
        assert main([*command, "--server", "http://127.0.0.1:9"]) == 2
        assert f"coverloop {verb} runs it" in capsys.readouterr().err


NEEDS = {"restyle_v1": 1, "pose_sd15_v1": 2, "restyle_zimage_v1": 3, "pose_v1": 4}


@pytest.mark.parametrize("name", NEEDS)
def test_check_names_each_missing_file_with_address_size_and_folder(comfyui, name):
    workflow = load_workflow(name)
    with Comfy(comfyui.url) as comfy:
        missing = check.missing(comfy, workflow, check.ask(comfy), check.interfaces(comfy, workflow))
    assert len(missing) == NEEDS[name] == len(workflow.models)
    for item, model in zip(missing, workflow.models, strict=True):
        assert (item.kind, item.name) == ("model", model.name) and model.bytes > 10**8
        assert f"models/{model.directory}" in item.where and model.url.endswith(model.name)


def test_check_finds_nothing_missing_where_everything_is(comfy):
    for name in ("restyle_v1", "pose_sd15_v1"):
        workflow = load_workflow(name)
        assert check.missing(comfy, workflow, check.ask(comfy), check.interfaces(comfy, workflow)) == []


@pytest.mark.parametrize("name", ["restyle_zimage_v1", "pose_v1"])
def test_the_large_graphs_are_refused_for_their_files_alone(comfy, figures, name):
    """ComfyUI checks every input of every node before it looks for weights: only files are not in its lists."""
    workflow = load_workflow(name)
    images = {key: figures["figure"] for key, bound in workflow.bindings.items() if bound.kind == "image"}
    prompt = workflow.build(workflow.read_values({}), images)
    with pytest.raises(ServerError) as refused:
        comfy.submit(prompt, str(uuid.uuid4()))
    for model in workflow.models:
        assert model.name in str(refused.value) or model.directory == "loras"


@pytest.mark.parametrize("name", NEEDS)
def test_models_are_named_the_same_in_the_graphs_and_the_manifest(name):
    workflow = load_workflow(name)
    graph = json.loads(workflow.ui_path.read_text("utf-8"))
    offered = {}
    for node in graph["nodes"]:
        for model in node["properties"].get("models", []):
            assert model["name"] in node["widgets_values"]
            offered[model["name"]] = (model["directory"], model["url"])
    assert offered == {model.name: (model.directory, model.url) for model in workflow.models}
