"""`coverloop restyle` and `coverloop pose`: one picture of a workflow, on a ComfyUI that has its models."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from ...core.errors import JobError, UsageError
from ...core.files import whole_file, write_text
from ...core.image import read_cover
from ...core.views.style import style_prompt
from ..job import check
from ..job.manifest import load_workflow
from ..job.meter import Meter
from ..job.request import CoverFile, open_cover
from ..job.workflow import Workflow
from ..server.choose import open_server
from ..server.events import Finished
from .render import Asked as LoopAsked
from .render import Result, render_each
from .screen import Screen
from .song import run_once

LARGEST_UPSCALED = 2048  # px, the longer side of a picture that an upscaler is given: four times that is made


def make_picture(
    workflow_id: str,
    pictures: Mapping[str, Path],
    out: Path,
    server: str | None,
    given: Mapping[str, Any],
    console: Console,
    loop_by: str | None = None,
) -> dict[str, Any]:
    """Write `out` (.png) and beside it a sidecar (.json), which is returned; `notes` in it are what the nodes say of
    words left out, and of figures.

    pictures: parameter -> file, those that are there. loop_by: the workflow that will make a loop of the picture; asked
    for here, so that a wrong name is told first.

    Raises:
        UsageError, CoverError: a picture, a parameter or `out` must be mended; before a server is asked for anything.
        ServerError, JobError: no usable server, it lacks what the workflow needs, or the job failed.
    """
    _check_names(pictures, out)
    workflow = load_workflow(workflow_id)
    if loop_by is not None:
        load_workflow(loop_by).read_values({})
    takes = {name for name, bound in workflow.bindings.items() if bound.kind == "image"}
    if "words" not in workflow.bindings or not pictures.keys() <= takes:
        what = " and ".join(pictures) or "words"
        raise UsageError(f"{workflow.id} makes no picture of {what}; see coverloop workflows")
    values = workflow.read_values(given)
    covers = {name: open_cover(path) for name, path in pictures.items()}
    _refuse(workflow, values, covers)
    with Screen.open(console) as screen:
        screen.title(out.name, "connecting")
        with open_server(server, lambda: screen.title(out.name, "starting ComfyUI")) as comfy:
            facts, _ = check.require(comfy, workflow)
            images = {name: comfy.upload(cover.upload_name, cover.upload) for name, cover in covers.items()}
            prompt = workflow.build(values, images)
            facts.complete(prompt)
            finished = run_once(comfy, prompt, workflow.output_node, Meter(workflow.id), screen)
            made = [file for file in finished.files if file.node == workflow.output_node and file.suffix == ".png"]
            if not made:
                raise JobError(f"{comfy.url}: the job made no picture")
            with whole_file(out) as part:
                comfy.download(made[0], part)
    height, width = read_cover(out).image.shape[:2]
    record = {
        "workflow": {"id": workflow.id, "version": workflow.version, "sha256": workflow.sha256},
        "parameters": values,
        "pictures": {name: {"name": cover.path.name, "sha256": cover.sha256} for name, cover in covers.items()},
        "models": [{"name": m.name, "directory": m.directory, "sha256": m.sha256} for m in workflow.models],
        "server": facts.to_dict(),
        "seconds": round(finished.seconds, 3),
        "notes": [note for cover in covers.values() for note in cover.notes] + _notes(workflow, finished),
        "size": [width, height],
        "picture": out.name,
    }
    write_text(out.with_suffix(".json"), json.dumps(record, ensure_ascii=False, indent=1) + "\n")
    return record


def _check_names(pictures: Mapping[str, Path], out: Path) -> None:
    if out.suffix.lower() != ".png":
        raise UsageError(f"{out}: the picture is written as PNG; name it {out.stem or 'picture'}.png")
    if not out.parent.is_dir():
        raise UsageError(f"{out.parent}: no such folder; make it first")
    for path in pictures.values():
        if os.path.realpath(path) in (os.path.realpath(out), os.path.realpath(out.with_suffix(".json"))):
            raise UsageError(f"{out}: is where {path.name} lies; choose another name")


def looped(picture: Path, workflow_id: str, server: str | None, console: Console) -> Result:
    """The loop of a picture: <stem>.loop.mp4 beside it, with poster and sidecar. Raises as `render_each`."""
    asked = LoopAsked(picture, picture.with_name(f"{picture.stem}.loop"), {})
    return render_each([asked], load_workflow(workflow_id), server, console)[0]


def _refuse(workflow: Workflow, values: Mapping[str, Any], covers: Mapping[str, CoverFile]) -> None:
    """What the nodes would refuse later, as far as it can be said before a server is asked."""
    reads_hangul = workflow.prompt[workflow.bindings["words"].node]["inputs"]["reads_hangul"]
    style_prompt(str(values["words"]), str(values["trigger"]), bool(reads_hangul))
    optional = [name for name, bound in workflow.bindings.items() if bound.kind == "image" and bound.optional]
    if optional and not covers and not str(values["words"]).strip():
        raise UsageError("neither a picture nor words; say in --words what is to be seen")
    if "upscale" in values and values["upscale"] != "none":
        sides = [side for cover in covers.values() for side in cover.image.shape[:2]]
        if max(sides or [int(values["width"]), int(values["height"])]) > LARGEST_UPSCALED:
            raise UsageError(f"--upscale: the picture is larger than {LARGEST_UPSCALED} px already; leave it out")


def _notes(workflow: Workflow, finished: Finished) -> list[str]:
    """What Style Words left out, and what Pose says of the figures."""
    lines = []
    for node, output in finished.shown.items():
        kind = workflow.prompt.get(node, {}).get("class_type")
        if kind in ("CoverLoopStyleWords", "CoverLoopPose", "CoverLoopLora"):
            said = "\n".join(output.get("text", ())).splitlines()
            lines += said[1:] if kind == "CoverLoopStyleWords" else said
    return [line for line in lines if line.strip()]


def posed_words(workflow_id: str, words: str) -> str:
    """The words of a pose: an edit model is told what to do with its two pictures, and then what else is wished."""
    bound = load_workflow(workflow_id).bindings
    if "words" not in bound or "pose" not in bound:
        raise UsageError(f"{workflow_id} takes no figure and pose; take pose or pose_sd15")
    told = str(bound["words"].default)
    return f"{told} {' '.join(words.split())}".strip() if "picture 2" in told else words
