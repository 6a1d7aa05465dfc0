"""`coverloop dataset export`: prepared and captioned clips, or an artist's pictures, as a trainer reads them.

Of clips, DIR holds a folder for each set (`resolution`, `time`) with NAME.mp4 and its caption NAME.txt; of pictures,
DIR holds them. The export has its own copies, so that it can be taken to another machine whole.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import ClipError, UsageError
from ..core.video.facts import Facts, read_facts
from .pictures import still, stills_of
from .pictures import write as write_still
from .registry import trainer
from .trainer import CARDS, Card, Set, Trainer
from .trigger import checked_token

RATE = 24
SIDES = 32
"""px that sides are whole multiples of."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_MOST_REPEATS = 10
_LONGEST = 4000
"""Signs of a caption."""


@dataclass(frozen=True)
class Exported:
    """out: the folder; clips: how many, by set, or of pictures; commands: what to type; left_out: what is not in it ->
    why."""

    out: Path
    clips: dict[str, int]
    commands: list[str]
    left_out: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        return {
            "out": str(self.out),
            "clips": self.clips,
            "commands": self.commands,
            "left_out": self.left_out,
        }

    def told(self) -> Iterator[str]:
        counts = (f"{count} {name if name == 'pictures' else f'clips of {name}'}" for name, count in self.clips.items())
        yield f"{self.out}: {', '.join(counts)}"
        yield from (f"  left out {clip}: {why}" for clip, why in self.left_out.items())
        yield from (f"  $ {command}" for command in self.commands)


def export(source: Path, out: Path, trainer_name: str, *, name: str, token: str = "", memory: int = 24) -> Exported:
    """Write `out`, whole or not at all.

    name: of the LoRA; token: its trigger, that every caption has once; "" asks nothing. memory: GB of the card, a key
    of CARDS. A clip or picture that no trainer would take as it is is left out, and told.

    Raises:
        UsageError: an unknown or unfit trainer, a bad name or token, no clips, or `out` is there and not empty.
    """
    chosen = trainer(trainer_name)
    if not _NAME.fullmatch(name):
        raise UsageError(f"name: {name[:80]!r}; letters, digits, - and _, 64 at most")
    if memory not in CARDS:
        raise UsageError(f"memory: {memory}; there are {', '.join(map(str, CARDS))} GB")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: is there already; give a new or an empty folder")
    out = out.resolve()
    left_out: dict[str, str] = {}
    laid = _stills if chosen.stills else _clips
    counts, write = laid(source, out, chosen, name, token, CARDS[memory], left_out)
    commands = [command.format(out=shlex.quote(str(out)), name=name) for command in chosen.commands]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as scratch:
            part = Path(scratch) / out.name
            part.mkdir()
            write(part)
            (part / "README.md").write_text(_readme(trainer_name, chosen.source, commands), "utf-8", newline="\n")
            if out.exists():
                out.rmdir()
            part.replace(out)
    except OSError as error:
        raise UsageError(f"{out}: {error.strerror or error}; nothing was written") from error
    return Exported(out, counts, commands, left_out)


Laid = tuple[dict[str, int], Callable[[Path], None]]
"""How many, by set; and what writes them into a folder."""


def _clips(
    source: Path, out: Path, chosen: Trainer, name: str, token: str, card: Card, left_out: dict[str, str]
) -> Laid:
    often = _repeats(source)
    found = [one for folder in _folders(source) for one in _sets(folder, out, token, often, left_out)]
    if not found:
        why = f" ({len(left_out)} are left out, such as {next(iter(left_out.items()))})" if left_out else ""
        raise UsageError(f"{source}: no clips with captions{why}; give the folder that `dataset prepare` wrote")

    def write(part: Path) -> None:
        for one in found:
            _copy(source / one.name, part / one.folder.relative_to(out), one)
        _write_files(part, chosen.files(found, name, card))

    counts: dict[str, int] = {}
    for one in found:
        counts[one.name] = counts.get(one.name, 0) + len(one.clips)
    return counts, write


def _stills(
    source: Path, out: Path, chosen: Trainer, name: str, token: str, card: Card, left_out: dict[str, str]
) -> Laid:
    found = stills_of(source, checked_token(token), left_out)
    assert chosen.stills is not None
    files = chosen.stills(len(found), name)

    def write(part: Path) -> None:
        (part / name).mkdir()
        for number, path in enumerate(found, 1):
            write_still(still(path, token), part / name / f"{number:04}")
        _write_files(part, files)

    return {"pictures": len(found)}, write


def _write_files(part: Path, files: Mapping[str, str]) -> None:
    for file, text in files.items():
        (part / file).write_text(text, encoding="utf-8", newline="\n")


def _folders(source: Path) -> list[Path]:
    if not source.is_dir():
        raise UsageError(f"{source}: no folder; give the one that `dataset prepare` wrote")
    return sorted(path for path in source.iterdir() if path.is_dir() and any(path.glob("*.mp4")))


def _repeats(source: Path) -> dict[str, int]:
    """Of clips that are to be shown more than once, how often, as the report of `dataset prepare` says.

    Raises:
        UsageError: the report cannot be read.
    """
    report = source / "report.jsonl"
    if not report.exists():
        return {}
    try:
        rows = [json.loads(line) for line in report.read_text("utf-8").splitlines() if line.strip()]
        return {str(row["clip"]): min(_MOST_REPEATS, int(row["repeats"])) for row in rows if row.get("repeats", 1) > 1}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{report}: cannot be read ({error}); run `dataset prepare` again, or delete it") from error


def _sets(folder: Path, out: Path, token: str, often: Mapping[str, int], left_out: dict[str, str]) -> list[Set]:
    """The clips of a folder that a trainer takes, those that are shown as often together."""
    captions: dict[int, dict[str, str]] = {}
    facts: dict[str, Facts] = {}
    for clip in sorted(folder.glob("*.mp4")):
        try:
            told, caption = _clip(clip), _caption(clip.with_suffix(".txt"), token)
        except (ClipError, UsageError) as error:
            left_out[f"{folder.name}/{clip.name}"] = str(error)
            continue
        facts[clip.stem] = told
        captions.setdefault(often.get(clip.stem, 1), {})[clip.stem] = caption
    found = []
    for repeats, clips in sorted(captions.items()):
        name = folder.name if repeats == 1 else f"{folder.name}_x{repeats}"
        first, fewest = facts[next(iter(clips))], min(facts[clip].frames for clip in clips)
        found.append(Set(folder.name, out / "clips" / name, clips, repeats, fewest, first.width, first.height))
    return found


def _clip(path: Path) -> Facts:
    facts = read_facts(path)
    if facts.frames != RATE * facts.seconds or not facts.even:
        raise ClipError(f"{facts.fps:g} frames a second{'' if facts.even else ', uneven'}; trainers take {RATE}, even")
    if facts.frames % 4 != 1:
        raise ClipError(f"{facts.frames} frames; Wan takes 4n + 1")
    if facts.width % SIDES or facts.height % SIDES:
        raise ClipError(f"{facts.width}x{facts.height}; sides are multiples of {SIDES}")
    return facts


def _caption(path: Path, token: str) -> str:
    try:
        text = path.read_text("utf-8")[: _LONGEST + 1]
    except (OSError, UnicodeDecodeError):
        raise UsageError("it has no caption (`coverloop dataset caption` writes them)") from None
    caption = " ".join(text.split())
    if not caption or len(caption) > _LONGEST:
        raise UsageError(f"its caption has {len(caption)} signs; give 1 to {_LONGEST}")
    count = len(re.findall(rf"(?<!\w){re.escape(token)}(?!\w)", caption)) if token else 1
    if count != 1:
        raise UsageError(f"its caption has the trigger {token!r} {count} times, not once")
    return caption


def _copy(source: Path, target: Path, one: Set) -> None:
    target.mkdir(parents=True)
    for clip, caption in one.clips.items():
        shutil.copyfile(source / f"{clip}.mp4", target / f"{clip}.mp4")
        (target / f"{clip}.txt").write_text(caption + "\n", encoding="utf-8", newline="\n")


def _readme(name: str, source: str, commands: Sequence[str]) -> str:
    lines = "\n".join(commands)
    return f"# Training with {name}\n\nIn a checkout of {source}:\n\n```sh\n{lines}\n```\n"
