"""Videos of any kind -> clips that LoRA trainers read: looked at, sorted, written, told in a report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import ClipError, UsageError
from ..core.files import write_text
from ..core.parallel import in_order
from ..core.video.encode import write_poster
from .calibration import EVERYTHING, MAKING
from .make import SETS, Part, Wanted, is_made, make, parts, write
from .report import row_of, write_report
from .sort import Clip, Said, sort
from .sources import Source, find_sources
from .watch import Look, Watched, watch

_VERSION = 2  # of what is measured


@dataclass(frozen=True)
class Asked:
    """frames: of a clip, 4n + 1. width, height: what a picture has as many pixels as, at most; its shape is the
    source's. loops_only: what does not close is dropped, too."""

    sources: tuple[Path, ...]
    out: Path
    frames: int = 97
    width: int = 1280
    height: int = 704
    workers: int = 2
    loops_only: bool = False

    def check(self) -> None:
        """Raises UsageError for what no trainer reads."""
        if self.frames % 4 != 1 or not 5 <= self.frames <= 241:
            raise UsageError(f"--frames {self.frames}: must be 4n + 1 from 5 to 241, as Wan takes them; 97 is usual")
        for side in (self.width, self.height):
            if side % 32 or not 64 <= side <= 4096:
                raise UsageError(f"--size {self.width}x{self.height}: sides must be multiples of 32 from 64 to 4096")

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.frames, self.width * self.height)


def prepare(asked: Asked, tell: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Make both sets of clips in `asked.out`, and its report; what is made already is left. The sources are only read.

    tell: is given a line for a person now and then. The result: counts, and the rows of `report.jsonl`.

    Raises:
        UsageError: nothing to read, an option that makes no sense, a folder that cannot be written, a full disk. What
            was done by then stays, and the next run goes on from there.
    """
    asked.check()
    sources = find_sources(asked.sources, asked.out)
    for name in (*SETS, "posters", ".measured"):
        _folder(asked.out / name)
    said = Said.read(asked.out)
    clips: list[Clip] = []
    looked = in_order(lambda source: _looked_at(source, asked, said), sources, workers=asked.workers)
    for number, found in enumerate(looked, 1):
        clips += found
        tell(f"looked at {number} of {len(sources)}: {found[0].source.shown}")
    clips, lines = sort(clips, said, asked.loops_only)
    for line in lines:
        tell(line)
    clips = _written(clips, asked, tell)
    rows = [row_of(clip, parts(clip, asked.out, asked.wanted) if clip.kept else {}, asked.out) for clip in clips]
    write_report(asked.out, rows)
    return {
        "clips": len(rows),
        "kept": sum(row["kept"] for row in rows),
        "dropped": sum(not row["kept"] for row in rows),
        "sources": len(sources),
        "report": str(asked.out / "report.html"),
        "told": lines,
        "rows": rows,
    }


def _folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: cannot be made ({error.strerror or error}); give another folder") from error


def _looked_at(source: Source, asked: Asked, said: Said) -> list[Clip]:
    if source.problem:
        return [Clip(source.name, source, None, source.problem)]
    kept = asked.out / ".measured" / f"{source.name}.json"
    poster = asked.out / "posters" / f"{source.name}.jpg"
    try:
        stat = source.path.stat()
        told = [_VERSION, stat.st_size, stat.st_mtime_ns, asked.frames, repr(EVERYTHING), MAKING.windows]
        key = hashlib.sha256(json.dumps(told).encode()).hexdigest()
        measured = _measured_before(kept, key) if poster.exists() else None
        look = None if measured else watch(source.path, asked.frames)
        if look is not None:
            measured = look.clips
            write_poster(look.poster, poster)
            write_text(kept, json.dumps({"key": key, "clips": [one.to_dict() for one in measured]}))
    except (ClipError, OSError) as error:
        return [Clip(source.name, source, None, str(error).removeprefix(f"{source.path}: "))]
    assert measured is not None
    names = [source.name] if len(measured) == 1 else [f"{source.name}-{i}" for i in range(1, len(measured) + 1)]
    clips = [Clip(name, source, one) for name, one in zip(names, measured, strict=True)]
    if look is not None:
        _written_at_once(clips, look, asked, said)
    return clips


def _written_at_once(clips: Sequence[Clip], look: Look, asked: Asked, said: Said) -> None:
    """What is most likely kept, while its pictures are still held: decoding again takes a fifth of all time. A
    duplicate is only found out with all others, and its files go again."""
    likely, _ = sort(clips, said, asked.loops_only)
    wanted = [part for clip in likely if clip.kept for part in parts(clip, asked.out, asked.wanted).values()]
    missing = [part for part in wanted if not is_made(part)]
    if missing and look.held:
        write(look.held.items(), look.clips[0].border, missing)


def _measured_before(path: Path, key: str) -> list[Watched] | None:
    with suppress(OSError, ValueError, KeyError, TypeError):  # damaged: it is measured again
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["key"] == key:
            return [Watched.of(one) for one in told["clips"]]
    return None


def _written(clips: Sequence[Clip], asked: Asked, tell: Callable[[str], None]) -> list[Clip]:
    """The clips; those of sources that can no longer be read are unreadable now."""
    by_source: dict[Source, list[Clip]] = {}
    for clip in clips:
        for name in () if clip.kept else SETS:
            (asked.out / name / f"{clip.name}.mp4").unlink(missing_ok=True)
        if clip.kept:
            by_source.setdefault(clip.source, []).append(clip)
    lost: dict[Source, str] = {}
    made = in_order(lambda item: _make(*item, asked), by_source.items(), workers=asked.workers)
    for number, (source, problem) in enumerate(zip(by_source, made, strict=True), 1):
        if problem:
            lost[source] = problem
        tell(f"written {number} of {len(by_source)}: {source.shown}")
    return [
        Clip(clip.name, clip.source, None, lost[clip.source], ("unreadable",)) if clip.source in lost else clip
        for clip in clips
    ]


def _make(source: Source, clips: Sequence[Clip], asked: Asked) -> str:
    try:
        wanted: list[Part] = [part for clip in clips for part in parts(clip, asked.out, asked.wanted).values()]
        missing = [part for part in wanted if not is_made(part)]
        if missing and clips[0].measured is not None:
            make(source.path, clips[0].measured.border, missing)
    except (ClipError, OSError) as error:
        return str(error).removeprefix(f"{source.path}: ")
    return ""
