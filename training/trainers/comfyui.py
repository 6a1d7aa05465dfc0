"""ComfyUI's own training nodes: a style LoRA for Stable Diffusion 1.5 from pictures, by the graph train_style_v1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..calibration import STILLS
from ..trainer import Trainer

GRAPH = "train_style_v1.json"
_WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"


def stills(count: int, name: str) -> Mapping[str, str]:
    graph = json.loads((_WORKFLOWS / GRAPH).read_text("utf-8"))
    steps = min(STILLS.most_steps, max(STILLS.least_steps, STILLS.steps * count))
    for kind, values in (
        ("LoadImageTextDataSetFromFolder", {"folder": name}),
        ("PrimitiveInt", {"value": STILLS.side}),
        ("TrainLoraNode", {"steps": steps}),
        ("SaveLoRA", {"prefix": f"loras/{name}"}),
    ):
        _set(graph, kind, values)
    return {GRAPH: json.dumps(graph, indent=1, ensure_ascii=False) + "\n"}


def _set(graph: dict[str, Any], kind: str, values: Mapping[str, Any]) -> None:
    """Widgets of the one node of a kind. What is set comes before the seed, which has a second value in the list."""
    (node,) = (node for node in graph["nodes"] if node["type"] == kind)
    widgets = [given["name"] for given in node["inputs"] if "widget" in given]
    for name, value in values.items():
        node["widgets_values"][widgets.index(name)] = value


TRAINER = Trainer(
    source="https://github.com/comfyanonymous/ComfyUI",
    stills=stills,
    commands=(
        "cp -r {out}/{name} input/",
        f"# open {{out}}/{GRAPH} in ComfyUI and run it; then",
        "mv output/loras/{name}_*.safetensors models/loras/",
    ),
)
