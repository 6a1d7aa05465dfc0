"""How well lettering is found, masked, lifted and filled, on covers whose lettering is known.

usage: python benchmarks/lettering.py COVERS_DIR [--sheet OUT.png] [--fillers]
       python benchmarks/lettering.py WORDS_DIR [--side 720]
       python benchmarks/lettering.py --text-free COUNT [PICTURES_DIR] [--seed 0] [--side 720]
       python benchmarks/lettering.py --odd [--side 720]
       python benchmarks/lettering.py WORDS_DIR --sides SIDE [SIDE ...] [--text-free COUNT] [--side 720]

COVERS_DIR holds NAME.jpg (or .png), NAME.clean.jpg, NAME.mask.png (every pixel the lettering changed) and NAME.json
(items with text and style). Prints one JSON line: means and worst covers, per style, seconds per step, masked share of
the text-free pictures, and with --fillers each filler's plates. The sheet shows cover, mask (red: wrongly masked,
blue: missed), plate and four times the plate's error, worst covers first.

WORDS_DIR, of pictures whose words are known but not their strokes, holds NAME.jpg (or .png) and NAME.json: size (width,
height) and words with text, quad (four corners, px of that size) and kind (drawn, scene; all others are printed).
Prints how many words of each kind are found, lifted and held, each where 45 % of its quad is, what share of the
pictures is held, and seconds per step. Of the printed words those on a quiet ground are counted once more: where a
band of half their height around them, other words left out, is off its median colour by QUIET levels of Lab on average,
at most.

--text-free looks at so many drawn pictures without lettering, fourteen kinds in turn, and at all pictures of
PICTURES_DIR (NAME.clean.jpg alone where there are such). Prints what share of them is held or masked, in the mean and
of the worst, and how many have any.

--sides measures finding alone, the detector looking at these sides: words of each kind that are found, what share of
so many pictures without lettering is taken for it, and seconds of the processor a picture.

--odd looks at covers that nobody expects (covers_odd.py). Prints of each how many pieces are taken in part, what is
masked and held, and how many times as long it takes as a title and a name on a picture do.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from coverloop.core.image import read_cover
from coverloop.core.lettering import find
from coverloop.core.lettering.find import find_text
from coverloop.core.lettering.layer import TextOver, text_layer
from coverloop.core.lettering.mask import Glyphs, find_glyphs, glyph_mask
from coverloop.core.lettering.regions import decide_lift
from coverloop.core.pixels import grow
from coverloop.core.plate.clean import clean_plate
from coverloop.core.plate.registry import fillers
from covers import make
from covers_odd import ODD, torn
from covers_patterns import text_free
from covers_type import fonts

OF_A_WORD = 0.45
QUIET = 6.0
STEPS = ("find", "mask", "plate", "layer")
FIGURES = ("recall", "iou", "precision", "plate_db", "layer_error", "text_free_masked")


def _first(folder: Path, *names: str) -> Path:
    return next(folder / name for name in names if (folder / name).exists())


def _hangul(text: str) -> bool:
    return any("\uac00" <= character <= "\ud7a3" for character in text)


def _db(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> float:
    error = ((a.astype(np.float64) - b) ** 2)[where]
    return 99.0 if error.size == 0 or error.mean() == 0 else float(10 * np.log10(255**2 / error.mean()))


def measure(folder: Path, name: str, each_filler: bool) -> tuple[dict[str, Any], np.ndarray]:
    """Figures of one cover, and its row of the sheet."""
    cover = read_cover(_first(folder, f"{name}.jpg", f"{name}.png")).image
    clean = read_cover(_first(folder, f"{name}.clean.jpg", f"{name}.clean.png")).image
    truth = cv2.imread(str(folder / f"{name}.mask.png"), cv2.IMREAD_GRAYSCALE) > 127  # type: ignore[operator]
    items = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["items"]
    clock = [time.perf_counter()]
    regions = decide_lift(cover, find_text(cover, read=False))
    clock.append(time.perf_counter())
    mask = glyph_mask(cover, regions)
    clock.append(time.perf_counter())
    plate = clean_plate(cover, mask)
    clock.append(time.perf_counter())
    layer = text_layer(cover, plate.image, mask)
    clock.append(time.perf_counter())
    hard = np.round(mask * 255) > 127
    near = cv2.dilate(hard.astype(np.uint8), np.ones((3, 3))) > 0
    hole = cv2.dilate(truth.astype(np.uint8), np.ones((7, 7))) > 0
    both, either = np.count_nonzero(hard & truth), np.count_nonzero(hard | truth)
    again = TextOver(layer).blend(plate.image.copy())
    free = glyph_mask(clean, decide_lift(clean, find_text(clean, read=False)))
    figures = {
        "name": name,
        "styles": [item["style"] for item in items],
        "korean": _hangul(items[0]["text"]),
        "recall": float((near & truth).sum() / max(1, truth.sum())),
        "iou": both / max(1, either),
        "precision": both / max(1, np.count_nonzero(hard)),
        "plate_db": _db(plate.image, clean, hole),
        "layer_error": int(np.abs(again.astype(int) - cover).max()),
        "text_free_masked": float((free > 0.5).mean()),
        "filler": plate.filler,
        "seconds": dict(zip(STEPS, np.diff(clock).round(3).tolist(), strict=True)),
    }
    if each_filler:
        ready = [filler.name for filler in fillers() if filler.ready]
        figures["fillers"] = {one: _db(clean_plate(cover, mask, one).image, clean, hole) for one in ready}
    return figures, _row(cover, clean, plate.image, hard, truth)


def _row(cover: np.ndarray, clean: np.ndarray, plate: np.ndarray, hard: np.ndarray, truth: np.ndarray) -> np.ndarray:
    compared = np.zeros_like(cover)
    compared[hard & truth] = 255
    compared[hard & ~truth] = (255, 60, 60)
    compared[~hard & truth] = (60, 60, 255)
    error = np.clip(np.abs(plate.astype(int) - clean).max(-1, keepdims=True) * 4, 0, 255).astype(np.uint8)
    parts = (cover, compared, plate, np.repeat(error, 3, axis=2))
    return np.concatenate([cv2.resize(part, (384, 384), interpolation=cv2.INTER_AREA) for part in parts], axis=1)


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Means and worst values over all covers, by style of the title (a cover's first item), over those with a Korean
    title, and the worst three."""
    worst = sorted(rows, key=lambda row: row["iou"])[:3]
    by_style = defaultdict(list)
    for row in rows:
        by_style[row["styles"][0]].append(row)
        if row["korean"]:
            by_style["korean"].append(row)
    result: dict[str, Any] = {
        "covers": len(rows),
        "mean": {key: round(float(np.mean([row[key] for row in rows])), 4) for key in FIGURES},
        "worst": {
            "recall": round(min(row["recall"] for row in rows), 3),
            "iou": round(min(row["iou"] for row in rows), 3),
            "plate_db": round(min(row["plate_db"] for row in rows), 1),
            "layer_error": max(row["layer_error"] for row in rows),
            "text_free_masked": round(max(row["text_free_masked"] for row in rows), 4),
        },
        "by_style": {
            style: {key: round(float(np.mean([row[key] for row in some])), 3) for key in ("recall", "iou", "plate_db")}
            for style, some in sorted(by_style.items())
        },
        "worst_three": [{key: row[key] for key in ("name", "styles", "recall", "iou", "plate_db")} for row in worst],
        "seconds": {step: round(float(np.mean([row["seconds"][step] for row in rows])), 2) for step in STEPS},
    }
    result["seconds"]["all"] = round(sum(result["seconds"].values()), 2)
    if "fillers" in rows[0]:
        names = rows[0]["fillers"]
        result["fillers"] = {one: round(float(np.mean([row["fillers"][one] for row in rows])), 2) for one in names}
    return result


def measure_words(picture: Path, side: int) -> dict[str, Any]:
    """How many words of a picture are found, lifted and held, by kind; the longer side is scaled to `side` px."""
    cover = _of_side(read_cover(picture).image, side)
    known, size = json.loads(picture.with_suffix(".json").read_text(encoding="utf-8")), cover.shape[1::-1]
    clock = [time.perf_counter()]
    regions = find_text(cover)
    clock.append(time.perf_counter())
    glyphs = find_glyphs(cover, decide_lift(cover, regions))
    clock.append(time.perf_counter())
    areas = {
        "found": _filled([region.polygon for region in regions], cover.shape[:2]),
        "lifted": _filled([region.polygon for region in glyphs.regions if region.lift], cover.shape[:2]) & ~glyphs.held,
        "held": glyphs.held,
    }
    kinds: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("words", *areas), 0))
    outlines = [np.asarray(word["quad"]) * size / known["size"] for word in known["words"]]
    words = _filled(outlines, cover.shape[:2])
    for word, outline in zip(known["words"], outlines, strict=True):
        kind = word["kind"] if word["kind"] in ("drawn", "scene") else "printed"
        quad = _filled([outline], cover.shape[:2])
        quiet = kind == "printed" and _unrest(cover, outline, quad, words) <= QUIET
        for counts in [kinds[kind]] + [kinds["on_quiet_ground"]] * quiet:
            counts["words"] += 1
            for name, area in areas.items():
                counts[name] += bool(area[quad].mean() >= OF_A_WORD)
    steps = dict(zip(STEPS, np.diff(clock), strict=False))
    return {"kinds": kinds, "held": float(glyphs.held.mean()), "seconds": steps}


def _of_side(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture with a longer side of `side` px."""
    scale = side / max(picture.shape[:2])
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def _unrest(cover: np.ndarray, outline: np.ndarray, quad: np.ndarray, words: np.ndarray) -> float:
    """How far the ground around a word is off its median colour, levels of Lab on average. quad, words: (H, W) bool."""
    height = min(cv2.minAreaRect(outline.astype(np.float32))[1])
    ring = grow(quad, max(6.0, 0.5 * height)) & ~grow(words, 2)
    if not ring.any():
        return np.inf
    ground = cv2.cvtColor(cover, cv2.COLOR_RGB2LAB)[ring].astype(float)
    return float(np.abs(ground - np.median(ground, axis=0)).mean())


def _filled(outlines: Sequence[Any], size: tuple[int, int]) -> np.ndarray:
    area = np.zeros(size, np.uint8)
    for outline in outlines:
        cv2.fillPoly(area, [np.round(outline).astype(np.int32)], 1)
    return area > 0


def summary_of_words(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Words of all pictures by kind, the mean share that is held, and mean seconds."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for kind, counts in row["kinds"].items():
            kinds[kind].update(counts)
    return {
        "pictures": len(rows),
        **{kind: dict(counts) for kind, counts in sorted(kinds.items())},
        "area_held": round(float(np.mean([row["held"] for row in rows])), 3),
        "seconds": {step: round(float(np.mean([row["seconds"][step] for row in rows])), 2) for step in STEPS[:2]},
    }


def measure_text_free(picture: np.ndarray, name: str) -> dict[str, Any]:
    """What share of a picture without lettering is held or masked; (H, W, 3) uint8."""
    glyphs = find_glyphs(picture, decide_lift(picture, find_text(picture)))
    taken = glyphs.held | (glyphs.mask > 0)
    return {"name": name, "taken": float(taken.mean()), "masked": float((glyphs.mask > 0).mean())}


def free_pictures(count: int, seed: int, folder: Path | None, side: int) -> Iterator[tuple[np.ndarray, str]]:
    """Drawn pictures, then those of a folder, their longer side `side` px."""
    for index in range(count):
        yield text_free(seed, index, side)
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".png", ".jpg")) if folder else []
    for path in [path for path in paths if ".clean" in path.suffixes] or paths:
        picture = read_cover(path).image
        yield _of_side(picture, side), path.name


def summary_of_free(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over pictures, and the worst five."""
    worst = sorted(rows, key=lambda row: -row["taken"])[:5]
    return {
        "text_free": len(rows),
        "taken": round(float(np.mean([row["taken"] for row in rows])), 5),
        "masked": round(float(np.mean([row["masked"] for row in rows])), 5),
        "with_any": sum(row["taken"] > 0 for row in rows),
        "over_one_percent": sum(row["taken"] > 0.01 for row in rows),
        "worst": [[row["name"], round(row["taken"], 4), round(row["masked"], 4)] for row in worst],
    }


def measure_finding(pictures: Sequence[Path], free: int, seed: int, side: int) -> dict[str, Any]:
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    taken, seconds = [], []

    def found_in(picture: np.ndarray) -> np.ndarray:
        began = time.process_time()
        regions = find_text(picture)
        seconds.append(time.process_time() - began)
        return _filled([region.polygon for region in regions], picture.shape[:2])

    for path in pictures:
        known = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        cover = _of_side(read_cover(path).image, side)
        found = found_in(cover)
        for word in known["words"]:
            quad = _filled([np.asarray(word["quad"]) * cover.shape[1::-1] / known["size"]], cover.shape[:2])
            kind = word["kind"] if word["kind"] in ("drawn", "scene") else "printed"
            kinds[kind].update(words=1, found=int(found[quad].mean() >= OF_A_WORD))
    for picture, _ in free_pictures(free, seed, None, side):
        taken.append(float(found_in(picture).mean()))
    return {
        "sides": find.FINDING.sides,
        **{kind: round(counts["found"] / counts["words"], 3) for kind, counts in sorted(kinds.items())},
        "false_area": round(float(np.mean(taken)), 5) if taken else None,
        "seconds": round(float(np.mean(seconds)), 2),
    }


def measure_odd(side: int) -> dict[str, Any]:
    """What becomes of covers that nobody expects; that with credits of 12 px is 4000 px wide."""

    def figures(cover: np.ndarray) -> tuple[Glyphs, float]:
        began = time.process_time()
        glyphs = find_glyphs(cover, decide_lift(cover, find_text(cover)))
        clean_plate(cover, glyphs.mask)
        return glyphs, time.process_time() - began

    usual: dict[int, float] = {}
    rows = {}
    for draw in ODD:
        size = 4000 if draw.__name__ == "small_credits" else side
        if size not in usual:
            plain, _ = make(0, 0, size, fonts([]), [])
            usual[size] = figures(np.clip(np.round(plain.cover), 0, 255).astype(np.uint8))[1]
        odd = draw(np.random.default_rng(0), size)
        glyphs, seconds = figures(odd.cover)
        rows[draw.__name__] = {
            "torn": torn(odd, glyphs.mask, glyphs.held),
            "masked": round(float((glyphs.mask > 0.5).mean()), 3),
            "held": round(float(glyphs.held.mean()), 3),
            "times": round(seconds / usual[size], 2),
        }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("covers", type=Path, nargs="?")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet")
    parser.add_argument("--fillers", action="store_true", help="fill with each filler that is ready")
    parser.add_argument("--side", type=int, default=720, help="longer side, px, of pictures whose words are known")
    parser.add_argument(
        "--text-free", type=int, metavar="COUNT", help="look at so many drawn pictures without lettering"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the drawn pictures")
    parser.add_argument("--odd", action="store_true", help="look at covers that nobody expects")
    parser.add_argument("--sides", type=int, nargs="+", help="measure finding alone, the detector at these sides, px")
    given = parser.parse_args()
    if given.sides:
        find.FINDING = replace(find.FINDING, sides=tuple(given.sides))
        pictures = sorted(path for path in given.covers.glob("*.[jp][pn]g") if path.with_suffix(".json").exists())
        print(json.dumps(measure_finding(pictures, given.text_free or 0, given.seed, given.side)))
        return
    if given.odd:
        print(json.dumps(measure_odd(given.side)))
        return
    if given.text_free is not None:
        pictures = free_pictures(given.text_free, given.seed, given.covers, given.side)
        print(json.dumps(summary_of_free([measure_text_free(*picture) for picture in pictures])))
        return
    if given.covers is None:
        parser.error("name a folder of covers, or --text-free")
    names = sorted(path.name.removesuffix(".mask.png") for path in given.covers.glob("*.mask.png"))
    find_text(np.zeros((64, 64, 3), np.uint8))  # loading the network is not timed
    if not names:
        pictures = sorted(path for path in given.covers.glob("*.[jp][pn]g") if path.with_suffix(".json").exists())
        if not pictures:
            parser.error(f"{given.covers}: no NAME.mask.png in it, and no NAME.jpg with a NAME.json")
        print(json.dumps(summary_of_words([measure_words(picture, given.side) for picture in pictures])))
        return
    measured = [measure(given.covers, name, given.fillers) for name in names]
    print(json.dumps(summary([figures for figures, _ in measured])))
    if given.sheet:
        ordered = sorted(measured, key=lambda pair: pair[0]["iou"])
        sheet = np.concatenate([row for _, row in ordered], axis=0)
        cv2.imwrite(str(given.sheet), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
