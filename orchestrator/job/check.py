"""What a server has and what a workflow needs: version, nodes, models, each missing one with where to get it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ... import __version__
from ...core.errors import ServerError
from ..server.client import Comfy
from ..server.wire import ServerAway
from .workflow import Model, Workflow


@dataclass(frozen=True)
class Missing:
    """One thing a server lacks. `kind`: version, node, input or model; `where`: where to get it."""

    kind: str
    name: str
    where: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Server:
    """What a ComfyUI says of itself, as one line each. `defaults`: by node class, what its required inputs are when a
    workflow, which may be older than the server, does not give them."""

    comfyui: str
    python: str
    pytorch: str
    device: str
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    def to_dict(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("comfyui", "python", "pytorch", "device")}

    def complete(self, prompt: Mapping[str, Mapping[str, Any]]) -> None:
        """Put in the inputs that nodes of this server want and `prompt` does not give."""
        for node in prompt.values():
            for name, value in self.defaults.get(node["class_type"], {}).items():
                if not _given(name, node["inputs"]):
                    node["inputs"][name] = value


def ask(comfy: Comfy) -> Server:
    """Raises ServerError when no ComfyUI answers."""
    stats = comfy.stats()
    system, devices = stats["system"], stats.get("devices") or [{}]
    return Server(
        comfyui=str(system["comfyui_version"]),
        python=str(system.get("python_version", "unknown")).split()[0],
        pytorch=str(system.get("pytorch_version", "unknown")),
        device=str(devices[0].get("name", "unknown")),
    )


def interfaces(comfy: Comfy, workflow: Workflow) -> dict[str, dict[str, Any] | None]:
    """By node class of the workflow: its interface on this server, None when the server does not have it."""
    return {name: comfy.object_info(name).get(name) for name in workflow.node_classes}


def versions(server: Server, known: Mapping[str, Any]) -> dict[str, str]:
    """What goes into a job's key: our version, ComfyUI's and, since packs do not tell theirs, a hash of the interfaces
    of the nodes in use. Lists of files to choose from are left out: they change with every upload."""
    shapes = {name: {key: _shape(value) for key, value in (info or {}).items()} for name, info in known.items()}
    digest = hashlib.sha256(json.dumps(shapes, sort_keys=True).encode()).hexdigest()
    return {"coverloop": __version__, "comfyui": server.comfyui, "interfaces": digest}


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items() if key != "options"}
    if isinstance(value, list):
        return [_shape(inner) for inner in value if not isinstance(inner, list)]
    return value


def _required(info: Mapping[str, Any] | None) -> Mapping[str, Any]:
    inputs = (info or {}).get("input")
    required = inputs.get("required") if isinstance(inputs, dict) else None
    return required if isinstance(required, dict) else {}


def _given(name: str, inputs: Mapping[str, Any]) -> bool:
    """Inputs that grow are given one by one, as `name.part`."""
    return any(key == name or key.startswith(f"{name}.") for key in inputs)


def defaults_of(known: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By node class: the required inputs that have a default."""
    return {
        name: {
            key: spec[1]["default"]
            for key, spec in _required(info).items()
            if isinstance(spec, list) and len(spec) > 1 and isinstance(spec[1], dict) and "default" in spec[1]
        }
        for name, info in known.items()
    }


def _inputs_wanting(workflow: Workflow, server: Server, known: Mapping[str, Any]) -> list[Missing]:
    """Required inputs that the workflow does not give and the server has no default for."""
    defaults, found = defaults_of(known), []
    for id, node in workflow.prompt.items():
        name = node["class_type"]
        for key in _required(known.get(name)):
            if not _given(key, node["inputs"]) and key not in defaults.get(name, {}):
                where = f"ComfyUI {server.comfyui} wants it, {workflow.id} does not give it; use a newer workflow"
                found.append(Missing("input", f"{key} of {name} (node {id})", where))
    return found


def missing(comfy: Comfy, workflow: Workflow, server: Server, known: Mapping[str, Any]) -> list[Missing]:
    """Everything this server lacks for a workflow; empty when it can run it."""
    found = []
    if _version(server.comfyui) < _version(workflow.min_comfyui):
        found.append(
            Missing("version", f"ComfyUI {workflow.min_comfyui}", f"update ComfyUI, this one is {server.comfyui}")
        )
    packs = {node: pack for pack in workflow.packs for node in pack.nodes}
    for name, info in known.items():
        if info is None:
            pack = packs.get(name)
            found.append(Missing("node", name, f"{pack.id}: {pack.where}" if pack else "a newer ComfyUI"))
    found += _inputs_wanting(workflow, server, known)
    listed: dict[str, set[str]] = {}
    for model in workflow.models:
        if model.directory not in listed:
            listed[model.directory] = _models(comfy, model)
        if model.name not in listed[model.directory]:
            found.append(Missing("model", model.name, f"put it in models/{model.directory}, from {model.url}"))
    return found


def _models(comfy: Comfy, model: Model) -> set[str]:
    try:
        names = comfy.models(model.directory)
    except ServerAway:
        raise
    except ServerError:  # 404: this ComfyUI has no such folder, so the file is not there either
        return set()
    return {name.replace("\\", "/").rpartition("/")[2] for name in names}


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def require(comfy: Comfy, workflow: Workflow) -> tuple[Server, dict[str, str]]:
    """The server and its `versions`, once it is sure that it can run `workflow`.

    Raises:
        ServerError: names everything missing, with where to get it.
    """
    server = ask(comfy)
    known = interfaces(comfy, workflow)
    lacking = missing(comfy, workflow, server, known)
    if lacking:
        what = "; ".join(f"{item.kind} {item.name} ({item.where})" for item in lacking)
        raise ServerError(f"{comfy.url}: cannot run {workflow.id}, it lacks {what}")
    return replace(server, defaults=defaults_of(known)), versions(server, known)
