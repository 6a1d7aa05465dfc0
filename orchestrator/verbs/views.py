"""`coverloop views`: the same record seen by other cameras, by the workflow `views` (Qwen-Image-Edit) on a ComfyUI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from ...core.errors import JobError, UsageError
from ...core.files import whole_file, write_text
from ...core.image import read_cover
from ...core.views.camera import read_angles
from ...core.views.clip import Clip
from ..disk.names import stems
from ..job import check
from ..job.manifest import load_workflow
from ..job.meter import Meter
from ..job.request import open_cover
from ..job.run import output_folder
from ..job.workflow import Workflow
from ..server.choose import open_server
from ..server.client import Comfy
from ..server.events import Finished
from .consistency import compare_files
from .render import Result, render_all
from .screen import Screen
from .song import run_once

FULL = {"lightning": "none", "steps": 20, "cfg": 2.5}
"""Without the LoRA for few steps: what the model was made for."""


@dataclass(frozen=True)
class Asked:
    """angles: as people write them, `left45,top`. clip: a CLIP image model that judges Identity. given: parameters of
    the workflow."""

    cover: Path
    angles: str
    out: Path
    clip: Path | None = None
    given: Mapping[str, Any] = field(default_factory=dict)


def make_views(asked: Asked, server: str | None, console: Console, loop_by: str | None = None) -> dict[str, Any]:
    """Write `<stem>.<angle>.png` for each camera, `<stem>.views.png` (the figures as bars) and `<stem>.views.json`,
    which is returned: what was asked, and how well each picture still shows the cover. loop_by: the workflow that will
    make loops of them; asked for here, so that a wrong name is told before hours of work.

    Raises:
        UsageError, CoverError, ModelError: an angle, a parameter, the picture or the CLIP must be mended; before a
            server is asked for anything.
        ServerError, JobError: no usable server, it lacks what the workflow needs, or the job failed.
    """
    cameras = read_angles(asked.angles)
    prompts = {name: camera.prompt() for name, camera in cameras.items()}
    if "angles" in asked.given:
        raise UsageError("--set angles: the cameras are named by --angles")
    workflow = load_workflow("views")
    if loop_by is not None:
        load_workflow(loop_by).read_values({})
    values = workflow.read_values({**asked.given, "angles": ",".join(cameras)})
    cover = open_cover(asked.cover)
    if asked.clip is not None:
        Clip(asked.clip)
    (place,) = stems([asked.cover], output_folder(asked.out))
    pictures = {name: place.with_name(f"{place.name}.{name}.png") for name in cameras}
    chart, record_file = (place.with_name(f"{place.name}.views.{ending}") for ending in ("png", "json"))
    if asked.cover.resolve() in {path.resolve() for path in (*pictures.values(), chart)}:
        raise UsageError(f"{asked.cover}: would be written over; change --out")
    with Screen.open(console) as screen:
        screen.title(place.name, "connecting")
        with open_server(server, lambda: screen.title(place.name, "starting ComfyUI")) as comfy:
            needed = _needed(workflow, workflow.build(values, {}))
            facts, _ = check.require(comfy, needed)
            prompt = workflow.build(values, {"cover": comfy.upload(cover.upload_name, cover.upload)})
            facts.complete(prompt)
            finished = run_once(comfy, prompt, workflow.output_node, Meter(workflow.id), screen)
            _fetch(comfy, finished, workflow.output_node, list(pictures.values()))
    table = compare_files(asked.cover, list(pictures.values()), asked.clip, chart)
    rows = [
        {"angle": name, "prompt": prompts[name], **row, "picture": path.name}
        for (name, path), row in zip(pictures.items(), table["pictures"], strict=True)
    ]
    record = {
        "cover": asked.cover.name,
        "cover_sha256": cover.sha256,
        "views": rows,
        "mean": table["mean"],
        "weights": table["weights"],
        "identity_by": table["identity_by"],
        "chart": chart.name,
        "workflow": {"id": workflow.id, "version": workflow.version, "sha256": workflow.sha256},
        "parameters": values,
        "models": [{"name": m.name, "directory": m.directory, "sha256": m.sha256} for m in needed.models],
        "server": facts.to_dict(),
        "seconds": round(finished.seconds, 3),
    }
    write_text(record_file, json.dumps(record, ensure_ascii=False, indent=1) + "\n")
    return record


def looped(
    asked: Asked, record: Mapping[str, Any], workflow_id: str, server: str | None, console: Console
) -> list[Result]:
    """A loop of every picture of a record of `make_views`, beside it. Raises as `render_all`."""
    pictures = [asked.out / row["picture"] for row in record["views"]]
    return render_all(pictures, asked.out, workflow_id, server, {}, console)


def _needed(workflow: Workflow, prompt: Mapping[str, Any]) -> Workflow:
    """The workflow with the models that this prompt names: not those of a LoRA that is off, or another one."""
    named = {value for node in prompt.values() for value in node["inputs"].values() if isinstance(value, str)}
    return replace(workflow, models=tuple(model for model in workflow.models if model.name in named))


def _fetch(comfy: Comfy, finished: Finished, node: str, paths: list[Path]) -> None:
    """All pictures, or none."""
    made = [file for file in finished.files if file.node == node and file.suffix == ".png"]
    if len(made) != len(paths):
        raise JobError(f"{comfy.url}: the job made {len(made)} pictures where {len(paths)} were asked for")
    with ExitStack() as stack:
        for file, path in zip(made, paths, strict=True):
            part = stack.enter_context(whole_file(path))
            comfy.download(file, part)
            read_cover(part)
