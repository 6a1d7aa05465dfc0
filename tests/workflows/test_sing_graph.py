"""`sing_v1`, run by a real ComfyUI over HTTP on tiny random-weight models with the official file names."""

import importlib.util
import io
import json
import uuid
import wave
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import tiny_s2v
from coverloop.core.errors import JobError, ServerError, UsageError
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.job import check
from coverloop.orchestrator.job.manifest import load_workflow
from coverloop.orchestrator.job.request import make_job, open_cover
from coverloop.orchestrator.server.client import Comfy
from coverloop.orchestrator.server.events import Finished
from coverloop.orchestrator.server.follow import follow
from PIL import Image, ImageDraw, ImageFont
from safetensors.torch import load_file

RATE, SECONDS = 22050, 6.2
SMALL = {"size": 128, "megapixels": 0.004, "steps": 2}


@pytest.fixture(scope="module")
def server(random_comfyui):
    tiny_s2v.make(random_comfyui.base / "models")
    return random_comfyui


@pytest.fixture(scope="module")
def comfy(server):
    with Comfy(server.url, timeout=60) as comfy:
        yield comfy


def voice(pitch: float = 220.0) -> bytes:
    """A tone that is on and off, as WAV."""
    at = np.arange(int(SECONDS * RATE)) / RATE
    tone = 0.3 * np.sin(2 * np.pi * pitch * at) * (np.sin(8 * at) > 0)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((tone * 32767).astype("<i2").tobytes())
    return file.getvalue()


@pytest.fixture(scope="module")
def cover(tmp_path_factory):
    """A head before a gradient, and a title."""
    x, y = np.meshgrid(np.linspace(0, 1, 256), np.linspace(0, 1, 256))
    picture = Image.fromarray((np.dstack([90 + 80 * y, 60 + 60 * x, 140 - 80 * y])).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((150, 120, 220, 210), fill=(240, 220, 160))
    draw.text((20, 20), "TIDES", font=ImageFont.load_default(48), fill=(255, 255, 255))
    path = tmp_path_factory.mktemp("cover") / "tides.png"
    picture.save(path)
    return path


@pytest.fixture(scope="module")
def files(comfy, cover):
    sung = comfy.upload("voice.wav", voice())
    return {"cover": comfy.upload("tides.png", cover.read_bytes()), "voice": sung}


def run(comfy, prompt):
    prompt_id = str(uuid.uuid4())
    comfy.submit(prompt, prompt_id)
    events = list(follow(comfy, prompt_id, prompt))
    assert isinstance(events[-1], Finished), events[-1]
    return events[-1].files


def built(files, **values):
    workflow = load_workflow("sing")
    return workflow.build(workflow.read_values({**SMALL, **values}), files)


def only(prompt, kind):
    (found,) = (id for id, node in prompt.items() if node["class_type"] == kind)
    return found


def latent(comfy, prompt, last, folder):
    """What a node samples, (T, 16, H, W); decoding it takes longest, and has its own test, as the lettering has."""
    prompt[only(prompt, "CoverLoopFitWan")]["inputs"]["plate"] = [only(prompt, "CoverLoopFitCover"), 0]
    prompt["out"] = {"class_type": "SaveLatent", "inputs": {"samples": [last, 0], "filename_prefix": "sung"}}
    wanted, todo = set(), ["out"]
    while todo:
        wanted.add(id := todo.pop())
        todo += [value[0] for value in prompt[id]["inputs"].values() if isinstance(value, list)]
    (made,) = (file for file in run(comfy, {id: prompt[id] for id in wanted}) if file.node == "out")
    comfy.download(made, folder / "sung.latent")
    return load_file(folder / "sung.latent")["latent_tensor"][0].float().numpy().swapaxes(0, 1)


def sings(comfy, files, folder, **values):
    prompt = built(files, **values)
    return latent(comfy, prompt, only(prompt, "CoverLoopSing"), folder)


@pytest.fixture(scope="module")
def sung(comfy, files, tmp_path_factory):
    return sings(comfy, files, tmp_path_factory.mktemp("sung"))


def test_a_picture_sings_all_the_way_through(server, cover, tmp_path, capsys):
    """By the command line. Lettering stands still, the rest moves; as long as the sound, which is in the file."""
    song, out = tmp_path / "voice.wav", tmp_path / "film.mp4"
    song.write_bytes(voice())
    command = ["sing", str(cover), str(song), "--out", str(out), "--server", server.url, "--anyway", "--size", "128"]
    assert main([*command, "--set", "megapixels=0.004", "--set", "steps=2"]) == 0
    told = capsys.readouterr()
    assert "film.mp4: 0.0-6.2 s of the song: 99 frames, 2 chunks of 5 s" in told.err and "6.2 s, made in" in told.out
    assert sorted(path.name for path in tmp_path.glob("*film*")) == ["film.jpg", "film.json", "film.mp4"]
    record = json.loads(out.with_suffix(".json").read_text("utf-8"))
    assert record["chunks"] == 2 and record["song"]["end"] == pytest.approx(SECONDS, abs=0.01)
    assert record["parameters"]["steps"] == 2 and record["workflow"]["id"] == "sing_v1"
    with av.open(str(out)) as file:
        assert [stream.type for stream in file.streams] == ["video", "audio"] and file.metadata["prompt"]
        sound = file.streams.audio[0]
        assert float(sound.duration * sound.time_base) == pytest.approx(SECONDS, abs=0.01)
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]).astype(int)
        file.seek(0)
        heard = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
    assert frames.shape == (round(16 * SECONDS), 128, 128, 3)
    loud = np.abs(heard[: 44100 * 6]).reshape(-1, 4410).mean(1)
    at = (np.arange(len(loud)) + 0.5) / 10
    assert np.corrcoef(loud > 0.05, np.sin(8 * at) > 0)[0, 1] > 0.7, "the sound is not where it was"
    white = (np.asarray(Image.open(cover)).min(-1) > 250).astype(np.uint8)
    lettering = cv2.resize(cv2.erode(white, np.ones((3, 3))), (128, 128), interpolation=cv2.INTER_AREA) == 1
    assert lettering.sum() > 20
    spread = np.ptp(frames, axis=0).max(-1)
    assert spread[lettering].mean() < 0.35 * spread[~lettering].mean(), "the lettering moves with the picture"


def test_chunks_are_joined_as_the_official_graph_joins_them(comfy, files, sung, tmp_path):
    """The official graph's nodes by hand, for two chunks; what it is made of is read from its file."""
    prompt = built(files)
    ours = prompt.pop(only(prompt, "CoverLoopSing"))["inputs"]
    seen = {key: ours[key] for key in ("positive", "negative", "vae")} | {"length": 77, "ref_image": ours["picture"]}
    seen["audio_encoder_output"] = ours["voice"]
    how = {"steps": 2, "cfg": 6.0, "sampler_name": "uni_pc", "scheduler": "simple", "denoise": 1.0}

    def sampler(of, seed):
        ends = {"positive": [of, 0], "negative": [of, 1], "latent_image": [of, 2]}
        return {"class_type": "KSampler", "inputs": {**how, **ends, "model": ours["model"], "seed": seed}}

    def put(one, other):
        return {"class_type": "LatentConcat", "inputs": {"samples1": [one, 0], "samples2": [other, 0], "dim": "t"}}

    size = {"width": ours["width"], "height": ours["height"], "batch_size": 1}
    prompt |= {
        "93": {"class_type": "WanSoundImageToVideo", "inputs": {**seen, **size}},
        "3": sampler("93", 0),
        "76": {"class_type": "WanSoundImageToVideoExtend", "inputs": {**seen, "video_latent": ["3", 0]}},
        "77": sampler("76", 1),
        "78": put("3", "77"),
        "94": {"class_type": "LatentCut", "inputs": {"samples": ["78", 0], "dim": "t", "index": 0, "amount": 1}},
        "95": put("94", "78"),
    }
    made = latent(comfy, prompt, "95", tmp_path)
    assert len(made) == 41 and made.std() > 0.1 and np.array_equal(made, sung)


def test_the_official_graph_is_what_the_test_before_says():
    spec = importlib.util.find_spec("comfyui_workflow_templates_media_video")
    path = Path(next(iter(spec.submodule_search_locations))) / "templates" / "video_wan2_2_14B_s2v.json"
    graph = json.loads(path.read_text("utf-8"))
    types = {node["id"]: node["type"] for node in graph["nodes"]}
    links = {link[0]: (types[link[1]], link[2], types[link[3]]) for link in graph["links"]}
    made = {(one, other) for one, _, other in links.values()}
    assert {("WanSoundImageToVideo", "KSampler"), ("LatentCut", "LatentConcat"), ("LatentConcat", "VAEDecode")} <= made
    extend = graph["definitions"]["subgraphs"][0]
    inner = {node["id"]: node["type"] for node in extend["nodes"]}
    wires = {
        (inner.get(link["origin_id"], extend["inputs"][link["origin_slot"]]["name"]), inner[link["target_id"]])
        for link in extend["links"]
        if link["target_id"] in inner
    }
    assert {
        ("video_latent", "WanSoundImageToVideoExtend"),
        ("WanSoundImageToVideoExtend", "KSampler"),
        ("video_latent", "LatentConcat"),
        ("KSampler", "LatentConcat"),
    } <= wires
    cut = next(node for node in graph["nodes"] if node["type"] == "LatentCut")
    drop = next(node for node in graph["nodes"] if node.get("title") == "Batch sizes")
    assert cut["widgets_values"] == ["t", 0, 1] and drop["widgets_values"][0] == 3


@pytest.fixture(scope="module")
def short(comfy, files, tmp_path_factory):
    return sings(comfy, files, tmp_path_factory.mktemp("short"), section="0-2")


def test_a_section_takes_as_many_chunks_as_it_needs(short, sung):
    assert len(short) == 1 + 20 and len(sung) == 1 + 2 * 20
    assert all(np.array_equal(one[0], one[1]) for one in (short, sung)), "the first stands there twice"


@pytest.mark.parametrize(
    "values", [{"seed": 1}, {"prompt": "the sea glows"}, {"cfg": 1.0}, {"shift": 3.0}, {"section": "3-5"}], ids=str
)
def test_what_is_asked_changes_what_is_sung(comfy, files, short, tmp_path, values):
    assert np.abs(sings(comfy, files, tmp_path, **{"section": "0-2", **values}) - short).mean() > 1e-3


def test_another_voice_changes_every_chunk(comfy, files, sung, tmp_path):
    other = sings(comfy, {**files, "voice": comfy.upload("other.wav", voice(330.0))}, tmp_path)
    change = np.abs(other - sung).mean((1, 2, 3))
    assert change[1:21].min() > 1e-4 and change[21:].min() > 1e-4


def test_a_section_that_is_not_there_is_told(comfy, files):
    with pytest.raises(JobError, match="section 9-12: give from-to in seconds"):
        run(comfy, built(files, section="9-12"))


def test_check_knows_what_is_missing(comfy, comfyui):
    workflow = load_workflow("sing")
    assert check.missing(comfy, workflow, check.ask(comfy), check.interfaces(comfy, workflow)) == []
    with Comfy(comfyui.url) as bare:
        missing = check.missing(bare, workflow, check.ask(bare), check.interfaces(bare, workflow))
        assert [item.name for item in missing] == [model.name for model in workflow.models]
        assert all("https://huggingface.co/" in item.where and "models/" in item.where for item in missing)
        with pytest.raises(ServerError, match=r"cannot run sing_v1, it lacks .*wan2.2_s2v"):
            check.require(bare, workflow)


def test_models_are_named_the_same_in_the_graph_and_the_manifest():
    workflow = load_workflow("sing")
    offered = {}
    for node in json.loads(workflow.ui_path.read_text("utf-8"))["nodes"]:
        for model in node["properties"].get("models", ()):
            assert model["name"] in node["widgets_values"]
            offered[model["name"]] = (model["directory"], model["url"])
    assert offered == {model.name: (model.directory, model.url) for model in workflow.models}
    assert all(model.bytes and len(model.sha256) == 64 for model in workflow.models)


def test_a_cover_alone_is_not_rendered_by_it(cover):
    with pytest.raises(UsageError, match="sing_v1 takes a sound as well; coverloop sing runs it"):
        make_job(open_cover(cover), load_workflow("sing"), {})
