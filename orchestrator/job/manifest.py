"""`workflows/manifest.toml`: for each `NAME_vN` its files, what it binds, which node makes the deliverable, and which
packs and models it needs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...core.errors import UsageError
from .workflow import KINDS, Binding, Model, Pack, Workflow

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(os.environ.get("COVERLOOP_WORKFLOWS") or Path(__file__).resolve().parents[2] / "workflows")
"""Ours; `COVERLOOP_WORKFLOWS` names a folder of one's own with the same layout."""


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
        formats=entry.get("formats", ""),
    )


def _binding(name: str, row: Mapping[str, Any], prompt: Mapping[str, Any]) -> Binding:
    node = _known(row["node"], prompt)
    if row["input"] not in prompt[node]["inputs"]:
        raise ValueError(f"{name}: node {node} has no input {row['input']}")
    if row["type"] not in KINDS:
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
        around=_known(row["around"], prompt) if "around" in row else "",
        optional=row.get("optional", False),
    )


def _known(node: Any, prompt: Mapping[str, Any]) -> str:
    if str(node) not in prompt:
        raise ValueError(f"no node {node} in the prompt")
    return str(node)
