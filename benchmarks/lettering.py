"""How well lettering is found, masked, lifted and filled, on covers whose lettering is known.

usage: python benchmarks/lettering.py COVERS_DIR [--sheet OUT.png] [--fillers]
       python benchmarks/lettering.py WORDS_DIR [--side 720]

COVERS_DIR holds NAME.jpg (or .png), NAME.clean.jpg, NAME.mask.png (every pixel the lettering changed) and NAME.json
(items with text and style). Prints one JSON line: means and worst covers, per style, seconds per step, masked share of
the text-free pictures, and with --fillers each filler's plates. The sheet shows cover, mask (red: wrongly masked,
blue: missed), plate and four times the plate's error, worst covers first.

WORDS_DIR, of pictures whose words are known but not their strokes, holds NAME.jpg (or .png) and NAME.json: size (width,
height) and words with text, quad (four corners, px of that size) and kind (drawn, scene; all others are printed).
Prints how many words of each kind are found, lifted and held, each where 45 % of its quad is, what share of the
pictures is held, and seconds per step.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from coverloop.core.image import read_cover
from coverloop.core.lettering.find import find_text
from coverloop.core.lettering.layer import TextOver, text_layer
from coverloop.core.lettering.mask import find_glyphs, glyph_mask
from coverloop.core.lettering.regions import decide_lift
from coverloop.core.plate.clean import clean_plate
from coverloop.core.plate.registry import fillers

OF_A_WORD = 0.45
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
    cover = read_cover(picture).image
    known = json.loads(picture.with_suffix(".json").read_text(encoding="utf-8"))
    scale = side / max(cover.shape[:2])
    size = round(cover.shape[1] * scale), round(cover.shape[0] * scale)
    cover = cv2.resize(cover, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
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
    for word in known["words"]:
        counts = kinds[word["kind"] if word["kind"] in ("drawn", "scene") else "printed"]
        counts["words"] += 1
        quad = _filled([np.asarray(word["quad"]) * size / known["size"]], cover.shape[:2])
        for name, area in areas.items():
            counts[name] += bool(area[quad].mean() >= OF_A_WORD)
    steps = dict(zip(STEPS, np.diff(clock), strict=False))
    return {"kinds": kinds, "held": float(glyphs.held.mean()), "seconds": steps}


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("covers", type=Path)
    parser.add_argument("--sheet", type=Path, help="write a contact sheet")
    parser.add_argument("--fillers", action="store_true", help="fill with each filler that is ready")
    parser.add_argument("--side", type=int, default=720, help="longer side, px, of pictures whose words are known")
    given = parser.parse_args()
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
