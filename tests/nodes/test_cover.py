"""A cover has the same pixels in a graph, on the command line, and as what the command line sends to a server."""

import io
import uuid
from pathlib import Path

import numpy as np
import pytest
import requests
from coverloop.core.image import read_cover
from coverloop.orchestrator.job.request import open_cover
from coverloop.orchestrator.server.client import Comfy
from coverloop.orchestrator.server.follow import Finished, follow
from PIL import Image, ImageCms


@pytest.fixture(scope="module")
def comfy(comfyui):
    with Comfy(comfyui.url, timeout=60) as comfy:
        yield comfy


def covers(folder: Path) -> dict[str, Path]:
    """Covers that ComfyUI's own Load Image reads differently from us."""
    y, x = np.mgrid[0:80, 0:96]
    rgb = Image.fromarray(np.stack([x * 2, y * 3, 200 - x], -1).astype(np.uint8))
    clear = rgb.copy()
    clear.putalpha(Image.fromarray((x * 2).astype(np.uint8)))
    turned = Image.Exif()
    turned[0x0112] = 6
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    kinds = {
        "clear.png": (clear, {}),
        "turned.jpg": (rgb, {"exif": turned}),
        "profile.png": (rgb, {"icc_profile": linear}),
        "deep.png": (Image.fromarray((x * 600).astype(np.uint16)), {}),
        "cmyk.jpg": (rgb.convert("CMYK"), {}),
    }
    for name, (picture, options) in kinds.items():
        picture.save(folder / name, **options)
    return {name: folder / name for name in kinds}


def shown(comfy: Comfy, url: str, loaded: dict[str, tuple[str, str]]) -> dict[str, np.ndarray]:
    """The pixels that each (node class, name on the server) gives, by key."""
    prompt = {}
    for key, (node, image) in loaded.items():
        prompt[key] = {"class_type": node, "inputs": {"image": image}}
        prompt[f"show {key}"] = {"class_type": "PreviewImage", "inputs": {"images": [key, 0]}}
    prompt_id = str(uuid.uuid4())
    comfy.submit(prompt, prompt_id)
    assert isinstance(list(follow(comfy, prompt_id, prompt))[-1], Finished)
    outputs = requests.get(f"{url}/history/{prompt_id}", timeout=30).json()[prompt_id]["outputs"]
    seen = {}
    for key in loaded:
        answer = requests.get(f"{url}/view", params=outputs[f"show {key}"]["images"][0], timeout=30)
        seen[key] = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))
    return seen


def test_the_same_cover_gives_the_same_pixels_both_ways(comfy, comfyui, tmp_path):
    files = covers(tmp_path)
    loaded = {}
    for name, path in files.items():
        loaded[name] = ("CoverLoopLoadCover", comfy.upload(name, path.read_bytes()))
        sent = open_cover(path)
        loaded[f"sent {name}"] = ("LoadImage", comfy.upload(sent.upload_name, sent.upload))
    seen = shown(comfy, comfyui.url, loaded)
    for name, path in files.items():
        assert np.array_equal(seen[name], read_cover(path).image), name
        assert np.array_equal(seen[f"sent {name}"], read_cover(path).image), name


def test_the_example_cover_lies_where_the_graphs_look_for_it(comfyui):
    example = comfyui.base / "input" / "cover.png"
    assert example.read_bytes() == (Path(__file__).parents[2] / "assets" / "cover.png").read_bytes()
    options = requests.get(f"{comfyui.url}/object_info/CoverLoopLoadCover", timeout=30).json()
    assert "cover.png" in str(options["CoverLoopLoadCover"]["input"]["required"]["image"])
