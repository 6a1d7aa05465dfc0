"""A style LoRA from pictures: what is exported for ComfyUI's training nodes, and the training itself by a real ComfyUI
on random weights, of Stable Diffusion 1.5 by the graph that is published, of Wan by the same nodes."""

import json
import shutil
import uuid

import cv2
import numpy as np
import pytest
import tiny_sd15
import tiny_wan
from click.testing import CliRunner
from coverloop.core.errors import JobError, UsageError
from coverloop.core.image import read_cover
from coverloop.orchestrator.cli.main import cli
from coverloop.orchestrator.job.manifest import load_workflow
from coverloop.orchestrator.server.client import Comfy
from coverloop.orchestrator.server.events import Finished
from coverloop.orchestrator.server.follow import follow
from coverloop.training.calibration import STILLS
from coverloop.training.export import export
from coverloop.training.lora import show
from safetensors.torch import load_file

TOKEN = "h4nj1"


def picture(path, seed=0, height=90, width=140):
    noise = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    cv2.imencode(".png", cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC))[1].tofile(path)
    return path


@pytest.fixture
def artist(tmp_path):
    """Pictures of three shapes: one has the trigger in its caption, one a caption, one none; and a torn one."""
    folder = tmp_path / "an artist's 그림"
    folder.mkdir()
    picture(folder / "1 바다.png", 1).with_suffix(".txt").write_text(f"the sea,\n{TOKEN}, at night", "utf-8")
    picture(folder / "2 🌊.png", 2, 200, 80).with_suffix(".txt").write_text("a wave", "utf-8")
    picture(folder / "3.png", 3, 100, 100)
    (folder / "4 torn.jpg").write_bytes(b"\xff\xd8 no picture")
    return folder


def widgets(graph, kind):
    (node,) = (node for node in graph["nodes"] if node["type"] == kind)
    names = [given["name"] for given in node["inputs"] if "widget" in given]
    return dict(zip(names, node["widgets_values"], strict=False))


def test_pictures_become_squares_with_the_trigger_once_and_a_graph_for_them(artist, tmp_path):
    made = export(artist, tmp_path / "out", "comfyui", name="hanji", token=TOKEN)
    assert made.clips == {"pictures": 3} and list(made.left_out) == ["4 torn.jpg"]
    captions = [path.read_text("utf-8").strip() for path in sorted((made.out / "hanji").glob("*.txt"))]
    assert captions[:2] == [f"the sea, {TOKEN}, at night", f"{TOKEN}, a wave"]
    assert captions[2].startswith(f"{TOKEN}, a ") and captions[2].count(TOKEN) == 1
    for number in (1, 2, 3):
        square = read_cover(made.out / "hanji" / f"{number:04}.png").image
        assert square.shape == (STILLS.side, STILLS.side, 3)
    graph = json.loads((made.out / "train_style_v1.json").read_text("utf-8"))
    assert widgets(graph, "LoadImageTextDataSetFromFolder") == {"folder": "hanji"}
    assert widgets(graph, "SaveLoRA")["prefix"] == "loras/hanji"
    assert widgets(graph, "TrainLoraNode")["steps"] == STILLS.least_steps
    readme = (made.out / "README.md").read_text("utf-8")
    assert "/hanji input/" in readme and "train_style_v1.json in ComfyUI" in readme and "{" not in readme


@pytest.mark.parametrize(
    ("kept", "token", "said"),
    [
        (["3.png"], TOKEN, "1 pictures; training takes 2 at least"),
        ([], TOKEN, "0 pictures; training takes 2 at least"),
        (["4 torn.jpg", "3.png"], TOKEN, "1 are left out, such as"),
        (["2 🌊.png", "3.png"], "", "4 to 24 small letters and digits"),
    ],
)
def test_a_bad_call_is_one_line_and_writes_nothing(artist, tmp_path, kept, token, said):
    for path in artist.iterdir():
        if path.name not in kept:
            path.unlink()
    command = ["dataset", "export", str(artist), "--trainer", "comfyui", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli, [*command, "--token", token], standalone_mode=False)
    assert isinstance(done.exception, UsageError) and said in str(done.exception) and not (tmp_path / "out").exists()


def test_a_trigger_that_stands_twice_is_told(artist, tmp_path):
    (artist / "3.txt").write_text(f"{TOKEN} and {TOKEN}", "utf-8")
    made = export(artist, tmp_path / "out", "comfyui", name="hanji", token=TOKEN)
    assert made.clips == {"pictures": 2} and "2 times" in made.left_out["3.png"]


@pytest.fixture(scope="module")
def server(random_comfyui):
    tiny_sd15.make(random_comfyui.base / "models")
    return random_comfyui


def files_of(server, prompt):
    """The files on disk that a prompt makes. Raises JobError with what the failing node said."""
    prompt_id = str(uuid.uuid4())
    with Comfy(server.url, timeout=60) as comfy:
        comfy.submit(prompt, prompt_id)
        events = list(follow(comfy, prompt_id, prompt))
    assert isinstance(events[-1], Finished), events[-1]
    return [server.base / file.kind / file.subfolder / file.filename for file in events[-1].files]


def trained(server, name):
    """The one LoRA of a name. What it adds is nothing before it was trained, and a number after."""
    (path,) = (server.base / "output" / "loras").glob(f"{name}_3_steps_*.safetensors")
    ups = [weight.float() for key, weight in load_file(path).items() if "lora_up" in key]
    assert ups and all(up.isfinite().all() for up in ups) and any(up.abs().max() > 0 for up in ups)
    (server.base / "models" / "loras").mkdir(exist_ok=True)
    shutil.copyfile(path, server.base / "models" / "loras" / f"{name}.safetensors")
    return path


def test_the_graph_trains_a_lora_that_restyle_takes(server, artist, tmp_path):
    made = export(artist, tmp_path / "out", "comfyui", name="hanji", token=TOKEN)
    shutil.copytree(made.out / "hanji", server.base / "input" / "hanji")
    workflow = load_workflow("train_style")
    values = {"folder": "hanji", "size": 64, "steps": 3, "rank": 2, "learning_rate": 0.01, "name": "loras/hanji"}
    files_of(server, workflow.build(workflow.read_values(values), {}))
    told = show(trained(server, "hanji"))
    assert (told.kind, told.base) == ("LoRA", "Stable Diffusion 1.5") and list(told.ranks) == [2]
    restyle = load_workflow("restyle")
    small = {"words": "the sea", "width": 64, "height": 64, "megapixels": 0.004, "steps": 1, "trigger": TOKEN}
    seen = []
    for strength in (0.0, 1.0):
        values = {**small, "lora": "hanji.safetensors", "lora_strength": strength}
        (file,) = (f for f in files_of(server, restyle.build(restyle.read_values(values), {})) if f.suffix == ".png")
        seen.append(read_cover(file).image.astype(int))
    assert np.abs(seen[0] - seen[1]).mean() > 0.05


def test_one_picture_is_what_the_node_fails_at(server):
    """Why two are asked for: were this to pass, the bound could go."""
    (server.base / "input" / "one").mkdir()
    picture(server.base / "input" / "one" / "1.png")
    workflow = load_workflow("train_style")
    with pytest.raises(JobError, match="multi_res"):
        files_of(server, workflow.build(workflow.read_values({"folder": "one", "size": 64, "steps": 1}), {}))


def test_the_nodes_train_the_stand_in_of_wan_too(wan_comfyui):
    """On pictures, which are clips of one frame to it."""
    (wan_comfyui.base / "input" / "frames").mkdir()
    for number in range(2):
        picture(wan_comfyui.base / "input" / "frames" / f"{number}.png", number)
    prompt = json.loads(json.dumps(load_workflow("train_style").prompt))
    ids = {node["class_type"]: id for id, node in prompt.items()}
    del prompt[ids["CheckpointLoaderSimple"]]
    prompt |= {
        "wan": {"class_type": "UNETLoader", "inputs": {"unet_name": tiny_wan.UNET, "weight_dtype": "default"}},
        "clip": {"class_type": "CLIPLoader", "inputs": {"clip_name": tiny_wan.TEXT_ENCODER, "type": "wan"}},
        "vae": {"class_type": "VAELoader", "inputs": {"vae_name": tiny_wan.VAE}},
    }
    for kind, given in (
        ("LoadImageTextDataSetFromFolder", {"folder": "frames"}),
        ("PrimitiveInt", {"value": 64}),
        ("MakeTrainingDataset", {"vae": ["vae", 0], "clip": ["clip", 0]}),
        ("TrainLoraNode", {"model": ["wan", 0], "steps": 3, "rank": 2, "learning_rate": 0.01}),
        ("SaveLoRA", {"prefix": "loras/wan"}),
    ):
        prompt[ids[kind]]["inputs"].update(given)
    files_of(wan_comfyui, prompt)
    assert show(trained(wan_comfyui, "wan")).kind == "LoRA"
    seen = [first_frame(wan_comfyui, strength) for strength in (0.0, 1.0)]
    assert np.abs(seen[0] - seen[1]).mean() > 0.05


def first_frame(server, strength):
    """Of a shot by tiny Wan with the trained LoRA."""
    workflow = load_workflow("film_shot")
    values = {"prompt": "the sea", "width": 64, "height": 64, "frames": 5, "steps": 2, "seed": 1}
    values |= {"lora_1": "wan.safetensors", "lora_1_strength": strength}
    prompt = workflow.build(workflow.read_values(values), {})
    (decoded,) = (id for id, node in prompt.items() if node["class_type"] == "VAEDecode")
    name = f"trained_{strength}"
    prompt["out"] = {"class_type": "SaveImage", "inputs": {"images": [decoded, 0], "filename_prefix": name}}
    return read_cover(min(f for f in files_of(server, prompt) if f.name.startswith(name))).image.astype(int)
