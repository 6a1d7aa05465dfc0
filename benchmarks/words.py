"""Whether the words of covers hold still in loops, and still read the same: by the truth, and by the judge.

usage: python benchmarks/words.py COVERS OUT [--size 720] [--seconds 4] [--fps 12] [--only NAME ...]

COVERS holds NAME.jpg (or .png) and NAME.json: either size (width, height) and words with text, quad (four corners, px
of that size) and kind (drawn, scene; all others are printed), or, of a made cover, items with text and box.

Every cover becomes a loop as the newest ambient workflow makes it, without a model. OUT gets NAME.mp4, the figures
and NAME.png: the cover with its words (green: holds, red: does not), what is masked (white) and held (orange), the
plate, and the worst frame. A cover whose figures are there is not made again. Prints one JSON line: words that hold by
kind, covers whose printed words are whole, the share of the pictures that is held, what was read and read otherwise.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from coverloop.core.image import fit, read_cover
from coverloop.core.judge.measures.words import MOVED
from coverloop.core.judge.rules import Look, Word
from coverloop.core.judge.score import score
from coverloop.core.judge.watch import WordWatch
from coverloop.core.lettering.find import find_text
from coverloop.core.lettering.layer import text_layer, text_over
from coverloop.core.lettering.mask import Glyphs, find_glyphs
from coverloop.core.motion.stage import Given, ambient
from coverloop.core.plate.clean import clean_plate
from coverloop.core.prompt.ask.put import Asking
from coverloop.core.prompt.looks import judge_text, motion_prompt
from coverloop.core.video.decode import decode
from coverloop.core.video.encode import encode

CRF = 18  # as in the workflow
HOLDS = MOVED.high
TOLD = ("lettering_moved", "lettering_mean_diff", "lettering_max_diff", "words_read", "words_misread")
GREEN, RED, ORANGE = (60, 220, 90), (255, 50, 50), (255, 170, 60)


class Known(NamedTuple):
    """A word whose place is known. kind: printed, drawn, scene or made; outline: px of the loop."""

    text: str
    kind: str
    outline: np.ndarray


def known_words(truth: dict[str, Any], cover: Sequence[int], loop: Sequence[int]) -> list[Known]:
    """cover, loop: (height, width) of the picture file and of the loop."""
    if "items" in truth:
        to_loop = np.array([loop[1] / cover[1], loop[0] / cover[0]])
        corners = [(item["text"], [item["box"][i] for i in (0, 1, 2, 1, 2, 3, 0, 3)]) for item in truth["items"]]
        return [Known(text, "made", np.reshape(points, (4, 2)) * to_loop) for text, points in corners]
    to_loop = np.array([loop[1] / truth["size"][0], loop[0] / truth["size"][1]])
    return [
        Known(
            word["text"],
            word["kind"] if word["kind"] in ("drawn", "scene") else "printed",
            np.array(word["quad"]) * to_loop,
        )
        for word in truth["words"]
    ]


class Made(NamedTuple):
    """A loop on disk and what it was made of."""

    cover: np.ndarray
    glyphs: Glyphs
    plate: np.ndarray
    found: Sequence[Any]


def make_loop(picture: np.ndarray, video: Path, size: int, seconds: float, fps: float) -> Made:
    """A cover as a loop, as the ambient workflow makes it without a model."""
    cover, asking = fit(picture, size), Asking()
    found = find_text(cover)
    glyphs = find_glyphs(cover, judge_text(cover, found, asking).regions)
    plate = clean_plate(cover, glyphs.mask).image
    recipe = motion_prompt(plate, asking).recipe
    given = Given(still=glyphs.held.astype(np.float32))
    moving = ambient(plate, recipe, frames=round(seconds * fps), fps=fps, given=given)
    encode(text_over(moving, text_layer(cover, plate, glyphs.mask)), video, fps=fps, crf=CRF)
    return Made(cover, glyphs, plate, found)


def measure(picture: Path, out: Path, size: int, seconds: float, fps: float) -> dict[str, Any]:
    """Figures of one cover; its loop and its sheet are written."""
    image = read_cover(picture).image
    video = out / f"{picture.stem}.mp4"
    made = make_loop(image, video, size, seconds, fps)
    frames = list(decode(video).frames)
    truth = json.loads(picture.with_suffix(".json").read_text(encoding="utf-8"))
    known = known_words(truth, image.shape[:2], made.cover.shape[:2])
    watch = WordWatch(made.cover, [Word(word.outline.tolist(), word.text) for word in known])
    lost = [watch.look(Look(frame)) for frame in frames]
    seen = watch.seen(lost)
    judged = score(frames, fps=fps, cover=made.cover, lettering=made.glyphs.mask, words=made.found)
    worst = frames[int(np.argmax([np.unpackbits(one).sum() for one in lost]))]
    sheet = _sheet(made, known, [one.moved for one in seen], worst)
    cv2.imwrite(str(out / f"{picture.stem}.png"), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    return {
        "name": picture.stem,
        "words": [[word.kind, word.text, one.moved] for word, one in zip(known, seen, strict=True)],
        "held": round(float(made.glyphs.held.mean()), 4),
        "problems": judged.problems,
        **{name: judged.figures.get(name) for name in TOLD},
        **judged.details,
    }


def _sheet(made: Made, known: Sequence[Known], moved: Sequence[float | None], worst: np.ndarray) -> np.ndarray:
    marked = made.cover.copy()
    for word, share in zip(known, moved, strict=True):
        colour = GREEN if share is None or share <= HOLDS else RED
        cv2.polylines(marked, [np.round(word.outline).astype(np.int32)], True, colour, 2, cv2.LINE_AA)
    areas = np.repeat((made.glyphs.mask * 255).astype(np.uint8)[..., None], 3, axis=2)
    held = made.glyphs.held
    areas[held] = (areas[held] * 0.5 + np.array(ORANGE) * 0.5).astype(np.uint8)
    return np.concatenate([fit(part, 480) for part in (marked, areas, made.plate, worst)], axis=1)


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Words of all covers by kind, covers whole, the mean share that is held, strings read and read otherwise."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    whole, lettered = 0, 0
    for row in rows:
        told = [(kind, moved) for kind, _, moved in row["words"] if moved is not None]
        for kind, moved in told:
            kinds[kind].update(words=1, hold=int(moved <= HOLDS))
        printed = [moved for kind, moved in told if kind in ("printed", "made")]
        lettered += bool(printed)
        whole += bool(printed) and max(printed) <= HOLDS
    lost = [
        f"{row['name']}: {text} {moved:.2f}" for row in rows for _, text, moved in row["words"] if (moved or 0) > HOLDS
    ]
    return {
        "covers": len(rows),
        "words": {kind: dict(counts) for kind, counts in sorted(kinds.items())},
        "whole": [whole, lettered],
        "held": round(float(np.mean([row["held"] for row in rows])), 4),
        "held_of_lettered": _mean([row["held"] for row in rows if any(word[0] == "printed" for word in row["words"])]),
        "words_read": sum(row["words_read"] or 0 for row in rows),
        "words_misread": sum(row["words_misread"] or 0 for row in rows),
        "lettering_fails": sum(any("lettering" in line or "word" in line for line in row["problems"]) for row in rows),
        "lost": lost,
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("covers", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", type=int, default=720, help="shorter side of the loops, px")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--fps", type=float, default=12.0)
    parser.add_argument("--only", nargs="*", help="names of covers, without their ending")
    given = parser.parse_args()
    pictures = sorted(path for path in given.covers.glob("*.[jp][pn]g") if path.with_suffix(".json").exists())
    pictures = [path for path in pictures if not given.only or path.stem in given.only]
    if not pictures:
        parser.error(f"{given.covers}: no NAME.jpg with a NAME.json in it")
    given.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for picture in pictures:
        figures = given.out / f"{picture.stem}.figures.json"
        if not figures.exists():
            row = measure(picture, given.out, given.size, given.seconds, given.fps)
            figures.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
        rows.append(json.loads(figures.read_text(encoding="utf-8")))
    print(json.dumps(summary(rows), ensure_ascii=False))


if __name__ == "__main__":
    main()
