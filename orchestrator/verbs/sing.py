"""`coverloop sing`: the figure of a picture sings a song, by the workflow `sing` (Wan 2.2 S2V) on a ComfyUI."""

from __future__ import annotations

import hashlib
import io
import json
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ...core.errors import ClipError, CoverError, JobError, SongError, UsageError
from ...core.files import whole_file, write_text
from ...core.motion.figure import Figure, find_figure
from ...core.song.follow import chosen, span
from ...core.song.hear import hear
from ...core.song.sound import STEREO_RATE, read_sound, read_stereo
from ...core.song.voice import CHUNK, FPS, chunks_of
from ...core.video.facts import read_facts
from ...core.views.figures import find_figures, lacking
from ..job import check
from ..job.manifest import load_workflow
from ..job.meter import Meter
from ..job.request import CoverFile, open_cover
from ..server.choose import open_server
from ..server.client import Comfy
from ..server.events import Finished
from .screen import Screen
from .song import run_once

_SILENT = 0.001  # of full scale, at the loudest


@dataclass(frozen=True)
class Asked:
    """section: a number of one that is heard, from-to, or "" for all of the song. anyway: sing also where no figure was
    found. given: parameters of the workflow."""

    picture: Path
    song: Path
    out: Path
    section: str = ""
    anyway: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Part:
    """What is sung: start, end in the song, s; its frames and chunks; samples (2, n) float32."""

    start: float
    end: float
    frames: int
    chunks: int
    samples: np.ndarray = field(repr=False)

    def __str__(self) -> str:
        return (
            f"{self.start:.1f}-{self.end:.1f} s of the song: {self.frames} frames, "
            f"{self.chunks} chunks of {CHUNK / FPS:g} s"
        )


def make_sung(asked: Asked, server: str | None, console: Console, tell: Callable[[str], None]) -> dict[str, Any]:
    """Write the film, its poster (.jpg) and sidecar (.json), and return what the sidecar says.

    tell: hears how much will be made, before a server is asked for anything.

    Raises:
        UsageError, CoverError, SongError: a name, a parameter, the picture or the song must be mended.
        ServerError, JobError: no usable server, it lacks what the workflow needs, or the job failed.
    """
    _check_names(asked)
    workflow = load_workflow("sing")
    values = workflow.read_values(asked.given)
    cover = open_cover(asked.picture)
    figure = _figure(cover, asked.anyway)
    part = _part(asked.song, asked.section)
    tell(f"{asked.out.name}: {part}")
    with Screen.open(console) as screen:
        screen.title(asked.out.name, "connecting")
        with open_server(server, lambda: screen.title(asked.out.name, "starting ComfyUI")) as comfy:
            facts, _ = check.require(comfy, workflow)
            files = {"cover": comfy.upload(cover.upload_name, cover.upload), "voice": _uploaded(comfy, part)}
            prompt = workflow.build(values, files)
            facts.complete(prompt)
            finished = run_once(comfy, prompt, workflow.output_node, Meter(workflow.id), screen)
            _fetch(comfy, finished, workflow.output_node, asked.out, part.frames)
    record = {
        "video": asked.out.name,
        "fps": FPS,
        "frames": part.frames,
        "chunks": part.chunks,
        "song": {"sha256": _sha256(asked.song), "start": round(part.start, 3), "end": round(part.end, 3)},
        "cover_sha256": cover.sha256,
        "figure": {"face": round(figure.face, 2), "subject": round(figure.subject, 2)},
        "workflow": {"id": workflow.id, "version": workflow.version, "sha256": workflow.sha256},
        "parameters": values,
        "models": [{"name": m.name, "directory": m.directory, "sha256": m.sha256} for m in workflow.models],
        "server": facts.to_dict(),
        "seconds": round(finished.seconds, 3),
    }
    write_text(asked.out.with_suffix(".json"), json.dumps(record, ensure_ascii=False, indent=1) + "\n")
    return record


def _check_names(asked: Asked) -> None:
    if asked.out.suffix.lower() != ".mp4":
        raise UsageError(f"{asked.out}: a film is written as MP4; give --out a name that ends in .mp4")
    if not asked.out.parent.is_dir():
        raise UsageError(f"{asked.out.parent}: no such folder; make it, or change --out")
    if "section" in asked.given:
        raise UsageError("--set section: the part of the song is chosen by --section")
    for ending in (".mp4", ".jpg", ".json"):
        if asked.out.with_suffix(ending).resolve() in {asked.picture.resolve(), asked.song.resolve()}:
            raise UsageError(f"{asked.out.with_suffix(ending)}: would be written over; change --out")


def _figure(cover: CoverFile, anyway: bool) -> Figure:
    figure = find_figure(cover.image)
    if not figure.found and not anyway and not _stands(cover.image):
        raise CoverError(
            f"{cover.path}: no face and no figure was found in it that could sing (faces {figure.face:.2f}, "
            f"subject {figure.subject:.2f}); if there is one, give --anyway"
        )
    return figure


def _stands(image: np.ndarray) -> bool:
    """Whether BlazePose, where it is installed, finds a person: also in drawings whose subject is not clear."""
    if lacking():
        return False
    try:
        return bool(find_figures(image))
    except CoverError:
        return False


def _part(song: Path, section: str) -> _Part:
    sound = read_sound(song)
    text = section.strip()
    if text.isdecimal():
        one = chosen(hear(song), text)
        start, end = one.start, min(one.end, sound.seconds)
    else:
        start, end = span(text, sound.seconds) if text else (0.0, sound.seconds)
    try:
        frames, chunks = chunks_of(end - start)
    except SongError as error:
        raise SongError(f"{song}: {error}") from None
    samples = read_stereo(song, start, end)
    loudest = float(np.abs(samples).max(initial=0.0))
    if loudest < _SILENT:
        raise SongError(f"{song}: {start:.1f}-{end:.1f} s is silent; choose a section in which somebody sings")
    return _Part(start, end, frames, chunks, samples)


def _uploaded(comfy: Comfy, part: _Part) -> str:
    """The section as WAV: whatever the song came as, any server reads it, and two minutes are 21 MB."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(STEREO_RATE)
        out.writeframes((part.samples.T.clip(-1, 1) * 32767).round().astype("<i2").tobytes())
    data = file.getvalue()
    return comfy.upload(f"{hashlib.sha256(data).hexdigest()}.wav", data)


def _fetch(comfy: Comfy, finished: Finished, node: str, out: Path, frames: int) -> None:
    made = {file.suffix: file for file in finished.files if file.node == node}
    if ".mp4" not in made or ".jpg" not in made:
        raise JobError(f"{comfy.url}: the job made no film")
    with whole_file(out) as film, whole_file(out.with_suffix(".jpg")) as poster:
        comfy.download(made[".mp4"], film)
        comfy.download(made[".jpg"], poster)
        try:
            there = read_facts(film).frames
        except ClipError as error:
            raise JobError(f"{comfy.url}: what the job made is no film that can be read ({error})") from error
        if there != frames:
            raise JobError(f"{comfy.url}: the film has {there} frames where {frames} were asked for")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
