"""Loop nodes in a real ComfyUI: RIFE under its model management, names with a dot in them."""

import shutil
import sys
import uuid
from pathlib import Path

import pytest
from coverloop.core.video.decode import decode
from coverloop.orchestrator.server.client import Comfy
from coverloop.orchestrator.server.events import Finished
from coverloop.orchestrator.server.follow import follow

WEIGHTS = Path(sys.prefix) / "weights"


def flat(color):
    return {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": color}}


def prompt(interpolator, color):
    """Two flat pictures on a ring, retimed to four frames and saved under a prefix with a dot."""
    retime = {"frames": ["3", 0], "seconds": 0.5, "fps": 8.0, "interpolator": interpolator}
    save = {"frames": ["4", 0], "fps": ["4", 1], "filename_prefix": "records/Vol.2", "crf": 16}
    return {
        "1": flat(color),
        "2": flat(0xF0E0D0),
        "3": {"class_type": "ImageBatch", "inputs": {"image1": ["1", 0], "image2": ["2", 0]}},
        "4": {"class_type": "CoverLoopRetime", "inputs": retime},
        "5": {"class_type": "CoverLoopSave", "inputs": save},
    }


def run(comfy, graph):
    prompt_id = str(uuid.uuid4())
    comfy.submit(graph, prompt_id)
    events = list(follow(comfy, prompt_id, graph))
    assert isinstance(events[-1], Finished), events[-1]
    return {file.filename for file in events[-1].files}


@pytest.fixture(scope="module")
def comfy(comfyui):
    folder = comfyui.base / "models" / "rife"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(WEIGHTS / "rife40.pkl", folder)
    yield Comfy(comfyui.url)
    (folder / "rife40.pkl").unlink()


def test_a_prefix_with_a_dot_keeps_its_name_and_overwrites_nothing(comfy, comfyui):
    first = run(comfy, prompt("optical flow", 0x203040))
    second = run(comfy, prompt("optical flow", 0x304050))
    assert first == {f"Vol.2_00001_{end}" for end in (".mp4", ".jpg", ".json")}
    assert second == {f"Vol.2_00002_{end}" for end in (".mp4", ".jpg", ".json")}
    for name in first | second:
        assert (comfyui.base / "output" / "records" / name).stat().st_size > 0


def test_rife_draws_in_a_node(comfy, comfyui):
    made = run(comfy, prompt("rife40.pkl", 0x203040))
    (video,) = (name for name in made if name.endswith(".mp4"))
    frames = decode(comfyui.base / "output" / "records" / video).frames
    means = frames.mean((1, 2, 3))
    assert len(frames) == 4 and means[0] < means[1] < means[2] and means[0] < means[3] < means[2]
