"""Small prompts of stock ComfyUI nodes, for tests and benchmarks that need a job but no picture worth looking at."""

from __future__ import annotations

from typing import Any


def video_prompt(prefix: str, color: int = 0x204060, frames: int = 3, side: int = 64) -> dict[str, dict[str, Any]]:
    """A flat-coloured MP4 of `frames` frames; a fraction of a second on a CPU. `color` makes it another job."""
    return {
        "1": {
            "class_type": "EmptyImage",
            "inputs": {"width": side, "height": side, "batch_size": frames, "color": color},
        },
        "2": {"class_type": "CreateVideo", "inputs": {"images": ["1", 0], "fps": 24.0}},
        "3": {
            "class_type": "SaveVideo",
            "inputs": {"video": ["2", 0], "filename_prefix": prefix, "format": "mp4", "codec": "h264"},
        },
    }


def slow_prompt(prefix: str, color: int = 1, side: int = 3000, rounds: int = 6) -> dict[str, dict[str, Any]]:
    """Some seconds of resizing that can be interrupted between nodes, then a PNG."""
    prompt: dict[str, dict[str, Any]] = {
        "0": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 2, "color": color}}
    }
    for step in range(rounds):
        prompt[str(step + 1)] = {
            "class_type": "ImageScale",
            "inputs": {
                "image": [str(step), 0],
                "upscale_method": "lanczos",
                "width": side + step,
                "height": side,
                "crop": "disabled",
            },
        }
    small = {"upscale_method": "nearest-exact", "width": 64, "height": 64, "crop": "disabled"}
    prompt["small"] = {"class_type": "ImageScale", "inputs": {"image": [str(rounds), 0], **small}}
    prompt["save"] = {"class_type": "SaveImage", "inputs": {"images": ["small", 0], "filename_prefix": prefix}}
    return prompt
