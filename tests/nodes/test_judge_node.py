"""Judge Loop in a real ComfyUI, with the regions of Find Lettering: what moves is told, what is kept is not watched."""

import json
import uuid

import cv2
import numpy as np
import pytest
from coverloop.orchestrator.server.client import Comfy
from coverloop.orchestrator.server.events import Finished
from coverloop.orchestrator.server.follow import follow
from lettered import coverage, over, picture

SIDE = 384


def frame(shift):
    """A word at its place, or some px beside it."""
    share = coverage(SIDE, "SLOW RIVERS", 46, (SIDE // 2 + shift, 250))
    return (over(picture(SIDE), share, np.array([245.0, 240, 225])) + 0.5).astype(np.uint8)


def graph(names, keep):
    """The pictures, each once, as a clip that is judged against the first of them."""
    loads = {f"load {i}": {"class_type": "LoadImage", "inputs": {"image": name}} for i, name in enumerate(names)}
    batches, clip = {}, "load 0"
    for i in range(1, len(names)):
        pair = {"image1": [clip, 0], "image2": [f"load {i}", 0]}
        clip = f"batch {i}"
        batches[clip] = {"class_type": "ImageBatch", "inputs": pair}
    find = {"cover": ["load 0", 0], "read": True}
    decide = {"cover": ["load 0", 0], "regions": ["find", 0], "backend": "offline", "find": False, "keep": keep}
    judge = {"frames": [clip, 0], "fps": 8.0, "cover": ["load 0", 0], "regions": ["decide", 0]}
    save = {"frames": ["judge", 0], "fps": 8.0, "filename_prefix": "judged/a", "crf": 16, "judgement": ["judge", 1]}
    return {
        **loads,
        **batches,
        "find": {"class_type": "CoverLoopFindText", "inputs": find},
        "decide": {"class_type": "CoverLoopJudgeText", "inputs": decide},
        "judge": {"class_type": "CoverLoopScore", "inputs": judge},
        "save": {"class_type": "CoverLoopSave", "inputs": save},
    }


@pytest.fixture
def judged(comfyui, tmp_path):
    def judged(shifts, keep=""):
        """The judgement of a clip of these shifts."""
        for shift in set(shifts):
            path = comfyui.base / "input" / f"rivers {shift}.png"
            cv2.imwrite(str(path), cv2.cvtColor(frame(shift), cv2.COLOR_RGB2BGR))
        prompt, prompt_id = graph([f"rivers {shift}.png" for shift in shifts], keep), str(uuid.uuid4())
        comfy = Comfy(comfyui.url)
        comfy.submit(prompt, prompt_id)
        end = list(follow(comfy, prompt_id, prompt))[-1]
        assert isinstance(end, Finished), end
        note = next(file for file in end.files if file.suffix == ".json")
        comfy.download(note, tmp_path / "note.json")
        return json.loads((tmp_path / "note.json").read_text("utf-8"))["judgement"]

    return judged


def test_words_that_hold_are_watched_and_read(judged):
    told = judged([0, 0, 0, 0])
    assert told["lettering_moved"] == 0 and told["lost_words"] == []
    assert told["words_read"] >= 1 and told["words_misread"] == 0


def test_a_word_that_moves_is_told_unless_it_is_to_go_with_the_picture(judged):
    told = judged([0, 3, 0, 3])
    assert any(problem.startswith("lettering moved: ") for problem in told["problems"])
    assert "RIVERS" in " ".join(word["text"] or "" for word in told["lost_words"]).upper()
    kept = judged([0, 3, 0, 3], keep="all")
    assert kept["lettering_moved"] is None and "lost_words" not in kept
