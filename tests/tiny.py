"""A small workflow of stock ComfyUI nodes, bound like ours: a four-frame loop out of a cover in milliseconds."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

MANIFEST = """
[{id}]
title = "Tiny: a cover that breathes, for tests"
ui = "{id}.json"
api = "api/{id}.json"
min_comfyui = "0.3.75"
output = {{ node = "9" }}

[{id}.bind]
cover = {{ node = "1", input = "image", type = "image" }}
size = {{ node = "2", input = "width", type = "int", default = 64, min = 64, max = 4096, multiple_of = 2 }}
strength = {{ node = "4", input = "blend_factor", type = "float", default = 0.2, min = 0.0, max = 1.0, help = "much" }}
fps = {{ node = "8", input = "fps", type = "float", default = 24.0, min = 1.0, max = 120.0 }}
mode = {{ node = "4", input = "blend_mode", type = "choice", choices = ["normal", "multiply"], default = "normal" }}

[[{id}.packs]]
id = "a pack"
where = "https://example.org/pack"
nodes = ["{node}"]
"""


def tiny_prompt(slow: int = 0, node: str = "SaveVideo") -> dict:
    """cover -> scaled -> four frames: itself, a bit inverted, half inverted, a bit inverted -> MP4. `slow`: side in
    pixels of a detour that costs time."""
    scale = {"upscale_method": "area", "crop": "center"}
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "cover.png"}},
        "2": {"class_type": "ImageScale", "inputs": {"image": ["1", 0], "width": 64, "height": 64, **scale}},
        "3": {"class_type": "ImageInvert", "inputs": {"image": ["2", 0]}},
        "4": {
            "class_type": "ImageBlend",
            "_meta": {"title": "Breathe"},
            "inputs": {"image1": ["2", 0], "image2": ["3", 0], "blend_factor": 0.2, "blend_mode": "normal"},
        },
        "5": {"class_type": "ImageBatch", "inputs": {"image1": ["2", 0], "image2": ["4", 0]}},
        "6": {"class_type": "ImageBatch", "inputs": {"image1": ["3", 0], "image2": ["4", 0]}},
        "7": {"class_type": "ImageBatch", "inputs": {"image1": ["5", 0], "image2": ["6", 0]}},
        "8": {"class_type": "CreateVideo", "inputs": {"images": ["7", 0], "fps": 24.0}},
        "9": {
            "class_type": node,
            "inputs": {"video": ["8", 0], "filename_prefix": "tiny/t", "format": "mp4", "codec": "h264"},
        },
    }
    if slow:
        prompt["10"] = {
            "class_type": "ImageScale",
            "inputs": {"image": ["1", 0], "width": slow, "height": slow, **scale, "upscale_method": "lanczos"},
        }
        prompt["2"]["inputs"]["image"] = ["10", 0]
    return prompt


def write_workflows(folder: Path, slow: int = 0, extra: str = "") -> Path:
    """A workflow folder with tiny_v1, tiny_v2 (the same, newer) and foreign_v1 (needs a node nobody has)."""
    (folder / "api").mkdir(parents=True, exist_ok=True)
    text = ""
    for id, node in (("tiny_v1", "SaveVideo"), ("tiny_v2", "SaveVideo"), ("foreign_v1", "NodeOfNobody")):
        (folder / "api" / f"{id}.json").write_text(json.dumps(tiny_prompt(slow, node)))
        (folder / f"{id}.json").write_text(json.dumps({"nodes": [], "id": id}))
        text += MANIFEST.format(id=id, node=node)
    (folder / "manifest.toml").write_text(text + extra)
    return folder


def write_cover(path: Path, number: int = 0, side: int = 64) -> Path:
    """A small square cover of its own for each `number`: few coarse patches, which no scaling makes alike."""
    patches = np.random.default_rng(number).uniform(40, 215, (4, 4, 3)).astype(np.float32)
    image = cv2.resize(patches, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return path
