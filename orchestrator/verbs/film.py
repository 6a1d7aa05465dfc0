"""`coverloop film`: words, a song and covers become a film, on this machine, or with shots by Wan on a ComfyUI.

Every scene, and every clip of it that a ComfyUI makes, goes into the store when it is whole, under a hash of all that
decides it, so a film that was stopped goes on where it stopped, and one of which a line was changed draws that scene
alone.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import platformdirs
from rich.console import Console

from ... import __version__
from ...core.errors import UsageError
from ...core.files import write_text
from ...core.film.ambient import HEIGHT, WIDTH, Ground, frames_of, poster
from ...core.film.captions import Setting, find_font, settable
from ...core.film.segments import is_header
from ...core.film.shots import STYLE, Shot, Shots, plan_shots
from ...core.film.sound import played
from ...core.film.take import Take, take_of, worded
from ...core.film.text import Words, read_words
from ...core.film.timing import FPS, Grid, Schedule, even_grid, schedule
from ...core.film.wan import Clip, clips_of, joined
from ...core.image import decode_cover, read_cover
from ...core.limits import FILM_SECONDS
from ...core.prompt.ask.put import Asking
from ...core.prompt.ask.registry import open_backend, read_settings
from ...core.prompt.words.safety import unsafe
from ...core.song.hear import hear
from ...core.song.heard import Heard
from ...core.video.encode import write_poster
from ...core.video.reel import Said, check_library, join, srt, write_shot
from ..job.request import Job
from ..store.entry import Claim
from ..store.store import Store
from .screen import Screen
from .shoot import Camera, frames_in, open_camera, shot_workflow

GENERATORS = ("ambient", "wan")
_VERSION = 2
"""Of how scenes are drawn: another one, and those in the store are not used."""
_AFTER_WORDS = 4.0  # s that a film without a song goes on after its last timed line
_UNTOLD = 60.0  # s of a film of which nothing tells the length
_BUSY_WAIT = 1.0
_LONGEST_STYLE = 60  # words: the other 40 of a prompt say what is seen
_PLAIN = ("plain", Ground(np.full((180, 320, 3), (36, 36, 48), np.uint8)))
"""Of title cards in a film without a cover."""


@dataclass(frozen=True)
class Asked:
    """What a film is made of. seconds: its length, None for the song's. generator: one of `GENERATORS`. style: the end
    of every prompt for Wan; given: further parameters of its workflow; server: where it runs."""

    words: Path
    out: Path
    song: Path | None = None
    covers: tuple[Path, ...] = ()
    seconds: float | None = None
    font: Path | None = None
    backend: str = "auto"
    seed: int = 0
    force: bool = False
    generator: str = "ambient"
    style: str = STYLE
    server: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)


class _Picture(NamedTuple):
    """What a scene shows under its words. name: hash of all that decides it."""

    name: str
    frames: Callable[[], Iterator[np.ndarray]]


@dataclass(frozen=True)
class _Plan:
    """Everything that is decided before a frame is drawn."""

    words: Words
    shots: Shots
    heard: Heard | None
    grid: Grid
    seconds: float
    setting: Setting
    schedule: Schedule
    grounds: tuple[tuple[str, Ground], ...] = field(repr=False)
    clips: tuple[tuple[Clip, ...], ...] = ()
    remarks: tuple[str, ...] = ()

    def ground(self, number: int) -> tuple[str, Ground]:
        return self.grounds[number % len(self.grounds)] if self.grounds else _PLAIN

    def start(self, shot: int) -> np.ndarray | None:
        """What a shot of Wan begins with: the first shots with one of the covers each."""
        return self.grounds[shot][1].clear.plate if shot < len(self.grounds) else None


def make_film(asked: Asked, console: Console) -> dict[str, Any]:
    """Write the film, its poster (.jpg), subtitles (.srt) and sidecar (.json), and return what the sidecar says.

    Raises:
        UsageError: words that cannot be read, set or fitted into the time, a name that cannot be written. SongError,
        CoverError: a file that cannot be used. VlmError: the library of the backend is not installed. ServerError,
        JobError: with Wan, no usable server, or it lacks a model; or a clip failed.
    """
    _check(asked)
    check_library()
    plan = _planned(asked)
    scenes = plan.schedule.scenes
    with ExitStack() as stack:
        screen = stack.enter_context(Screen.open(console))
        store = stack.enter_context(Store())
        camera = None
        if any(plan.clips):
            workflow = shot_workflow(asked.given)
            taken = open_camera(workflow, asked.given, asked.server, store, screen, asked.force, plan.start)
            camera = stack.enter_context(taken)
        parts, drawn, shown = [], 0, None
        for number, _ in enumerate(scenes):
            screen.title(asked.out.name, f"scene {number + 1} of {len(scenes)}")
            picture = _picture(plan, asked, number, camera)
            shown = shown or (picture if any(plan.clips[number : number + 1]) else None)
            entry, fresh = _scene(plan, asked, number, picture, store)
            parts.append(entry)
            drawn += fresh
        said = [Said(one.text, one.start, one.end) for one in plan.schedule.captions]
        sound = None if asked.song is None else played(asked.song, plan.seconds)
        join(parts, asked.out, sound=sound, subtitles=said, chapters=_chapters(plan), words=_told(plan))
        still = poster(plan.ground(0)[1]) if plan.grounds or shown is None else next(shown.frames())
    write_text(asked.out.with_suffix(".srt"), srt(said))
    write_poster(still, asked.out.with_suffix(".jpg"))
    record = _record(plan, asked, drawn, camera)
    write_text(asked.out.with_suffix(".json"), json.dumps(record, ensure_ascii=False, indent=1))
    return record


def _check(asked: Asked) -> None:
    _check_names(asked)
    if asked.generator == "wan":
        shot_workflow(asked.given)
        if not 0 < len(asked.style.split()) <= _LONGEST_STYLE:
            raise UsageError(f"--style: give 1 to {_LONGEST_STYLE} words")
        if found := unsafe(asked.style):
            raise UsageError(f"--style: {found[0][0]} cannot be generated ({found[0][1]}); say it without")
    elif asked.given or asked.server or asked.style != STYLE:
        raise UsageError("--set, --server and --style are of --generator wan; ambient needs no server")


def _check_names(asked: Asked) -> None:
    if asked.out.suffix.lower() != ".mp4":
        raise UsageError(f"{asked.out}: a film is written as MP4; give --out a name that ends in .mp4")
    if not asked.out.parent.is_dir():
        raise UsageError(f"{asked.out.parent}: no such folder; make it, or change --out")
    given = {path.resolve() for path in (asked.words, asked.song, asked.font, *asked.covers) if path is not None}
    for ending in (".mp4", ".jpg", ".srt", ".json"):
        if asked.out.with_suffix(ending).resolve() in given:
            raise UsageError(f"{asked.out.with_suffix(ending)}: would be written over; change --out")
    if asked.seconds is not None and not FILM_SECONDS.holds(asked.seconds):
        raise UsageError(f"--seconds {asked.seconds:g}: give {FILM_SECONDS}")


def _planned(asked: Asked) -> _Plan:
    words = read_words(asked.words)
    font = find_font(asked.font)
    text, out = settable(words.text, font)
    remarks = [f"{' '.join(out)} cannot be set in {font.name} and was left out of the picture"] if out else []
    heard = None if asked.song is None else hear(asked.song)
    grounds = _grounds(asked, heard)
    seconds = _length(asked, words, heard)
    grid = even_grid(seconds) if heard is None else _grid(heard)
    settings = read_settings()
    folder = platformdirs.user_cache_path("coverloop", appauthor=False) / "answers"
    asking = Asking(open_backend(asked.backend, settings), settings, folder)
    shots = plan_shots(replace(words, text=text), asking, asked.style)
    setting = Setting(font, WIDTH, HEIGHT)
    timed = schedule(shots.shots, words, grid, seconds, setting.split)
    remarks += [*shots.warnings, *timed.remarks, *(shot.refused for shot in shots.shots if shot.refused)]
    clips = ()
    if asked.generator == "wan":
        if shots.by == "offline":
            remarks.append(
                "no model read the words, and rules find few of those that must not be shown: look at the film"
            )
        clips = tuple(clips_of(timed.scenes, shots.shots, asked.seed, covered=bool(grounds)))
    return _Plan(words, shots, heard, grid, seconds, setting, timed, grounds, clips, tuple(remarks))


def _grid(heard: Heard) -> Grid:
    return Grid(tuple(heard.beats.tolist()), tuple(heard.bars.tolist()), tuple(one.start for one in heard.sections))


def _grounds(asked: Asked, heard: Heard | None) -> tuple[tuple[str, Ground], ...]:
    """The covers in order, each with the hash of its pixels."""
    images = [read_cover(path).image for path in asked.covers]
    if not images and heard is not None and heard.cover:
        images = [decode_cover(heard.cover, f"the picture in {asked.song}").image]
    if not images and asked.generator == "ambient":
        raise UsageError("no picture to make the film of: give --cover COVER, or a song that has one inside")
    return tuple((hashlib.sha256(repr(one.shape).encode() + one.tobytes()).hexdigest(), Ground(one)) for one in images)


def _length(asked: Asked, words: Words, heard: Heard | None) -> float:
    times = [time for time in words.times if time is not None]
    told = heard.seconds if heard else max(times) + _AFTER_WORDS if times else _UNTOLD
    seconds = min(asked.seconds or told, told) if heard else asked.seconds or max(FILM_SECONDS.low, told)
    if not FILM_SECONDS.holds(seconds):
        raise UsageError(f"a film of {seconds:.1f} s: give --seconds {FILM_SECONDS}")
    return round(seconds * FPS) / FPS


def _picture(plan: _Plan, asked: Asked, number: int, camera: Camera | None) -> _Picture:
    """What a scene shows, once all that it needs is there."""
    clips = plan.clips[number] if plan.clips else ()
    if clips and camera is not None:
        names = [f"{asked.out.name}, scene {number + 1}, clip {at}" for at, _ in enumerate(clips, 1)]
        videos = [camera.shoot(clip, name) for clip, name in zip(clips, names, strict=True)]
        seen = [(video.name, clip.shown, clip.follows) for video, clip in zip(videos, clips, strict=True)]
        name = hashlib.sha256(json.dumps(seen).encode()).hexdigest()
        return _Picture(name, lambda: joined(frames_in(videos, clips), HEIGHT, WIDTH))
    name, ground = plan.ground(number)
    take = _take(plan, asked, number)
    return _Picture(name, lambda: frames_of(take, ground))


def _take(plan: _Plan, asked: Asked, number: int) -> Take:
    scenes = plan.schedule.scenes
    frames, seed = scenes[-1].last, asked.seed + number
    return take_of(scenes[number], plan.shots.shots, seed=seed, frames=frames, setting=plan.setting)


def _scene(plan: _Plan, asked: Asked, number: int, picture: _Picture, store: Store) -> tuple[Path, bool]:
    """The file of a scene in the store, and whether it was drawn now."""
    take = _take(plan, asked, number)
    job = _job(take, picture.name, asked.generator)
    while True:
        entry = None if asked.force else store.finished(job.key)
        if entry is not None and entry.video is not None:
            return entry.video, False
        if store.claim(job, f"{asked.out.name}, scene {number + 1}", force=True, anew=asked.force) is Claim.OURS:
            with _failing(store, job):
                return _drawn(worded(picture.frames(), take), job, store), True
        time.sleep(_BUSY_WAIT)


@contextmanager
def _failing(store: Store, job: Job) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        store.fail(job.key, str(error) or "stopped before it was finished")
        raise


def _drawn(frames: Iterator[np.ndarray], job: Job, store: Store) -> Path:
    begun = time.monotonic()
    with store.staging() as folder:
        video, still, record = (folder / name for name in ("scene.mp4", "scene.jpg", "scene.json"))
        write_shot(_keeping(frames, still), video, Fraction(FPS))
        write_text(record, json.dumps({"parameters": dict(job.values), "cover_sha256": job.cover_sha256}))
        entry = store.record(job.key, video, still, record, True, time.monotonic() - begun)
    assert entry.video is not None
    return entry.video


def _keeping(frames, still: Path):
    """The frames; the first is written as the poster of the scene."""
    for number, frame in enumerate(frames):
        if number == 0:
            write_poster(frame, still)
        yield frame


def _job(take: Take, picture: str, generator: str) -> Job:
    """All that decides the frames of a scene."""
    decided = {**asdict(take), "setting": None, "card": take.setting.card}
    font = hashlib.sha256(take.setting.font.read_bytes()).hexdigest()
    text = json.dumps(decided, ensure_ascii=False, sort_keys=True)
    workflow = f"film_{generator}"
    version = hashlib.sha256(f"{workflow} {_VERSION}".encode()).hexdigest()
    return Job(picture, workflow, version, (("font", font), ("take", text)), (("coverloop", __version__),))


def _chapters(plan: _Plan) -> list[Said]:
    """One for each scene that has words: its header, or its first line."""
    made = []
    for scene in plan.schedule.scenes:
        shot = plan.shots.shots[scene.shots[0]] if scene.shots else None
        made.append(Said(_title(shot), scene.first / FPS, scene.last / FPS))
    return made


def _title(shot: Shot | None) -> str:
    if shot is None:
        return "…"
    lines = [line.strip() for line in shot.text.splitlines() if line.strip()]
    header = next((line.strip("[]()<>: ") for line in lines if is_header(line)), "")
    return header or next(iter(shot.lines()), "…")[:60]


def _told(plan: _Plan) -> dict[str, str]:
    heard = plan.heard
    said = {"title": heard.title, "artist": heard.artist} if heard else {}
    return {name: value for name, value in {**said, "comment": f"coverloop {__version__}"}.items() if value}


def _record(plan: _Plan, asked: Asked, drawn: int, camera: Camera | None) -> dict[str, Any]:
    shots = [
        {"text": s.text, "emotion": s.emotion, "confidence": s.confidence, "prompt": s.prompt, "refused": s.refused}
        for s in plan.shots.shots
    ]
    scenes = [
        {"start": round(s.first / FPS, 3), "end": round(s.last / FPS, 3), "shots": s.shots,
         "lines": [{"text": c.text, "start": round(c.start, 3), "end": round(c.end, 3)} for c in s.captions]}
        for s in plan.schedule.scenes
    ]  # fmt: skip
    return {
        "video": str(asked.out),
        "seconds": plan.seconds,
        "fps": FPS,
        "width": WIDTH,
        "height": HEIGHT,
        "cuts_on": "the song's bars" if plan.heard else f"bars of {plan.grid.bar:g} s",
        "emotion": plan.shots.emotion,
        "by": plan.shots.by,
        "shots": shots,
        "scenes": scenes,
        "generator": asked.generator,
        "drawn": drawn,
        "wan": camera.to_dict() if camera else None,
        "song": plan.heard.to_dict() if plan.heard else None,
        "covers_sha256": [name for name, _ in plan.grounds],
        "font": plan.setting.font.name,
        "seed": asked.seed,
        "remarks": plan.remarks,
        "versions": {"coverloop": __version__},
    }
