"""Test-only ComfyUI pack: the nodes of packs that are not installed here, with the interfaces they were recorded with.

A real server then checks a prompt against those interfaces, and the real front end opens the graph. The nodes do not
run: each says so. The recordings are `object_info` answers in ../data/object_info.
"""

import json
from pathlib import Path

RECORDINGS = Path(__file__).resolve().parent.parent / "data" / "object_info"
WEB_DIRECTORY = "./web"


class AnyInputs(dict):
    """Optional inputs of any name: what rgthree's Any Switch takes, and its object_info cannot say."""

    def __contains__(self, name):
        return True

    def __getitem__(self, name):
        return (AnyType("*"),)


class AnyType(str):
    """Fits every socket: ComfyUI compares types with `!=`."""

    def __ne__(self, other):
        return False


def recorded(name, info):
    inputs = {kind: {key: tuple(spec) for key, spec in group.items()} for kind, group in info["input"].items()}
    if name == "Any Switch (rgthree)":
        inputs["optional"] = AnyInputs()

    def run(self, **values):
        raise RuntimeError(f"{name} is only recorded here; install its pack to run it")

    members = {
        "INPUT_TYPES": classmethod(lambda cls: inputs),
        "RETURN_TYPES": tuple(AnyType(kind) if kind == "*" else kind for kind in info["output"]),
        "RETURN_NAMES": tuple(info["output_name"]),
        "OUTPUT_NODE": info["output_node"],
        "CATEGORY": info["category"],
        "FUNCTION": "run",
        "run": run,
    }
    return type(name, (), members)


NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS = {}, {}
for path in sorted(RECORDINGS.glob("*.json")):
    for node, description in json.loads(path.read_text(encoding="utf-8")).items():
        NODE_CLASS_MAPPINGS[node] = recorded(node, description)
        NODE_DISPLAY_NAME_MAPPINGS[node] = description["display_name"]
