"""`coverloop render --preset`: covers into files for the places that show loops.

Of each cover as few loops are rendered as there are pictures: one of the cover itself, for its own shape, for crops and
for backdrops, and one for each shape that its ground is extended to. There the server gets the extended cover, so what
moves (Wan or Ambient Motion) has all of the picture before it, and its first frame is a still cover in that shape.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console

from ...core.errors import CoverLoopError
from ...core.formats.make import Made, make_all
from ...core.formats.reframe.choose import Reframing, reframe
from ...core.formats.reframe.contents import Contents, contents_of
from ...core.formats.reframe.layout import Way, same_shape
from ...core.formats.registry import Wanted, wanted
from ...core.image import read_cover
from ..disk.names import stems
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

    def told(self) -> Iterator[str]:
        if self.error:
            yield f"{self.cover}  failed: {self.error}"
        for made in self.files:
            yield f"{made.video}  {'; '.join(made.problems) or 'passed'}"
            yield from (f"    {note}" for note in made.notes)


@dataclass
class _Group:
    """Formats that one loop serves. picture: what is rendered: the cover (None) or the cover extended."""

    picture: np.ndarray | None
    formats: list[Wanted]
    size: int


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
    places = stems(covers, output_folder(out))
    check_names(places, asked, covers)
    groups = [_groups(cover, asked, workflow, way) for cover in covers]
    with tempfile.TemporaryDirectory(dir=out, prefix=".", suffix=".part") as folder:
        loops = list(_asked(covers, groups, given, workflow, Path(folder)))
        results = iter(render_each([one for _, _, one in loops], workflow, server, console, force))
        placed: dict[Path, Placed] = {cover: Placed(cover) for cover in covers}
        words = Words(str(given.get("title", "")), str(given.get("artist", "")))
        for (cover, group, _), result in zip(loops, results, strict=True):
            if not placed[cover].error:
                stem = places[list(covers).index(cover)]
                placed[cover] = _with(placed[cover], group, result, stem, way, words)
        return list(placed.values())


def _groups(cover: Path, asked: Sequence[Wanted], workflow: Workflow, way: str) -> list[_Group]:
    picture = read_cover(cover).image
    height, width = picture.shape[:2]
    looked: list[Contents] = []
    groups = [_Group(None, [], 0)]
    for one in asked:
        size = one.format.size_for(height, width)
        if not looked and not same_shape((height, width), *size):
            looked.append(contents_of(picture))
        contents = looked[0] if looked else Contents.of_shape(height, width)
        chosen = reframe(contents, *size, one.format.safe, way)
        if chosen.way is not Way.EXTEND:
            groups[0].formats.append(one)
            groups[0].size = max(groups[0].size, min(chosen.layout.tall, chosen.layout.broad))
        elif not _joined(groups[1:], one, size):
            groups.append(_Group(_still(chosen, picture, _largest(workflow)), [one], min(size)))
    return [group for group in groups if group.formats]


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
    folder: Path,
) -> Iterator[tuple[Path, _Group, Asked]]:
    """The loops to be rendered."""
    for number, (cover, own) in enumerate(zip(covers, groups, strict=True)):
        for which, group in enumerate(own):
            place = folder / f"{number}-{which}"
            source = cover
            if group.picture is not None:
                source = place.with_name(f"{cover.stem}.{group.formats[0].id}.png")
                Image.fromarray(group.picture).save(source, compress_level=1)
            size = {"size": min(group.size, _largest(workflow))} if "size" in workflow.bindings else {}
            yield cover, group, Asked(source, place, {**size, **given})


def _with(placed: Placed, group: _Group, result: Result, stem: Path, way: str, words: Words) -> Placed:
    """What one more loop adds to a cover's files."""
    if result.deliverable is None:
        return Placed(placed.cover, error=result.error, exit_code=result.exit_code)
    way = "auto" if group.picture is not None else way
    try:
        made = make_all(turn_of(result.deliverable.video), group.formats, stem, way=way, words=words.told())
    except CoverLoopError as error:
        return Placed(placed.cover, error=str(error), exit_code=error.exit_code)
    return Placed(placed.cover, (*placed.files, *made))
