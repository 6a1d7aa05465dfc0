"""`coverloop song`. ACE-Step's loader takes no narrow weights (its sizes are fixed in ComfyUI), so its graph is held
against ComfyUI's interfaces, and the way there and back goes with silence in place of the model."""

import json

import pytest
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.job import check, manifest
from coverloop.orchestrator.server.client import Comfy

MANIFEST = """
[song_v1]
title = "silence"
ui = "song_v1.json"
api = "api/song_v1.json"
output = { node = "4" }
[song_v1.bind]
lyrics = { node = "1", input = "lyrics", type = "string" }
style = { node = "2", input = "value", type = "string" }
length = { node = "3", input = "duration", type = "float", min = 5.0, max = 240.0 }
seed = { node = "3", input = "sample_rate", type = "int" }
"""
PROMPT = {
    "1": {"class_type": "CoverLoopLyrics", "inputs": {"lyrics": ""}},
    "2": {"class_type": "PrimitiveString", "inputs": {"value": ""}},
    "3": {"class_type": "EmptyAudio", "inputs": {"duration": 6.0, "sample_rate": 44100, "channels": 1}},
    "4": {"class_type": "SaveAudioMP3", "inputs": {"audio": ["3", 0], "filename_prefix": "song", "quality": "128k"}},
    "5": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
}


@pytest.fixture
def silence(tmp_path, monkeypatch):
    folder = tmp_path / "workflows"
    (folder / "api").mkdir(parents=True)
    (folder / "api" / "song_v1.json").write_text(json.dumps(PROMPT))
    (folder / "song_v1.json").write_text("{}")
    (folder / "manifest.toml").write_text(MANIFEST)
    monkeypatch.setattr(manifest, "FOLDER", folder)


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("1절\n밤하늘\nStay", "utf-8")
    return path


def test_the_graph_is_what_comfyui_takes_but_for_the_model(comfyui):
    workflow = manifest.load_workflow("song")
    with Comfy(comfyui.url) as comfy:
        missing = check.missing(comfy, workflow, check.ask(comfy), check.interfaces(comfy, workflow))
    assert [(item.kind, item.name) for item in missing] == [("model", "ace_step_v1_3.5b.safetensors")]
    assert "models/checkpoints" in missing[0].where


def test_words_become_a_song_and_a_sidecar(comfyui, silence, words, tmp_path, capsys):
    import av

    out = tmp_path / "song.mp3"
    command = ["song", "--words", str(words), "--style", "soft  piano", "--seconds", "7", "--out", str(out)]
    assert main([*command, "--server", comfyui.url]) == 0
    with av.open(str(out)) as file:
        assert file.duration / 1e6 == pytest.approx(7, abs=0.1)
    record = json.loads(out.with_suffix(".json").read_text("utf-8"))
    assert record["sung"] == "[verse]\n[ko]bamhaneul\nStay" and record["parameters"]["style"] == "soft piano"
    assert "song.mp3  7 s" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.glob("*song*")) == ["song.json", "song.mp3"]


def test_a_server_without_the_model_is_told_what_it_lacks(comfyui, words, tmp_path, capsys):
    command = ["song", "--words", str(words), "--style", "piano", "--out", str(tmp_path / "song.mp3")]
    assert main([*command, "--server", comfyui.url]) == 1
    told = capsys.readouterr().err
    assert "ace_step_v1_3.5b.safetensors" in told and "https://huggingface.co/" in told
    assert not list(tmp_path.glob("song.*"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"--out": "song.wav"}, "is written as MP3"),
        ({"--out": "nowhere/song.mp3"}, "no such folder"),
        ({"--style": "  "}, "--style is empty"),
        ({"--seconds": "900"}, "length=900.0: must be between 5.0 and 240.0"),
        ({"--words": "none.txt"}, "none.txt cannot be read"),
    ],
)
def test_calls_that_must_be_mended(words, tmp_path, capsys, change, says):
    given = {"--words": str(words), "--style": "piano", "--out": "song.mp3", "--server": "http://127.0.0.1:9", **change}
    given["--out"] = str(tmp_path / given["--out"])
    assert main(["song", *(word for pair in given.items() for word in pair)]) == 2
    told = capsys.readouterr().err.strip()
    assert says in told and len(told.splitlines()) == 1
    assert not list(tmp_path.glob("song.*"))


def test_a_cover_is_not_rendered_by_it(tmp_path, capsys):
    from tiny import write_cover

    cover = write_cover(tmp_path / "cover.png")
    command = ["render", str(cover), "--workflow", "song", "--out", str(tmp_path / "out")]
    assert main([*command, "--server", "http://127.0.0.1:9"]) == 2
    assert "song_v1 takes no cover; coverloop song runs it" in capsys.readouterr().err
