"""Save Formats in a real ComfyUI: frames drawn there one after the other, and frames of other nodes."""

import uuid

import pytest
from coverloop.core.video.facts import read_facts
from coverloop.orchestrator.server.client import Comfy
from coverloop.orchestrator.server.events import Finished
from coverloop.orchestrator.server.follow import follow

FIRST = {"fps": 10.0, "seconds": 1.0, "way": "backdrop", "filename_prefix": "places/sea", "title": "Sea"}


def written(comfyui, graph):
    """The files that a graph left in ComfyUI's output folder."""
    comfy, prompt_id = Comfy(comfyui.url), str(uuid.uuid4())
    comfy.submit(graph, prompt_id)
    events = list(follow(comfy, prompt_id, graph))
    assert isinstance(events[-1], Finished), events[-1]
    return {path.name for path in (comfyui.base / "output" / "places").iterdir()}


@pytest.fixture(autouse=True)
def _empty(comfyui):
    for path in (comfyui.base / "output" / "places").glob("*"):
        path.unlink()


def picture(width=96, color=0x406080):
    return {"class_type": "EmptyImage", "inputs": {"width": width, "height": 96, "batch_size": 1, "color": color}}


def test_plate_layer_and_recipe_become_files_of_two_shapes(comfyui):
    graph = {
        "1": picture(),
        "2": {"class_type": "SolidMask", "inputs": {"value": 0.0, "width": 96, "height": 96}},
        "3": {"class_type": "CoverLoopTextLayer", "inputs": {"cover": ["1", 0], "plate": ["1", 0], "mask": ["2", 0]}},
        "4": {"class_type": "CoverLoopRecipe", "inputs": {"plate": ["1", 0], "seed": 0, "strength": 1.0}},
        "5": {
            "class_type": "CoverLoopFormat",
            "inputs": {
                **FIRST,
                "presets": "web.gif, now-playing.tall",
                "plate": ["1", 0],
                "layer": ["3", 0],
                "recipe": ["4", 0],
            },
        },
    }
    names = written(comfyui, graph)
    stem = "sea_00001_"
    assert {f"{stem}.web.gif", f"{stem}.now-playing.tall.mp4", f"{stem}.now-playing.tall.jpg"} <= names
    facts = read_facts(comfyui.base / "output" / "places" / f"{stem}.now-playing.tall.mp4")
    assert (facts.width, facts.height) == (1080, 1440) and facts.words["title"] == "Sea"


def test_frames_of_any_node_are_written(comfyui):
    graph = {
        "1": picture(),
        "2": picture(color=0x506070),
        "3": {"class_type": "ImageBatch", "inputs": {"image1": ["1", 0], "image2": ["2", 0]}},
        "4": {"class_type": "ImageBatch", "inputs": {"image1": ["3", 0], "image2": ["3", 0]}},
        "5": {"class_type": "CoverLoopFormat", "inputs": {**FIRST, "presets": "web.webp", "frames": ["4", 0]}},
    }
    assert written(comfyui, graph) == {"sea_00001_.web.webp", "sea_00001_.web.jpg", "sea_00001_.json"}
