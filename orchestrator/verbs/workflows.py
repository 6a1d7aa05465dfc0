"""`coverloop workflows`: what a workflow binds and needs, for scripts and for people."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..job.workflow import FILES, Workflow


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
            if b.kind not in FILES
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
