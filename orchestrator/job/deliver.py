"""From a finished job to three files that can be trusted: download, decode, judge, then rename all at once.

Nothing appears under a final name before the video was decoded to its last frame and all three files are on disk. Local
names come from the caller; what the server calls its files decides nothing but the kind of a file.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ... import __version__
from ...core.errors import ClipError, CoverLoopError, JobError, ModelError, RecipeError, UsageError
from ...core.formats.judged import FILE_PIXELS, judge_file
from ...core.formats.reframe.layout import same_shape
from ...core.image import decode_cover, fit
from ...core.judge.judgement import Judgement
from ...core.judge.score import score
from ...core.lettering.find import find_text
from ...core.lettering.regions import TextRegion, decide_lift, named
from ...core.motion.recipe import Recipe
from ...core.pixels import middle, reduced
from ...core.video.decode import Video, opened
from ...core.video.encode import write_poster
from ...core.video.facts import read_facts
from ..server.client import Comfy
from ..server.events import Finished
from ..server.wire import OutputFile
from .check import Server
from .request import CoverFile, Job
from .workflow import Workflow

log = logging.getLogger(__name__)

VIDEO_ENDINGS = frozenset({".mp4", ".webm", ".mov", ".mkv"})
MAX_SIDECAR = 10_000_000


@dataclass(frozen=True)
class Deliverable:
    """A finished loop. `passed` and `problems` (limits that are missed, in plain words) are of the judgement of the
    decoded video; `record` is the whole sidecar."""

    video: Path
    poster: Path
    sidecar: Path
    passed: bool
    problems: tuple[str, ...]
    record: Mapping[str, Any] = field(repr=False)


@dataclass
class Clock:
    """Seconds per stage, by a clock that nobody sets."""

    began: float = field(default_factory=time.monotonic)
    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.monotonic)

    def mark(self, stage: str) -> None:
        now = time.monotonic()
        self.seconds[stage] = round(self.seconds.get(stage, 0.0) + now - self._last, 3)
        self._last = now

    def total(self) -> float:
        return round(time.monotonic() - self.began, 3)


@dataclass(frozen=True)
class Parts:
    """What was downloaded into the scratch folder. `poster`, `mask` are None and `server_record` is {} when the
    workflow makes none. `seen`: what the plate was seen to hold, surest first; None where the server did not say."""

    video: Path
    poster: Path | None
    mask: Path | None
    server_record: Mapping[str, Any]
    seen: Sequence[Mapping[str, Any]] | None = None


def download(comfy: Comfy, workflow: Workflow, finished: Finished, scratch: Path) -> Parts:
    """Fetch the deliverable's files into `scratch`.

    Raises:
        JobError: the job made no video. OutputGone: the server has a file no more. ServerError: see `Comfy.download`.
    """
    mine = [file for file in finished.files if file.node.split(":")[0] == workflow.output_node]
    videos = [file for file in mine if file.suffix in VIDEO_ENDINGS]
    if not videos:
        made = ", ".join(file.filename for file in finished.files) or "nothing"
        raise JobError(f"{comfy.url}: the job made no video (it made {made}); is {workflow.id} the workflow you meant?")
    clip = _fetch(comfy, videos[0], scratch / f"video{videos[0].suffix}")
    posters = [file for file in mine if file.suffix in (".jpg", ".jpeg")]
    poster = _fetch(comfy, posters[0], scratch / "poster.jpg") if posters else None
    masks = [file for file in finished.files if workflow.mask_node and file.node == workflow.mask_node]
    mask = _fetch(comfy, masks[0], scratch / "mask.png") if masks else None
    notes = [file for file in mine if file.suffix == ".json"]
    record = _read_record(_fetch(comfy, notes[0], scratch / "server.json", MAX_SIDECAR)) if notes else {}
    return Parts(clip, poster, mask, record, _seen(workflow, finished))


def _seen(workflow: Workflow, finished: Finished) -> Sequence[Mapping[str, Any]] | None:
    """What Motion Prompt says that it saw; None where it says nothing, as that of older packs, or nothing readable."""
    for node, values in finished.shown.items():
        told = workflow.prompt.get(node, {}).get("class_type") == _SEES and isinstance(values, dict)
        if told and "seen" in values:
            try:
                return Recipe.parse({"seen": values["seen"]}).model_dump(mode="json")["seen"]
            except RecipeError as error:
                log.warning("what the server saw in the picture cannot be read (%s)", error)
    return None


_SEES = "CoverLoopMotionPrompt"


def _fetch(comfy: Comfy, file: OutputFile, target: Path, limit: int | None = None) -> Path:
    comfy.download(file, target, **({"limit": limit} if limit else {}))
    return target


def _read_record(path: Path) -> Mapping[str, Any]:
    try:
        record = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        log.warning("the server's own sidecar cannot be read and is left out")
        return {}
    return record if isinstance(record, dict) else {}


def deliver(
    parts: Parts,
    workflow: Workflow,
    job: Job,
    cover: CoverFile | None,
    server: Server,
    stem: Path,
    clock: Clock,
    run: Mapping[str, Any],
) -> Deliverable:
    """Decode and judge the video, write poster and sidecar, and give all three their names.

    run: what is known of this run (prompt_id, attempts, node_seconds, execution seconds), for the sidecar.

    Raises:
        ClipError: the video does not decode. UsageError: the files cannot be written.
    """
    assert cover is not None  # `make_job` made the job of one
    warnings = list(cover.notes)
    with _decoded(parts) as clip:
        first = next(clip.frames)
        judgement = _judge(itertools.chain([first], clip.frames), clip.fps, first.shape, cover, job, parts, warnings)
    poster = _poster(parts, first, parts.video.parent, warnings)
    clock.mark("judge")
    height, width = cover.image.shape[:2]
    record = {
        **_record(workflow, job, server, clock, run),
        "cover": {"name": cover.path.name, "sha256": cover.sha256, "width": width, "height": height},
        "judgement": judgement.to_dict(),
        "before_encoding": parts.server_record.get("judgement"),
        "seen": parts.seen,
        "warnings": warnings,
    }
    made = Deliverable(*_names(parts, stem), judgement.passed, tuple(judgement.problems), record)
    return _named(made, parts, poster, _facts(judgement.width, judgement.height, judgement.frames, judgement.fps))


def deliver_shot(
    parts: Parts,
    workflow: Workflow,
    job: Job,
    picture: CoverFile | None,
    server: Server,
    stem: Path,
    clock: Clock,
    run: Mapping[str, Any],
) -> Deliverable:
    """As `deliver`, for a shot of a film: no loop, so nothing is judged; it has to have the frames that were asked for.

    picture: what it begins with.

    Raises:
        JobError: the video does not decode, or has another length. UsageError: the files cannot be written.
    """
    with _decoded(parts) as clip:
        first = next(clip.frames)
        count = 1 + sum(1 for _ in clip.frames)
    wanted = dict(job.values)["frames"]
    if count != wanted:
        raise JobError(f"the shot has {count} frames, {wanted} were asked for; is the server's pack of this version?")
    warnings: list[str] = []
    poster = _poster(parts, first, parts.video.parent, warnings)
    clock.mark("judge")
    record = {
        **_record(workflow, job, server, clock, run),
        "picture": picture.sha256 if picture else None,
        "warnings": warnings,
    }
    height, width = first.shape[:2]
    made = Deliverable(*_names(parts, stem), True, (), record)
    return _named(made, parts, poster, _facts(width, height, count, float(clip.fps)))


def deliver_format(
    parts: Parts,
    workflow: Workflow,
    job: Job,
    cover: CoverFile | None,
    server: Server,
    stem: Path,
    clock: Clock,
    run: Mapping[str, Any],
) -> Deliverable:
    """As `deliver`, for a file that the server wrote for a place: of whole turns, each join is judged.

    Raises:
        JobError: the video does not decode, or has no whole turns. UsageError: the files cannot be written.
    """
    assert cover is not None
    warnings = list(cover.notes)
    with _told(parts):
        facts = read_facts(parts.video)
        with opened(parts.video, max_pixels=FILE_PIXELS) as clip:
            first = next(clip.frames)
        poster = _poster(parts, first, parts.video.parent, warnings)
        known: dict[str, Any] = {"cover": first}
        if same_shape(cover.image.shape[:2], facts.height, facts.width):
            picture = reduced(middle(cover.image, facts.height, facts.width), _LOOK)
            mask = None if parts.mask is None else _read_mask(parts.mask)
            known = {"cover": picture, "lettering": mask, "words": _words(picture, job, warnings)}
        turn = _whole_turn(parts.server_record, facts.frames)
        judged = judge_file(parts.video, turn=turn, fps=facts.fps, **known)
    clock.mark("judge")
    height, width = cover.image.shape[:2]
    record = {
        **_record(workflow, job, server, clock, run),
        "cover": {"name": cover.path.name, "sha256": cover.sha256, "width": width, "height": height},
        "turns": facts.frames // turn,
        "judgement": {**judged.to_dict(), "problems": judged.problems},
        "seen": parts.seen,
        "warnings": warnings,
    }
    made = Deliverable(*_names(parts, stem), not judged.problems, tuple(judged.problems), record)
    return _named(made, parts, poster, _facts(facts.width, facts.height, facts.frames, facts.fps))


_LOOK = 1920
"""px of the shorter side at which lettering is looked for, as the server does."""


def _whole_turn(record: Mapping[str, Any], frames: int) -> int:
    """Frames of one turn. Raises ClipError: the server says nothing that can be."""
    try:
        turns = int(record["formats"][0]["turns"])
    except (KeyError, IndexError, TypeError, ValueError):
        turns = 0
    if turns < 1 or frames % turns:
        raise ClipError(f"{frames} frames are not {turns} whole turns; is the server's pack of this version?")
    return frames // turns


def _read_mask(path: Path) -> np.ndarray:
    return decode_cover(path.read_bytes(), "the glyph mask").image[..., 0].astype(np.float32) / 255


@contextmanager
def _decoded(parts: Parts) -> Iterator[Video]:
    with _told(parts), opened(parts.video) as clip:
        yield clip


@contextmanager
def _told(parts: Parts) -> Iterator[None]:
    try:
        yield
    except ClipError as error:
        raise JobError(f"the server's video cannot be used: {_without_path(error, parts.video)}") from error


def _names(parts: Parts, stem: Path) -> tuple[Path, Path, Path]:
    video, poster, sidecar = (stem.with_name(stem.name + end) for end in (parts.video.suffix, ".jpg", ".json"))
    return video, poster, sidecar


def _named(made: Deliverable, parts: Parts, poster: Path, facts: Mapping[str, Any]) -> Deliverable:
    """The deliverable once its files are on disk and have their names; its record says what they are."""
    files = {
        "video": {**_describe(parts.video, made.video.name), **facts},
        "poster": _describe(poster, made.poster.name),
    }
    made = replace(made, record={**made.record, "files": files})
    try:
        sidecar = parts.video.with_name("sidecar.json")
        sidecar.write_text(json.dumps(made.record, ensure_ascii=False, indent=1) + "\n", "utf-8")
        for part in (parts.video, poster, sidecar):
            sync(part)
        for part, name in ((parts.video, made.video), (poster, made.poster), (sidecar, made.sidecar)):
            part.replace(name)
    except OSError as error:
        raise UsageError(
            f"{made.video.parent}: cannot be written to ({error.strerror}); free space or change --out"
        ) from error
    return made


def _judge(
    frames: Iterable[np.ndarray],
    fps: Fraction,
    size: tuple[int, ...],
    cover: CoverFile,
    job: Job,
    parts: Parts,
    warnings: list[str],
) -> Judgement:
    height, width = size[:2]
    fitted = fit(cover.image, min(height, width))
    if fitted.shape[:2] != (height, width):
        warnings.append(
            f"the video is {width}x{height}, the cover's shape gives {fitted.shape[1]}x{fitted.shape[0]}: "
            "judged against the middle of the cover"
        )
    lettering = None
    if parts.mask is None:
        warnings.append("lettering not judged: the workflow saves no glyph mask")
    else:
        lettering = _read_mask(parts.mask)
        if lettering.shape != (height, width):
            warnings.append(f"lettering not judged: its mask is {lettering.shape[1]}x{lettering.shape[0]}")
            lettering = None
    picture = middle(cover.image, height, width)
    words = _words(picture, job, warnings)
    return score(frames, fps=fps, cover=picture, lettering=lettering, words=words)


def _words(picture: np.ndarray, job: Job, warnings: list[str]) -> Sequence[TextRegion]:
    """What is printed on the cover and is to hold still, found here: the judge believes no mask. Lettering that is to
    go with the picture, as asked, is left out."""
    asked = dict(job.values)
    keep, lift, hold = (named(str(asked.get(name) or "")) for name in ("keep_text", "lift_text", "hold_text"))
    try:
        found = find_text(picture)
        return [region for region in decide_lift(picture, found, keep=keep, lift=lift, hold=hold) if not region.moves]
    except ModelError as error:
        warnings.append(f"words not watched: {error}")
    except UsageError as error:
        # The server found what is named here, or it would have refused: other lettering was found there.
        warnings.append(f"words not watched: what is to go with the picture was not found again ({error})")
    return ()


def _poster(parts: Parts, first: np.ndarray, scratch: Path, warnings: list[str]) -> Path:
    if parts.poster is not None:
        try:
            if decode_cover(parts.poster.read_bytes(), "the poster").image.shape == first.shape:
                return parts.poster
        except CoverLoopError:
            log.debug("the server's poster does not decode")
        warnings.append("the server's poster could not be used: poster made from the first frame of the video")
    poster = scratch / "frame0.jpg"
    write_poster(first, poster)
    return poster


def _record(workflow: Workflow, job: Job, server: Server, clock: Clock, run: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(job.values)
    return {
        "coverloop": __version__,
        "workflow": {"id": workflow.id, "version": workflow.version, "sha256": workflow.sha256},
        "parameters": values,
        "seed": values.get("seed"),
        **({"song": json.loads(song)} if isinstance(song := values.get("song"), str) and song else {}),
        "models": [{"name": m.name, "directory": m.directory, "sha256": m.sha256} for m in workflow.models],
        "job": job.key,
        "server": server.to_dict(),
        "timings": {"total": clock.total(), **clock.seconds, **run["timings"]},
        **{key: value for key, value in run.items() if key != "timings"},
    }


def _facts(width: int, height: int, frames: int, fps: float) -> dict[str, Any]:
    return {"width": width, "height": height, "frames": frames, "fps": fps, "seconds": frames / fps}


def _describe(path: Path, name: str) -> dict[str, Any]:
    return {"name": name, "sha256": _sha256(path), "bytes": path.stat().st_size}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sync(path: Path) -> None:
    """Make sure a file's bytes are on disk before its name is given to it."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _without_path(error: Exception, path: Path) -> str:
    return str(error).replace(str(path), path.name)
