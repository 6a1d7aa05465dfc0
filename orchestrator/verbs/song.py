"""`coverloop song`: a song from words and a style, by the workflow `song` (ACE-Step) on a ComfyUI."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from ...core.errors import JobError, UsageError
from ...core.files import whole_file, write_text
from ...core.film.text import read_words
from ...core.song.lyrics import singable
from ..job import check
from ..job.manifest import load_workflow
from ..job.meter import Meter
from ..job.run import of_its_own_name
from ..server.choose import open_server
from ..server.client import Comfy
from ..server.events import Finished
from ..server.follow import follow
from .screen import Screen


def make_song(
    words: Path, style: str, out: Path, server: str | None, given: Mapping[str, Any], console: Console
) -> dict[str, Any]:
    """Write `out` (.mp3) and beside it a sidecar (.json), which is returned.

    Raises:
        UsageError, SongError: words, style, a parameter or `out` must be mended; before a server is asked for anything.
        ServerError, JobError: no usable server, it lacks what the workflow needs, or the job failed.
    """
    if out.suffix.lower() != ".mp3":
        raise UsageError(f"{out}: a song is written as MP3; name it {out.stem or 'song'}.mp3")
    if not out.parent.is_dir():
        raise UsageError(f"{out.parent}: no such folder; make it first")
    if not style.strip():
        raise UsageError("--style is empty; say how it sounds, as 'ballad, piano, soft female voice'")
    text = read_words(words).text
    workflow = load_workflow("song")
    values = workflow.read_values({**given, "style": " ".join(style.split()), "lyrics": text})
    sung = singable(text)
    with Screen.open(console) as screen:
        screen.title(out.name, "connecting")
        with open_server(server, lambda: screen.title(out.name, "starting ComfyUI")) as comfy:
            facts, _ = check.require(comfy, workflow)
            prompt = workflow.build(values, {})
            facts.complete(prompt)
            finished = run_once(comfy, prompt, workflow.output_node, Meter(workflow.id), screen)
            sounds = [file for file in finished.files if file.node == workflow.output_node and file.suffix == ".mp3"]
            if not sounds:
                raise JobError(f"{comfy.url}: the job made no song")
            with whole_file(out) as part:
                comfy.download(sounds[0], part)
    record = {
        "workflow": {"id": workflow.id, "version": workflow.version, "sha256": workflow.sha256},
        "parameters": values,
        "sung": sung,
        "models": [{"name": m.name, "directory": m.directory, "sha256": m.sha256} for m in workflow.models],
        "server": facts.to_dict(),
        "seconds": round(finished.seconds, 3),
        "song": out.name,
    }
    write_text(out.with_suffix(".json"), json.dumps(record, ensure_ascii=False, indent=1) + "\n")
    return record


def run_once(comfy: Comfy, prompt: Mapping[str, Any], output: str, meter: Meter, screen: Screen) -> Finished:
    """Submit a prompt whose deliverable the node `output` makes, and follow it to its end. Raises as `follow`."""
    prompt_id = str(uuid.uuid4())
    comfy.submit(of_its_own_name(prompt, output, prompt_id), prompt_id)
    try:
        for event in follow(comfy, prompt_id, prompt):
            meter.see(event)
            screen.show(meter)
            if isinstance(event, Finished):
                return event
    except KeyboardInterrupt:
        with contextlib.suppress(Exception):
            comfy.cancel(prompt_id)
        raise
    raise JobError(f"{comfy.url}: the job ended without a result")
