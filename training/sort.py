"""Which clips are kept: what was measured, duplicates, and what a person says in `keep.txt` and `drop.txt`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import UsageError
from .calibration import MAKING
from .measures import alike
from .sources import Source
from .watch import Watched, faults

_LIST_BYTES = 4_000_000


@dataclass(frozen=True)
class Clip:
    """One clip of a source, and what becomes of it. measured: None where the source cannot be read, of which `problem`
    tells. told: by whom it was overruled: "", "keep.txt" or "drop.txt"."""

    name: str
    source: Source
    measured: Watched | None
    problem: str = ""
    reasons: tuple[str, ...] = ()
    like: str = ""
    told: str = ""

    @property
    def kept(self) -> bool:
        return self.told == "keep.txt" or (not self.reasons and not self.told)

    @property
    def can_be_made(self) -> bool:
        return (
            self.measured is not None and self.measured.window is not None and min(self.measured.size) >= MAKING.least
        )

    @property
    def repeats(self) -> int:
        """How often it is shown for once that others are."""
        return MAKING.loop_repeats if self.measured is not None and self.measured.closes else 1


@dataclass(frozen=True)
class Said:
    """What a person says of clips, by name of clip or of source, as the report shows them."""

    keep: frozenset[str] = frozenset()
    drop: frozenset[str] = frozenset()

    @classmethod
    def read(cls, folder: Path) -> Said:
        """Raises UsageError for a list that cannot be read, or a name in both."""
        keep, drop = (_lines(folder / name) for name in ("keep.txt", "drop.txt"))
        if both := keep & drop:
            raise UsageError(f"{folder}: {sorted(both)[0]!r} stands in keep.txt and in drop.txt; take it out of one")
        return cls(keep, drop)

    def of(self, clip: Clip) -> str:
        """What was said of the clip itself comes before what was said of its source."""
        for name in (clip.name, clip.source.shown):
            if name in self.drop:
                return "drop.txt"
            if name in self.keep:
                return "keep.txt"
        return ""


def _lines(path: Path) -> frozenset[str]:
    if not path.exists():
        return frozenset()
    try:
        with path.open("rb") as file:
            data = file.read(_LIST_BYTES + 1)
        if len(data) > _LIST_BYTES:
            raise UsageError(f"{path}: is larger than {_LIST_BYTES // 1_000_000} MB; write a name of a clip a line")
        lines = (line.strip() for line in data.decode("utf-8-sig").splitlines())
        return frozenset(line for line in lines if line and not line.startswith("#"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); write a name of a clip a line, as UTF-8") from error


def sort(clips: Sequence[Clip], said: Said, loops_only: bool = False) -> tuple[list[Clip], list[str]]:
    """The clips with what becomes of them, and what is to be told a person of their lists."""
    judged: list[Clip] = []
    kept: list[Clip] = []
    for clip in sorted(clips, key=_better):
        told = said.of(clip)
        reasons = _reasons(clip, loops_only)
        twin = next((other for other in kept if _alike(clip, other)), None) if not reasons else None
        if twin is not None:
            reasons = ["duplicate"]
        if told == "keep.txt" and not clip.can_be_made:
            told = ""
        done = Clip(
            clip.name, clip.source, clip.measured, clip.problem, tuple(reasons), twin.name if twin else "", told
        )
        judged.append(done)
        if done.kept:
            kept.append(done)
    return sorted(judged, key=lambda clip: (clip.source.shown, clip.name)), _unheard(judged, said)


def _reasons(clip: Clip, loops_only: bool) -> list[str]:
    if clip.measured is None:
        return ["unreadable"]
    found = faults(clip.measured)
    return [*found, "open"] if loops_only and not clip.measured.closes and clip.measured.window else found


def _better(clip: Clip) -> tuple[bool, int, str, str]:
    """Of two alike the first is kept: one that closes, then the larger one."""
    if clip.measured is None:
        return (True, 0, clip.source.shown, clip.name)
    height, width = clip.measured.size
    return (not clip.measured.closes, -height * width, clip.source.shown, clip.name)


def _alike(a: Clip, b: Clip) -> bool:
    """Never two clips of one source: they are parts of it."""
    if a.source == b.source or a.measured is None or b.measured is None:
        return False
    ring = a.measured.closes and b.measured.closes
    return alike(a.measured.fingerprint, b.measured.fingerprint, ring)


def _unheard(clips: Collection[Clip], said: Said) -> list[str]:
    names = {name for clip in clips for name in (clip.name, clip.source.shown)}
    lines = [
        f"{list_name} names {name!r}, which is no clip of this source"
        for list_name, told in (("keep.txt", said.keep), ("drop.txt", said.drop))
        for name in sorted(told - names)
    ]
    wanted = [clip for clip in clips if said.of(clip) == "keep.txt" and not clip.kept]
    return lines + [f"keep.txt names {clip.name!r}, which cannot be made: {', '.join(clip.reasons)}" for clip in wanted]
