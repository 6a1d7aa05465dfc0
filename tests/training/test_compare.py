"""`coverloop compare`: LoRAs side by side, rendered by a real ComfyUI with tiny random models."""

import itertools
import json
import shutil

import cv2
import numpy as np
import pytest
import tiny_wan
from coverloop.core.video.decode import decode
from coverloop.orchestrator.batch.tasks import OutcomeState
from coverloop.orchestrator.cli.main import main
from coverloop.training import compare

# Of one step uni_pc gives the noise back, whatever the model says
SMALLEST = ("size=64", "seconds=0.5", "megapixels=0.004", "steps=2", "spare=0", "vlm=offline", "vlm_lettering=offline")


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))


@pytest.fixture
def compared(tmp_path, capsys):
    def run(covers, loras, *more, server="127.0.0.1:1"):
        words = ["compare", *covers, "--lora", loras, "--out", tmp_path / "out", "--server", server, *more, "--json"]
        words += [word for setting in SMALLEST for word in ("--set", setting)]
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, json.loads(out), err

    return run


def cells(tmp_path):
    return [json.loads(line) for line in (tmp_path / "out" / "compare.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture
def sea(tmp_path):
    x, y = np.meshgrid(np.arange(96), np.arange(96))
    path = tmp_path / "바다 (1).png"
    path.write_bytes(cv2.imencode(".png", np.dstack([2 * x, 2 * y, 255 - x - y]).astype(np.uint8))[1].tobytes())
    return path


def test_loras_are_compared_and_a_stopped_comparison_goes_on(compared, sea, tmp_path, wan_comfyui, monkeypatch):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    korean = "한지 질감.safetensors"
    shutil.copy(wan_comfyui.base / "models/loras" / tiny_wan.LORAS[0], wan_comfyui.base / "models/loras" / korean)
    asked = ([sea, tmp_path / "broken.png"], f"{tiny_wan.LORAS[1]},{korean}", "--strengths", "0,1", "--combinations")

    class Stops(compare.Batch):
        def __init__(self, *args, **named):
            super().__init__(*args, **{**named, "on_outcome": self.first})

        def first(self, outcome):
            if outcome.state is OutcomeState.DONE:
                self.tasks.interrupt()

    monkeypatch.setattr(compare, "Batch", Stops)
    code, _, err = compared(*asked, server=wan_comfyui.url)
    states = [cell["state"] for cell in cells(tmp_path)]
    begun = states.count("done")
    assert code == 130 and err.startswith("2 covers x 4 combinations: 8 renders\n") and 1 <= begun < 4
    monkeypatch.undo()
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))
    code, made, err = compared(*asked, server=wan_comfyui.url)
    assert code == 1 and f"; {begun} are there already" in err and made["failed"] == 4
    rows = cells(tmp_path)
    assert [row["combination"] for row in rows[:4]] == [
        "no LoRA",
        "tiny_kohya 1",
        "한지 질감 1",
        "tiny_kohya 1 + 한지 질감 1",
    ]
    assert sum(row["reused"] for row in rows) == begun and all("not a picture" in row["error"] for row in rows[4:])
    seen = [decode(tmp_path / "out" / row["video"]).frames.astype(int) for row in rows[:4]]
    assert all(np.abs(one - other).mean() > 0.01 for one, other in itertools.combinations(seen, 2))
    assert made["covers"] <= 1 and not made["sure"] and all(set(row["parts"]) for row in rows[:4])
    pairs = [json.loads(line) for line in (tmp_path / "out" / "pairs.jsonl").read_text("utf-8").splitlines()]
    assert {key for pair in pairs for key in (pair["left"], pair["right"])} == {row["job"] for row in rows[:4]}
    page = (tmp_path / "out" / "compare.html").read_text("utf-8")
    assert page.count("<video") == 4 and page.count("is not a picture") == 4

    # in another order, with more strengths: what is there is not rendered again
    again = ([sea], f"{korean},{tiny_wan.LORAS[1]}", "--strengths", "-0,1", "--combinations")
    code, made, err = compared(*again, server=wan_comfyui.url)
    assert code == 0 and "0 renders; 4 are there already" in err and all(row["reused"] for row in cells(tmp_path))


def test_one_cover_and_one_lora_say_what_they_cannot_tell(compared, sea, tmp_path, wan_comfyui):
    code, made, _ = compared([sea], tiny_wan.LORAS[0], "--strengths", "1", server=wan_comfyui.url)
    assert code == 0 and len(cells(tmp_path)) == 1
    assert "nothing to compare it with" in made["says"] or "hardly moves" in made["says"]


def test_a_lora_that_is_missing_is_named_before_anything_is_rendered(compared, sea, tmp_path, wan_comfyui):
    code, made, _ = compared([sea], f"{tiny_wan.LORAS[0]},없는 것.safetensors", server=wan_comfyui.url)
    assert code == 1 and "has no LoRA 없는 것.safetensors; put it in" in made["error"]
    assert not (tmp_path / "out").exists()


NOT_COMPARED = {
    "range": (("--strengths", "0,11"), "must be between -10.0 and 10.0"),
    "number": (("--strengths", "0,much"), "much: must be a number"),
    "infinite": (("--strengths", "nan"), "nan: must be a number"),
    "twice": (("--strengths", "0.5,0.50"), "0.50 is there twice"),
    "zero twice": (("--strengths", "0,-0"), "-0 is there twice"),
    "same lora": (("--lora", "a.safetensors,a.safetensors"), "a.safetensors is there twice"),
    "no lora": (("--lora", "a.safetensors,,"), "is no LoRA"),
    "many": (("--lora", ",".join(f"{n}.safetensors" for n in range(150))), "makes 301 loops; at most 200"),
    "together": (("--lora", "a,b,c,d", "--combinations"), "takes 3 LoRAs together, 4 are given"),
    "set": (("--set", "lora_2=a"), "the comparison decides it"),
}


@pytest.mark.parametrize("name", NOT_COMPARED)
def test_what_cannot_be_compared_is_said_before_a_server_is(compared, sea, tmp_path, name):
    more, told = NOT_COMPARED[name]
    code, made, err = compared([sea], "a.safetensors", *more)
    assert code == 2 and told in made["error"] and err.count("\n") == 1 and not (tmp_path / "out").exists()


def test_a_cover_counts_once(compared, sea):
    code, made, _ = compared([sea, sea], "a.safetensors")
    assert code == 2 and "is given twice" in made["error"]
