"""Ambient motion of many covers, as `ambient_loop` makes it: `python benchmarks/motion.py FOLDER ... [--size 540]`.

Every picture of the folders (its middle, cut square) is lettered, moved, encoded, decoded and judged without a server
and without a model for prompts. Prints one JSON line: how many passed and, cover by cover, what failed, which effects
were chosen and what was seen. `--plain` takes the cover as its own plate. `--sheets DIR` writes a sheet of frames of
each loop and, below, its join: the change into frame 0 and the change half a turn away, eight times as strong.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from coverloop.core.errors import CoverLoopError
from coverloop.core.image import SUFFIXES, read_cover
from coverloop.core.judge.judgement import Judgement
from coverloop.core.judge.score import score
from coverloop.core.lettering.find import find_text
from coverloop.core.lettering.layer import TextOver, text_layer
from coverloop.core.lettering.mask import find_glyphs
from coverloop.core.lettering.regions import TextRegion, decide_lift
from coverloop.core.motion.effect import Placed
from coverloop.core.motion.recipe import Recipe
from coverloop.core.motion.stage import ambient
from coverloop.core.pixels import middle
from coverloop.core.plate.clean import clean_plate
from coverloop.core.prompt.ask.put import Asking
from coverloop.core.prompt.looks import motion_prompt
from coverloop.core.video.decode import decode
from coverloop.core.video.encode import encode

CRF = 18  # as the workflow's Save Loop


class Lettered(NamedTuple):
    """plate: (H, W, 3) uint8; over: lays the lettering back; mask: (H, W) float32; held: (H, W) bool."""

    plate: np.ndarray
    over: TextOver | None = None
    mask: np.ndarray | None = None
    held: np.ndarray | None = None
    words: tuple[TextRegion, ...] = ()


def lettered(cover: np.ndarray) -> Lettered:
    words = find_text(cover)
    glyphs = find_glyphs(cover, decide_lift(cover, words))
    plate = clean_plate(cover, glyphs.mask).image
    over = TextOver(text_layer(cover, plate, glyphs.mask))
    return Lettered(plate, over, glyphs.mask, glyphs.held, tuple(words))


def loop(stage: Lettered, recipe: Recipe, frames: int, fps: float, path: Path) -> np.ndarray:
    """The decoded frames, (N, H, W, 3) uint8."""
    still = None if stage.held is None else stage.held.astype(np.float32)
    moved = ambient(stage.plate, recipe, frames=frames, fps=fps, still=still)
    drawn = moved if stage.over is None else (stage.over.blend(frame) for frame in moved)
    encode(drawn, path, fps=fps, crf=CRF)
    return np.asarray(decode(path).frames)


def sheet(frames: np.ndarray, side: int = 270) -> np.ndarray:
    """Every fourth frame, and the join: changes of grey eight times as strong, in the middle of the range."""
    shown = [cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA) for frame in frames[::4]]
    half = len(frames) // 2
    for late, early in ((frames[0], frames[-1]), (frames[half], frames[half - 1]), (frames[half], frames[0])):
        change = 8 * (late.astype(np.int16) - early) + 128
        shown.append(cv2.resize(np.clip(change, 0, 255).astype(np.uint8), (side, side), interpolation=cv2.INTER_AREA))
    across = 8
    shown += [np.zeros_like(shown[0])] * (-len(shown) % across)
    return np.vstack([np.hstack(shown[i : i + across]) for i in range(0, len(shown), across)])


def told(recipe: Recipe) -> list[str]:
    masks = [effect.region.mask if isinstance(effect, Placed) else "all" for effect in recipe.effects]
    return [e.kind if mask == "all" else f"{e.kind} {mask}" for e, mask in zip(recipe.effects, masks, strict=True)]


def measure(path: Path, options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    cover = np.ascontiguousarray(middle(read_cover(path).image, options.size, options.size))
    began = time.perf_counter()
    stage = Lettered(cover) if options.plain else lettered(cover)
    recipe = motion_prompt(stage.plate, Asking()).recipe
    count = round(options.seconds * options.fps)
    frames = loop(stage, recipe, count, options.fps, scratch / f"{path.stem}.mp4")
    seconds = time.perf_counter() - began
    judged: Judgement = score(frames, fps=options.fps, cover=cover, lettering=stage.mask, words=stage.words)
    if options.sheets:
        options.sheets.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(options.sheets / f"{path.stem}.png"), cv2.cvtColor(sheet(frames), cv2.COLOR_RGB2BGR))
    return {
        "passed": judged.passed,
        "problems": judged.problems,
        "effects": told(recipe),
        "seen": {one.name: one.confidence for one in recipe.seen},
        "seconds": round(seconds, 1),
        "figures": {k: round(v, 3) for k, v in judged.figures.items() if v is not None} if options.figures else {},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--size", type=int, default=540)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--fps", type=float, default=12.0)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--figures", action="store_true")
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--only", nargs="*", default=())
    options = parser.parse_args()
    pictures = [path for folder in options.folders for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES]
    covers: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for path in pictures:
            if options.only and path.stem not in options.only:
                continue
            try:
                covers[path.name] = measure(path, options, Path(scratch))
            except CoverLoopError as error:
                covers[path.name] = {"passed": False, "problems": [str(error)]}
    passed = sum(one["passed"] for one in covers.values())
    given = {"size": options.size, "seconds": options.seconds, "fps": options.fps, "plain": options.plain}
    print(json.dumps({"benchmark": "motion", **given, "passed": passed, "of": len(covers), "covers": covers}))


if __name__ == "__main__":
    main()
