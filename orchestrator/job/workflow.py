"""Versioned workflow files and their manifest: request -> prompt. Pure; reads files, asks no server.

`workflows/manifest.toml` says for each `NAME_vN` which file holds the prompt (ComfyUI's API format), which parameter
binds to which node input, which node makes the deliverable, and which packs and models it needs. No graph is built
here: a prompt is the file with the bound values put in.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...core.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(os.environ.get("COVERLOOP_WORKFLOWS") or Path(__file__).resolve().parents[2] / "workflows")
"""Ours; `COVERLOOP_WORKFLOWS` names a folder of one's own with the same layout."""
Value = str | int | float | bool


@dataclass(frozen=True)
class Binding:
    """A parameter of a workflow. `kind`: image, int, float, string, bool or choice. A cover is the binding of kind
    image; it has no default. `multiple_of`, `plus`: an int must be multiple_of * n + plus (Wan 2.2 wants 4n + 1
    frames). `off`, `through`: with the value `off` the node is taken out, and what read its output reads what its input
    `through` read (a LoRA loader without a LoRA)."""

    name: str
    node: str
    input: str
    kind: str
    default: Value | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    help: str = ""
    multiple_of: int = 1
    plus: int = 0
    off: str = ""
    through: str = ""

    def read(self, value: Any) -> Value:
        """`value` (a string from a command line or table, or already typed) as this parameter's type, within bounds.

        Raises:
            UsageError: names the parameter, the value and what is allowed.
        """
        try:
            typed = _typed(self.kind, value)
        except (TypeError, ValueError, OverflowError):
            raise UsageError(f"{self.name}={value}: must be {_KINDS[self.kind]}") from None
        if self.choices and typed not in self.choices:
            raise UsageError(f"{self.name}={value}: must be one of {', '.join(self.choices)}")
        if isinstance(typed, (int, float)) and not isinstance(typed, bool):
            low = -math.inf if self.minimum is None else self.minimum
            high = math.inf if self.maximum is None else self.maximum
            if not low <= typed <= high:
                raise UsageError(f"{self.name}={value}: must be between {self.minimum} and {self.maximum}")
        if isinstance(typed, int) and self.multiple_of > 1:
            typed = max(0, round((typed - self.plus) / self.multiple_of)) * self.multiple_of + self.plus
        return typed


_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "choice": "text",
    "image": "a picture",
}


def _typed(kind: str, value: Any) -> Value:
    if kind == "bool":
        if isinstance(value, bool):
            return value
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[str(value).lower()]
    if kind == "int":
        if isinstance(value, bool) or (isinstance(value, float) and value != int(value)):
            raise ValueError
        return int(value)
    if kind == "float":
        number = float(value)
        if isinstance(value, bool) or not math.isfinite(number):
            raise ValueError
        return number
    return str(value)


@dataclass(frozen=True)
class Pack:
    """Nodes a workflow needs, and where to get the pack that has them."""

    id: str
    nodes: tuple[str, ...]
    where: str


@dataclass(frozen=True)
class Model:
    """A model file a workflow needs: in which of ComfyUI's model folders, from where, how large, which hash."""

    name: str
    directory: str
    url: str = ""
    bytes: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class Workflow:
    """One version of one workflow. `prompt`: the API file; `sha256`: of that file; `output_node`: makes the
    deliverable; `mask_node`: saves the glyph mask as a picture, "" when the workflow has none."""

    id: str
    name: str
    version: int
    title: str
    prompt: Mapping[str, Any]
    sha256: str
    ui_path: Path
    bindings: Mapping[str, Binding]
    output_node: str
    mask_node: str
    min_comfyui: str
    packs: tuple[Pack, ...]
    models: tuple[Model, ...]

    @property
    def node_classes(self) -> tuple[str, ...]:
        return tuple(sorted({node["class_type"] for node in self.prompt.values()}))

    def read_values(self, given: Mapping[str, Any]) -> dict[str, Value]:
        """Every bound parameter with its value: what was given, else the default. `frames`, where a workflow binds it
        and nobody gave it, is round(seconds * fps).

        Raises:
            UsageError: an unknown parameter, a value of the wrong type or out of bounds.
        """
        free = {name: binding for name, binding in self.bindings.items() if binding.kind != "image"}
        extra = {"seconds", "fps"} if "frames" in free else set()
        unknown = [name for name in given if name not in free and name not in extra]
        if unknown:
            raise UsageError(f"{self.id} has no parameter {unknown[0]}; it has {', '.join(sorted(free)) or 'none'}")
        given = dict(given)
        if "frames" in free and "frames" not in given and "seconds" in given:
            fps = given.get("fps", free["fps"].default if "fps" in free else 24)
            given["frames"] = frame_count(given["seconds"], fps)
        return {name: b.read(given.get(name, b.default)) for name, b in sorted(free.items())}

    def build(self, values: Mapping[str, Value], images: Mapping[str, str]) -> dict[str, Any]:
        """The prompt with `values` (from `read_values`) and `images` (parameter -> name on the server) put in."""
        prompt = copy.deepcopy(dict(self.prompt))
        for name, value in {**values, **images}.items():
            binding = self.bindings[name]
            prompt[binding.node]["inputs"][binding.input] = value
        for name, value in values.items():
            binding = self.bindings[name]
            if binding.off and value == binding.off:
                _bypass(prompt, binding.node, binding.through)
        return prompt


def _bypass(prompt: dict[str, Any], node: str, through: str) -> None:
    source = prompt.pop(node)["inputs"][through]
    for other in prompt.values():
        for name, value in other["inputs"].items():
            if isinstance(value, list) and value[0] == node:
                other["inputs"][name] = source


def frame_count(seconds: Any, fps: Any) -> int:
    try:
        count = round(float(seconds) * float(fps))
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"seconds={seconds}, fps={fps}: must be numbers") from None
    if count < 2:
        raise UsageError(f"{seconds} s at {fps} frames a second are {count} frames; a loop needs at least 2")
    return count


def workflow_ids(folder: Path | None = None) -> list[str]:
    """All ids of the manifest, `NAME_vN`, by name and version."""
    folder = folder or FOLDER
    return sorted(_manifest(folder), key=lambda id: _split(id, folder))


def load_workflow(id: str, folder: Path | None = None) -> Workflow:
    """A workflow by `NAME_vN`, or by `NAME` its newest version.

    Raises:
        UsageError: unknown; lists the known ones. Or the manifest or a file of it is damaged; says where.
    """
    folder = folder or FOLDER
    manifest = _manifest(folder)
    if id not in manifest:
        versions = [known for known in manifest if _split(known, folder)[0] == id]
        if not versions:
            raise UsageError(f"unknown workflow {id}; there are: {', '.join(workflow_ids(folder)) or 'none'}")
        id = max(versions, key=lambda known: _split(known, folder))
    try:
        return _read(id, manifest[id], folder)
    except (KeyError, TypeError, ValueError, OSError) as error:
        what = f"{type(error).__name__}: {error}"
        raise UsageError(f"{folder / 'manifest.toml'}: {id} is damaged ({what}); install it again") from error


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.toml"
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); install coverloop again") from error


def _split(id: str, folder: Path) -> tuple[str, int]:
    match = re.fullmatch(r"(.+)_v(\d+)", id)
    if not match:
        raise UsageError(f"{folder / 'manifest.toml'}: {id} is not NAME_vN; name it so")
    return match[1], int(match[2])


def _read(id: str, entry: Mapping[str, Any], folder: Path) -> Workflow:
    name, version = _split(id, folder)
    data = (folder / entry["api"]).read_bytes()
    prompt = json.loads(data)
    bindings = {key: _binding(key, row, prompt) for key, row in entry["bind"].items()}
    return Workflow(
        id=id,
        name=name,
        version=version,
        title=entry["title"],
        prompt=prompt,
        sha256=hashlib.sha256(data).hexdigest(),
        ui_path=folder / entry["ui"],
        bindings=bindings,
        output_node=_known(entry["output"]["node"], prompt),
        mask_node=_known(entry["mask"]["node"], prompt) if "mask" in entry else "",
        min_comfyui=entry.get("min_comfyui", "0.3.75"),
        packs=tuple(Pack(p["id"], tuple(p["nodes"]), p["where"]) for p in entry.get("packs", ())),
        models=tuple(
            Model(m["name"], m["directory"], m.get("url", ""), m.get("bytes", 0), m.get("sha256", ""))
            for m in entry.get("models", ())
        ),
    )


def _binding(name: str, row: Mapping[str, Any], prompt: Mapping[str, Any]) -> Binding:
    node = _known(row["node"], prompt)
    if row["input"] not in prompt[node]["inputs"]:
        raise ValueError(f"{name}: node {node} has no input {row['input']}")
    if row["type"] not in _KINDS:
        raise ValueError(f"{name}: unknown type {row['type']}")
    return Binding(
        name=name,
        node=node,
        input=row["input"],
        kind=row["type"],
        default=row.get("default", prompt[node]["inputs"][row["input"]]),
        minimum=row.get("min"),
        maximum=row.get("max"),
        choices=tuple(row.get("choices", ())),
        help=row.get("help", ""),
        multiple_of=row.get("multiple_of", 1),
        plus=row.get("plus", 0),
        off=row.get("off", ""),
        through=row.get("through", ""),
    )


def _known(node: Any, prompt: Mapping[str, Any]) -> str:
    if str(node) not in prompt:
        raise ValueError(f"no node {node} in the prompt")
    return str(node)


def workflow_facts(workflow: Workflow) -> dict[str, Any]:
    """What a person or a script wants to know of a workflow, JSON-safe."""
    return {
        "id": workflow.id,
        "title": workflow.title,
        "version": workflow.version,
        "sha256": workflow.sha256,
        "min_comfyui": workflow.min_comfyui,
        "parameters": {
            b.name: {"type": b.kind, "default": b.default, "min": b.minimum, "max": b.maximum, "help": b.help}
            for b in workflow.bindings.values()
            if b.kind != "image"
        },
        "packs": [{"id": pack.id, "nodes": list(pack.nodes), "where": pack.where} for pack in workflow.packs],
        "models": [asdict(model) for model in workflow.models],
    }


def workflow_lines(workflow: Workflow) -> list[str]:
    """The same, to read."""
    facts = workflow_facts(workflow)
    lines = [f"{workflow.id}: {workflow.title}", f"needs ComfyUI {workflow.min_comfyui} or newer"]
    for name, row in facts["parameters"].items():
        bounds = f" ({row['min']} to {row['max']})" if row["min"] is not None and row["max"] is not None else ""
        lines.append(f"  {name:12} {row['type']:7} default {row['default']!r}{bounds}  {row['help']}".rstrip())
    lines += [f"  pack {pack.id}: {pack.where}" for pack in workflow.packs]
    lines += [f"  model {model.directory}/{model.name}: {model.url}" for model in workflow.models]
    return lines
