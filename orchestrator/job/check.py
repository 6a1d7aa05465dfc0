"""What a server has and what a workflow needs: version, nodes, models, each missing one with where to get it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ... import __version__
from ...core.errors import ServerError
from ..server.client import Comfy
from ..server.wire import ServerAway
from .workflow import Model, Workflow


@dataclass(frozen=True)
class Missing:
    """One thing a server lacks. `kind`: version, node or model; `where`: where to get it."""

    kind: str
    name: str
    where: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Server:
    """What a ComfyUI says of itself, as one line each, plus a fingerprint of the interfaces of a workflow's nodes."""

    comfyui: str
    python: str
    pytorch: str
    device: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


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
    return server, versions(server, known)
