"""`coverloop render --beside`: album folders get `cover.mp4` and `cover.webm` beside their audio files, which is where
players look (as they do for `cover.jpg`)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error
from av.stream import Disposition
from rich.console import Console

from ...core.errors import CoverError, CoverLoopError, UsageError
from ...core.files import whole_file
from ...core.formats.make import make_all
from ...core.formats.registry import wanted
from ...core.image import MAX_BYTES, SUFFIXES
from ..job.manifest import load_workflow
from .export import Words, turn_of
from .render import Asked, Result, render_each

AUDIO = (".mp3", ".flac", ".m4a", ".m4b", ".aac", ".ogg", ".oga", ".opus", ".wav", ".aif", ".aiff", ".wma", ".ape")
_NAMES = ("cover", "folder", "front", "album", "albumart", "artwork")
"""What players call the picture of an album, the most usual first."""


@dataclass(frozen=True)
class Album:
    """folder: of the audio files; picture: of the cover, there or taken out of one of them; title, artist: as the
    first audio file that says so has them, else empty."""

    folder: Path
    picture: Path
    title: str
    artist: str


def album_of(folder: Path, scratch: Path) -> Album:
    """The album in a folder. scratch: where a picture inside an audio file is written to.

    Raises:
        UsageError: not a folder, or one without audio files. CoverError: no cover in it or in them.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: --beside takes the folder of an album")
    files = sorted((path for path in folder.iterdir() if path.is_file()), key=lambda path: path.name)
    songs = [path for path in files if path.suffix.lower() in AUDIO]
    if not songs:
        raise UsageError(f"{folder}: has no audio files; give the folder of an album ({', '.join(AUDIO)})")
    pictures = [path for path in files if path.suffix.lower() in SUFFIXES and path.stem.lower() in _NAMES]
    picture = min(pictures, key=lambda path: (_NAMES.index(path.stem.lower()), path.name), default=None)
    title = artist = ""
    for song in songs:
        words, inside = _read(song)
        title = title or words.get("album", "")
        artist = artist or words.get("album_artist", "") or words.get("artist", "")
        if picture is None and inside:
            picture = scratch / "inside"
            picture.write_bytes(inside)
        if picture is not None and title and artist:
            break
    if picture is None:
        names = ", ".join(f"{name}.jpg" for name in _NAMES[:3])
        raise CoverError(f"{folder}: no cover ({names}, ...) and none inside its audio files; put one there")
    return Album(folder, picture, title, artist)


def _read(song: Path) -> tuple[Mapping[str, str], bytes]:
    """Tags and embedded picture of an audio file; nothing is decoded, and of a damaged one there is nothing."""
    try:
        with av.open(str(song)) as file:
            words = {name.lower(): value for stream in file.streams.audio for name, value in stream.metadata.items()}
            words.update({name.lower(): value for name, value in file.metadata.items()})
            for stream in file.streams.video:
                if stream.disposition & Disposition.attached_pic:
                    packet = next(file.demux(stream), None)
                    if packet is not None and 0 < packet.size <= MAX_BYTES:
                        return words, bytes(packet)
            return words, b""
    except (av.error.FFmpegError, OSError, ValueError):
        return {}, b""


@dataclass(frozen=True)
class Beside:
    """What became of one album: its files and what places or the judge say of them, or an error in one line with its
    exit code."""

    folder: Path
    files: tuple[Path, ...] = ()
    problems: tuple[str, ...] = ()
    error: str = ""
    exit_code: int = 0

    def to_dict(self) -> dict[str, Any]:
        if self.error:
            return {"folder": str(self.folder), "error": self.error}
        return {
            "folder": str(self.folder),
            "files": [str(path) for path in self.files],
            "problems": list(self.problems),
        }

    def told(self) -> list[str]:
        if self.error:
            return [f"{self.folder}  failed: {self.error}"]
        return [f"{path}  {'; '.join(self.problems) or 'passed'}" for path in self.files]


def render_beside(
    folders: Sequence[Path],
    workflow_id: str,
    server: str | None,
    given: Mapping[str, Any],
    console: Console,
    force: bool = False,
) -> list[Beside]:
    """`cover.mp4` (square) and `cover.webm` (the cover's shape) in every album folder, with its title and artist.

    given: parameters of the workflow, which go before the album's own words.

    Raises:
        CoverError, UsageError: the call must be mended. ServerError: no usable server. What fails later for one album
        is in its result, and the others go on.
    """
    workflow = load_workflow(workflow_id)
    with tempfile.TemporaryDirectory() as scratch:
        albums, asked = [], []
        for number, folder in enumerate(folders):
            own = Path(scratch) / str(number)
            own.mkdir()
            album = album_of(folder, own)
            if not os.access(folder, os.W_OK):
                raise UsageError(f"{folder}: cannot be written to; the loop belongs beside the audio files")
            told = {"title": album.title, "artist": album.artist}
            told = {name: value for name, value in told.items() if value and name in workflow.bindings}
            albums.append(album)
            asked.append(Asked(album.picture, own / "loop", {**told, **given}))
        results = render_each(asked, workflow, server, console, force)
        return [_placed(album, result) for album, result in zip(albums, results, strict=True)]


def _placed(album: Album, result: Result) -> Beside:
    if result.deliverable is None:
        return Beside(album.folder, error=result.error, exit_code=result.exit_code)
    video = result.deliverable.video
    words = Words(album.title, album.artist).told()
    try:
        files, problems = [], []
        for made in make_all(turn_of(video), wanted("square,web.webm"), video.with_name("made"), words=words):
            files.append(album.folder / f"cover{made.video.suffix}")
            problems += made.problems
            with whole_file(files[-1]) as part:
                shutil.copyfile(made.video, part)
    except CoverLoopError as error:
        return Beside(album.folder, error=str(error), exit_code=error.exit_code)
    return Beside(album.folder, tuple(files), tuple(problems))
