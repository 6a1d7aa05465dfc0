"""`coverloop export`: a finished loop into files for the places that show it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ... import __version__
from ...core.errors import ClipError, UsageError
from ...core.formats.judged import frames_in
from ...core.formats.make import Made, Turn, make_all
from ...core.formats.registry import Wanted, wanted
from ...core.video.facts import read_facts
from ..disk.names import same_name
from ..job.run import output_folder


@dataclass(frozen=True)
class Words:
    """What a file is told of the record."""

    title: str = ""
    artist: str = ""

    def told(self) -> dict[str, str]:
        said = {"title": self.title, "artist": self.artist, "comment": f"coverloop {__version__}"}
        return {name: value for name, value in said.items() if value}


def export_loops(
    loops: Sequence[Path], presets: Sequence[str], out: Path | None, *, way: str = "auto", words: Words | None = None
) -> list[Made]:
    """Every loop for every preset: `<stem>.<preset>.<ending>` and a poster, in `out` or beside the loop.

    way: to another shape, see `core.formats.reframe`. words: title and artist; what is not said is taken from the
    loop's sidecar.

    Raises:
        ClipError: a loop cannot be read. UsageError: an unknown preset or way, two files of one name, or one that
        cannot be written.
    """
    asked = wanted(presets)
    folders = [output_folder(out) if out is not None else loop.parent for loop in loops]
    places = [folder / loop.stem for folder, loop in zip(folders, loops, strict=True)]
    check_names(places, asked, loops)
    turns = [turn_of(loop) for loop in loops]
    made = []
    for loop, turn, place in zip(loops, turns, places, strict=True):
        made += make_all(turn, asked, place, way=way, words=_words(loop, words or Words()).told())
    return made


def check_names(places: Sequence[Path], asked: Sequence[Wanted], sources: Sequence[Path]) -> None:
    """Raises UsageError where two files would be written to one name, or one over a source."""
    taken = {same_name(str(source)): f"{source} itself" for source in sources}
    for place in places:
        for one in asked:
            name = place.with_name(one.file_name(place.name))
            other = taken.setdefault(same_name(str(name)), f"{place.name} for {one.id}")
            if other != f"{place.name} for {one.id}" or sum(place == same for same in places) > 1:
                raise UsageError(f"{name}: two files would be written to this name; give each its own --out")


def turn_of(loop: Path) -> Turn:
    """A finished loop as a turn; its frames are decoded anew at each pass. Raises ClipError."""
    facts = read_facts(loop)
    if facts.frames < 2 or not facts.seconds:
        raise ClipError(f"{loop}: is a still picture; give a loop")
    if facts.turned:
        raise ClipError(f"{loop}: is turned by its header; encode it upright")

    def frames():
        with frames_in(loop) as shown:
            yield from shown

    fps = Fraction(facts.frames) / facts.seconds
    return Turn(frames, facts.frames, fps.limit_denominator(1001), facts.height, facts.width)


def _words(loop: Path, words: Words) -> Words:
    try:
        values = json.loads(loop.with_suffix(".json").read_text("utf-8"))["parameters"]
        return Words(words.title or str(values.get("title", "")), words.artist or str(values.get("artist", "")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return words
