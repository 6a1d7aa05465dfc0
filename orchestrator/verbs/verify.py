"""`coverloop verify`: is a file what a place asks for? Goes by the file alone, whoever made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.formats.registry import Wanted, wanted
from ...core.formats.rules import Line, check
from ...core.video.facts import read_facts


@dataclass(frozen=True)
class Verified:
    """A file against one format: every rule in order."""

    file: Path
    format: str
    lines: tuple[Line, ...]

    @property
    def met(self) -> bool:
        return all(line.met for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        rules = [line._asdict() for line in self.lines]
        return {"file": str(self.file), "preset": self.format, "met": self.met, "rules": rules}

    def told(self) -> list[str]:
        """For a person: the verdict, and a line each."""
        unmet = sum(not line.met for line in self.lines)
        verdict = "is what it asks for" if not unmet else f"misses {unmet} of {len(self.lines)} rules"
        head = f"{self.file}  {self.format}: {verdict}"
        return [head, *(f"  {'ok' if line.met else '! '} {line.rule:9}  {line.said}" for line in self.lines)]


def verify_files(files: Sequence[Path], presets: Sequence[str]) -> list[Verified]:
    """Each file against each preset; of a preset with several formats, against the one it comes nearest to.

    Raises:
        UsageError: an unknown preset. ClipError: a file that cannot be read.
    """
    groups: dict[str, list[Wanted]] = {}
    for one in wanted(presets):
        groups.setdefault(one.preset, []).append(one)
    return [_nearest(file, group) for file in files for group in groups.values()]


def _nearest(file: Path, formats: Sequence[Wanted]) -> Verified:
    facts = read_facts(file)
    tried = [Verified(file, one.id, tuple(check(facts, one.format))) for one in formats]
    return min(tried, key=lambda one: sum(not line.met for line in one.lines))
