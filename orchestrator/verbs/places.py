"""`coverloop render --preset`: covers into files for the places that show loops.

Of each cover as few loops are rendered as there are pictures: one of the cover itself, for its own shape, for crops and
for backdrops, and one for each shape that its ground is extended to. There the server gets the extended cover, so what
moves (Wan or Ambient Motion) has all of the picture before it, and its first frame is a still cover in that shape.

A file too large for that, where the workflow has a sibling that draws at any size, is drawn, lettered and encoded on
the server frame after frame, at its own size.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console

from ...core.errors import CoverLoopError
from ...core.formats.judged import Judged
from ...core.formats.make import Made, enlarged, make_all
from ...core.formats.reframe.choose import Reframing, reframe
from ...core.formats.reframe.contents import Contents, contents_of
from ...core.formats.reframe.layout import Way, same_shape
from ...core.formats.registry import Wanted, wanted
from ...core.formats.rules import check
from ...core.image import fit, read_cover
from ...core.video.facts import read_facts
from ..disk.files import copy_whole
from ..disk.names import stems
from ..job.deliver import Deliverable, deliver_format
from ..job.manifest import load_workflow
from ..job.run import output_folder
from ..job.workflow import Workflow
from .export import Words, check_names, turn_of
from .render import Asked, Result, render_each


@dataclass(frozen=True)
class Placed:
    """What became of one cover: its files, or an error in one line with its exit code."""

    cover: Path
    files: tuple[Made, ...] = ()
    error: str = ""
    exit_code: int = 0

    def to_dict(self) -> dict[str, Any]:
        if self.error:
            return {"cover": str(self.cover), "error": self.error}
        return {"cover": str(self.cover), "files": [made.to_dict() for made in self.files]}

    def in_order(self, asked: Sequence[Wanted]) -> Placed:
        """With its files in the order in which they were asked for."""
        ids = [one.id for one in asked]
        return replace(self, files=tuple(sorted(self.files, key=lambda made: ids.index(made.wanted.id))))

    def told(self) -> Iterator[str]:
        if self.error:
            yield f"{self.cover}  failed: {self.error}"
        for made in self.files:
            yield f"{made.video}  {'; '.join(made.problems) or 'passed'}"
            yield from (f"    {note}" for note in made.notes)


_LARGE = 1440
"""px of the shorter side: a loop that is larger is not held in memory (a second of it is 0.6 GB as an IMAGE)."""


@dataclass
class _Group:
    """Formats that one loop serves, or one that is drawn at its own size.

    picture: what is rendered: the cover (None) or the cover extended; enlarges: times that the cover is enlarged for
    each px of height of what is made. way, why: of a file at its own size, how its shape is made; "" for a loop.
    """

    picture: np.ndarray | None
    formats: list[Wanted]
    size: int
    enlarges: float
    way: str = ""
    why: str = ""


def render_for_places(
    covers: Sequence[Path],
    out: Path,
    workflow_id: str,
    server: str | None,
    given: Mapping[str, Any],
    presets: Sequence[str],
    console: Console,
    *,
    way: str = "auto",
    force: bool = False,
) -> list[Placed]:
    """Every cover for every preset: `<stem>.<preset>.<ending>`, each with a poster.

    given: parameters of the workflow; without `size` each loop is as large as its largest file and the workflow allow.

    Raises:
        CoverError, UsageError: the call must be mended. ServerError: no usable server. What fails later for one cover
        is in its result.
    """
    workflow, asked = load_workflow(workflow_id), wanted(presets)
    workflow.read_values(given)
    large = _any_size(workflow, given)
    places = stems(covers, output_folder(out))
    check_names(places, asked, covers)
    groups = [_groups(cover, asked, workflow, way, large) for cover in covers]
    with tempfile.TemporaryDirectory(dir=out, prefix=".", suffix=".part") as folder:
        jobs = list(_asked(covers, groups, given, workflow, large, Path(folder)))
        loops, files = ([job for job in jobs if bool(job[1].way) is at_size] for at_size in (False, True))
        results = render_each([one for *_, one in loops], workflow, server, console, force) if loops else []
        if large and files:
            results += render_each([one for *_, one in files], large, server, console, force, deliver_format)
        placed: dict[Path, Placed] = {cover: Placed(cover) for cover in covers}
        words = Words(str(given.get("title", "")), str(given.get("artist", "")))
        for (cover, group, _), result in zip([*loops, *files], results, strict=True):
            if not placed[cover].error:
                stem = places[list(covers).index(cover)]
                placed[cover] = _with(placed[cover], group, result, stem, way, words)
        return [one.in_order(asked) for one in placed.values()]


def _any_size(workflow: Workflow, given: Mapping[str, Any]) -> Workflow | None:
    """The workflow that draws files at their own size; None where there is none, or it does not know what is asked."""
    if not workflow.formats or "size" in given:
        return None
    large = load_workflow(workflow.formats)
    return large if all(name in large.bindings for name in given if name != "crf") else None


def _groups(cover: Path, asked: Sequence[Wanted], workflow: Workflow, way: str, large: Workflow | None) -> list[_Group]:
    picture = read_cover(cover).image
    height, width = picture.shape[:2]
    looked: list[Contents] = []
    groups, files = [_Group(None, [], 0, 1 / height)], []
    for one in asked:
        size = one.format.size_for(height, width)
        if not looked and not same_shape((height, width), *size):
            looked.append(contents_of(picture))
        contents = looked[0] if looked else Contents.of_shape(height, width)
        chosen = reframe(contents, *size, one.format.safe, way)
        layout, extended = chosen.layout, chosen.way is Way.EXTEND
        drawn = min(size) if extended else min(layout.tall, layout.broad)
        enlarges = layout.tall / layout.height / height
        if large is not None and drawn > _LARGE and one.format.video:
            still = _still(chosen, picture, _largest(large)) if extended else None
            if still is None and min(height, width) > drawn:  # a larger one would only lie in the server's memory
                still = fit(picture, drawn)
            named = "auto" if extended or chosen.way is Way.OWN else str(chosen.way)
            files.append(_Group(still, [one], drawn, enlarges, named, chosen.said))
        elif not extended:
            groups[0].formats.append(one)
            groups[0].size = max(groups[0].size, drawn)
        elif not _joined(groups[1:], one, size):
            groups.append(_Group(_still(chosen, picture, _largest(workflow)), [one], drawn, enlarges))
    return [group for group in (*groups, *files) if group.formats]


def _joined(groups: Sequence[_Group], one: Wanted, size: tuple[int, int]) -> bool:
    """Whether an earlier group has the shape, and the place its signs where that one has them."""
    for group in groups:
        first = group.formats[0].format
        if same_shape((first.height, first.width), *size) and first.safe == one.format.safe:
            group.formats.append(one)
            group.size = max(group.size, min(size))
            return True
    return False


def _still(chosen: Reframing, cover: np.ndarray, largest: int) -> np.ndarray:
    """The still cover in the shape, at most as large as it is rendered."""
    height, width = chosen.layout.height, chosen.layout.width
    scale = min(1.0, largest / min(height, width))
    return chosen.ready(*(2 * round(side * scale / 2) for side in (height, width))).over(cover)


def _largest(workflow: Workflow) -> int:
    size = workflow.bindings.get("size")
    return int(size.maximum) if size and size.maximum else 2160


def _asked(
    covers: Sequence[Path],
    groups: Sequence[Sequence[_Group]],
    given: Mapping[str, Any],
    workflow: Workflow,
    large: Workflow | None,
    folder: Path,
) -> Iterator[tuple[Path, _Group, Asked]]:
    """The loops and files to be rendered."""
    for number, (cover, own) in enumerate(zip(covers, groups, strict=True)):
        for which, group in enumerate(own):
            place = folder / f"{number}-{which}"
            source = cover
            if group.picture is not None:
                source = place.with_name(f"{cover.stem}.{group.formats[0].id}.png")
                Image.fromarray(group.picture).save(source, compress_level=1)
            if large is not None and group.way:
                yield cover, group, Asked(source, place, _at_size(group, given, large))
                continue
            size = {"size": min(group.size, _largest(workflow))} if "size" in workflow.bindings else {}
            yield cover, group, Asked(source, place, {**size, **given})


def _at_size(group: _Group, given: Mapping[str, Any], large: Workflow) -> dict[str, Any]:
    """Parameters of one file."""
    words = {f"file_{name}": given[name] for name in ("title", "artist") if name in given}
    known = {name: value for name, value in given.items() if name in large.bindings}
    size = min(group.size, _largest(large))
    look = min(size, int(large.bindings["look"].maximum or size))  # nothing is seen in a cover that is enlarged for it
    return {**known, **words, "size": size, "look": look, "preset": group.formats[0].id, "way": group.way}


def _with(placed: Placed, group: _Group, result: Result, stem: Path, way: str, words: Words) -> Placed:
    """What one more loop adds to a cover's files."""
    if result.deliverable is None:
        return Placed(placed.cover, error=result.error, exit_code=result.exit_code)
    way = "auto" if group.picture is not None else way
    try:
        if group.way:
            return Placed(placed.cover, (*placed.files, _file(result.deliverable, group, stem)))
        turn = turn_of(result.deliverable.video)
        turn = replace(turn, enlarged=max(1.0, turn.height * group.enlarges))
        made = make_all(turn, group.formats, stem, way=way, words=words.told())
    except CoverLoopError as error:
        return Placed(placed.cover, error=str(error), exit_code=error.exit_code)
    return Placed(placed.cover, (*placed.files, *made))


def _file(made: Deliverable, group: _Group, stem: Path) -> Made:
    """A file that the server wrote, with its poster, under its name. Raises UsageError: it cannot be written."""
    (one,) = group.formats
    video = stem.with_name(one.file_name(stem.name))
    poster = video.with_suffix(".jpg")
    for source, target in ((made.video, video), (made.poster, poster)):
        copy_whole(source, target)
    facts = read_facts(video)
    notes = (*filter(None, [group.why]), *enlarged(facts.height * group.enlarges, one.format))
    judged, lines = Judged.of_dict(made.record["judgement"]), tuple(check(facts, one.format))
    return Made(one, video, poster, made.record["turns"], judged, lines, notes)
