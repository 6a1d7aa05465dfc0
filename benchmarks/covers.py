"""Makes covers whose lettering is known: what benchmarks and `make calibrate` measure on.

usage: python benchmarks/covers.py --out DIR [--count 24] [--seed 0] [--size 768] [--fonts DIR ...] [--pictures DIR]

Writes for each cover NAME.png, NAME.clean.png (the picture under the printed lettering), NAME.mask.png (0/255: every
pixel that printed lettering changed by more than 10 levels, its shadow and glow too), NAME.held.png (0/255: what moves
in one piece or not at all: badges, stickers, barcodes, signs of the scene, borders) and NAME.json: size; words with
text, quad (four corners, px) and kind (title, artist, credit, badge, scene); items, one a line, with text, style, font
and box. The same seed gives the same covers where the same fonts are given.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from covers_scenes import Random, blend, colour, octaves, scene
from covers_type import STYLES, Layers, Strip, Way, can_write, fonts, strip, way

WORDS = {
    "latin": (
        "NIGHT FERRY,Salt Harbour,The Quiet Rooms,GLASS ORCHARD,Paper Tigers,Low Sun,ELEVEN WINTERS,Moth & Lamp"
        ",Sleepwalk,TERMINAL BLUE,Velvet Static,Carbon Lake,RED HOUSE,Small Hours,after the rain"
        ",Aerial,PLANET MOTEL,Wild Geese,Zero,Fever Dream 3,Copper Wire"
        ",LOST IN KYOTO,Honey,Ghost Radio,Volume II,MAGNETIC NORTH"
        ",ONE,Tin Roof,Ivory Coast"
    ),
    "한글": "푸른 새벽,바다의 노래,겨울 정원,밤의 라디오,종이비행기,우리 동네,달빛 아래,서울의 끝,느린 편지",
    "かな": "夜の海,さくら坂,月の裏側,東京午前三時,カセット,青い部屋",
}
CREDITS = "REMASTERED 2024,DELUXE EDITION,Original Soundtrack,Produced by A. Novak,Side A,featuring M. Okoye"
MOST_TRIES = 40


@dataclass
class Sheet:
    """A cover while it is drawn. cover, clean: (H, W, 3) float 0..255; taken: (H, W) bool, where something is."""

    cover: np.ndarray
    clean: np.ndarray
    taken: np.ndarray
    held: np.ndarray
    words: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)

    def paint(self, layers: Layers, *, both: bool = False) -> None:
        """Over the cover; over the clean picture, too, when it belongs to the scene."""
        for share, ink in layers:
            self.cover = self.cover * (1 - share[..., None]) + ink * share[..., None]
            if both:
                self.clean = self.clean * (1 - share[..., None]) + ink * share[..., None]


def _ink(random: Random, below: np.ndarray, faint: bool) -> np.ndarray:
    """A colour that stands out from the mean colour `below`."""
    weight = np.array([0.299, 0.587, 0.114])
    low, high = (35, 70) if faint else (85, 256)
    for _ in range(100):
        ink = colour(random, 0, 255) if random.random() < 0.6 else np.full(3, random.choice([8.0, 245.0]), np.float32)
        if low <= abs(float((ink - below) @ weight)) < high:
            return ink.astype(np.float32)
    return np.full(3, 245.0 if float(below @ weight) < 128 else 10.0, np.float32)


def _tell(sheet: Sheet, line: Strip, run: Way, kind: str, text: str, style: str, font: Path | None) -> None:
    whole = []
    for word, (x0, y0, x1, y1) in line.words:
        corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        quad = run.forward(corners, line.coverage.shape)
        whole.append(quad)
        sheet.words.append({"text": word, "quad": quad.round(1).tolist(), "kind": kind})
    points = np.concatenate(whole)
    box = [*points.min(0).round().astype(int).tolist(), *points.max(0).round().astype(int).tolist()]
    name = "default" if font is None else font.stem
    sheet.items.append({"text": text, "style": style, "font": name, "kind": kind, "box": box})


def letter(sheet: Sheet, random: Random, text: str, kind: str, fonts_: Sequence[Path], width: float) -> bool:
    """Print a line about `width` px long where there is room; False when there is none."""
    size = len(sheet.cover)
    signs = "".join(sorted(set(text.replace(" ", ""))))
    able = [font for font in fonts_ if can_write(font, signs)]
    if not able and not text.isascii():
        return False
    font = able[int(random.integers(len(able)))] if able else None
    spaced = 0.3 if random.random() < 0.15 else 0.0
    line = strip(text, font, 96, spaced)
    if not line.words:
        return False
    long = line.words[-1][1][2] - line.words[0][1][0]
    scale = min(width / long, 0.3 * size / 96)
    small = max(24, round(96 * min(1.0, 1.5 * scale)))  # drawn near its size: remap does not average
    line = strip(text, font, small, spaced)
    scale *= 96 / small
    for _ in range(MOST_TRIES):
        run = way(random, random.uniform(0.1, 0.9, 2) * size, scale)
        share = run.lay(line.coverage, size)
        boxes = np.array([box for _, box in line.words])
        corners = run.forward(boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]].reshape(-1, 2), line.coverage.shape)
        if corners.min() < 4 or corners.max() > size - 4 or (share > 0.5).sum() < 30:
            continue
        room = cv2.dilate((share > 0.1).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        if (room & sheet.taken).any():
            continue
        below = sheet.cover[share > 0.3].mean(0)
        tall = small * scale
        known = list(STYLES) if kind == "title" and tall > 24 else ["plain", "plain", "shadow", "gradient"]
        style = str(random.choice(known))
        ink = _ink(random, below, faint=kind == "credit" and random.random() < 0.3)
        before = sheet.cover.copy()
        sheet.paint(STYLES[style](random, share, ink, tall))
        sheet.taken |= room | (np.abs(sheet.cover - before).max(-1) > 4)
        _tell(sheet, line, run, kind, text, style, font)
        return True
    return False


def _free(sheet: Sheet, random: Random, width: int, height: int) -> tuple[int, int] | None:
    size = len(sheet.cover)
    for _ in range(MOST_TRIES):
        x, y = int(random.integers(8, size - width - 8)), int(random.integers(8, size - height - 8))
        if not sheet.taken[y - 6 : y + height + 6, x - 6 : x + width + 6].any():
            return x, y
    return None


def _print_on(sheet: Sheet, text: str, font: Path | None, run: Way, line: Strip, ink: float, kind: str) -> None:
    share = run.lay(line.coverage, len(sheet.cover))
    sheet.paint([(share, np.full(3, ink, np.float32))], both=True)
    _tell(sheet, line, run, kind, text, kind, font)


def badge(sheet: Sheet, random: Random, fonts_: Sequence[Path]) -> None:
    """Three panels with a line of type each, as on records with rude words, or a disc with one, or a barcode."""
    size = len(sheet.cover)
    width = int(random.uniform(0.11, 0.2) * size)
    kind = str(random.choice(["panels", "disc", "barcode"]))
    height = {"panels": round(0.6 * width), "disc": width, "barcode": round(0.55 * width)}[kind]
    place = _free(sheet, random, width, height)
    if place is None:
        return
    x, y = place
    inside = np.zeros((size, size), np.float32)
    if kind == "disc":
        cv2.circle(inside, (x + width // 2, y + width // 2), width // 2, 1.0, -1, cv2.LINE_AA)
        ink = colour(random, 120, 250)
        sheet.paint([(inside, ink)], both=True)
        lines = [(str(random.choice(["NEW", "LIVE", "HIT"])), 0.5, 0.6, 15.0)]
    else:
        inside[y : y + height, x : x + width] = 1
        sheet.paint([(inside, np.full(3, 12.0 if kind == "panels" else 248.0, np.float32))], both=True)
        lines = []
    if kind == "panels":
        middle = np.zeros_like(inside)
        middle[y + round(0.3 * height) : y + round(0.7 * height), x + 2 : x + width - 2] = 1
        sheet.paint([(middle, np.full(3, 248.0, np.float32))], both=True)
        lines = [("PARENTAL", 0.16, 0.7, 248.0), ("ADVISORY", 0.5, 0.85, 12.0), ("EXPLICIT LYRICS", 0.85, 0.85, 248.0)]
    elif kind == "barcode":
        widths = random.integers(1, 5, 64)
        bars = np.repeat(np.arange(64) % 2, widths).astype(np.float32)
        row = cv2.resize(bars[None], (round(0.88 * width), 1), interpolation=cv2.INTER_AREA)
        share = np.zeros_like(inside)
        share[y + round(0.08 * height) : y + round(0.9 * height), x + round(0.06 * width) :][:, : row.shape[1]] = row
        sheet.paint([(share, np.full(3, 12.0, np.float32))], both=True)
    latin = [font for font in fonts_ if can_write(font, "ADEILOPRSTVXYCHNWB")]
    font = latin[int(random.integers(len(latin)))] if latin else None
    for text, at, wide, ink in lines:
        line = strip(text, font, 64)
        long = line.words[-1][1][2] - line.words[0][1][0]
        scale = min(wide * width / long, 0.2 * height / 45)
        flat = np.array([[scale, 0, x + width / 2], [0, scale, y + at * height], [0, 0, 1]])
        _print_on(sheet, text, font, Way("", 0.0, flat), line, ink, "badge")
    sheet.held |= inside > 0.5
    sheet.taken |= inside > 0


def sign(sheet: Sheet, random: Random, fonts_: Sequence[Path]) -> None:
    """A board of the scene, seen at an angle and lit as the scene is, with a word on it."""
    size = len(sheet.cover)
    width, height = int(random.uniform(0.2, 0.35) * size), int(random.uniform(0.07, 0.12) * size)
    place = _free(sheet, random, width, height)
    latin = [font for font in fonts_ if can_write(font, "ABCDEHILMNOPRSTU")]
    if place is None:
        return
    font = latin[int(random.integers(len(latin)))] if latin else None
    board = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    shift = random.uniform(-0.15, 0.15, (4, 2)) * height
    turn = cv2.getPerspectiveTransform(board, (board + place + shift).astype(np.float32))
    inside = cv2.warpPerspective(np.ones((height, width), np.float32), turn, (size, size))
    wood = blend(octaves(random, size, 6), *(colour(random, 40, 150) for _ in range(2)))
    sheet.paint([(inside, wood)], both=True)
    line = strip(str(random.choice(["HOTEL", "BAR", "CINEMA", "PHARMACY", "OPEN"])), font, 64)
    long = line.words[0][1][2] - line.words[0][1][0]
    scale = min(0.8 * width / long, 0.6 * height / 48)
    run = Way("", 0.0, turn @ np.array([[scale, 0, width / 2], [0, scale, height / 2], [0, 0, 1.0]]))
    _print_on(sheet, line.words[0][0], font, run, line, 225.0, "scene")
    sheet.held |= inside > 0.5
    sheet.taken |= inside > 0


def border(sheet: Sheet, random: Random) -> None:
    px = int(random.uniform(0.012, 0.06) * len(sheet.cover))
    frame = np.ones(sheet.taken.shape, np.float32)
    frame[px:-px, px:-px] = 0
    sheet.paint([(frame, colour(random) if random.random() < 0.5 else np.full(3, 240.0, np.float32))], both=True)
    sheet.held |= frame > 0
    sheet.taken |= cv2.dilate(frame, np.ones((9, 9), np.uint8)) > 0


def front(sheet: Sheet, random: Random) -> None:
    """Something of the picture in front of the letters: leaves, an arm."""
    size = len(sheet.cover)
    share = np.zeros((size, size), np.float32)
    x, y = random.uniform(0, size, 2)
    for _ in range(int(random.integers(3, 9))):
        axes = (int(random.uniform(0.01, 0.025) * size), int(random.uniform(0.05, 0.14) * size))
        at = (round(x + random.normal(0, 0.06 * size)), round(y + random.normal(0, 0.06 * size)))
        cv2.ellipse(share, at, axes, random.uniform(0, 180), 0, 360, 1.0, -1, cv2.LINE_AA)
    share *= ~sheet.held
    sheet.paint([(share, blend(octaves(random, size, 10), *(colour(random, 20, 160) for _ in range(2))))], both=True)


def make(seed: int, index: int, size: int, fonts_: Sequence[Path], pictures: list[Path]) -> tuple[Sheet, str]:
    """One cover of a seed; it does not depend on how many others are made."""
    random = np.random.default_rng([seed, index])
    picture, source = scene(random, size, pictures)
    empty = np.zeros((size, size), bool)
    sheet = Sheet(picture.copy(), picture.copy(), empty.copy(), empty.copy())
    if random.random() < 0.15:
        border(sheet, random)
    if random.random() < 0.25:
        sign(sheet, random, fonts_)
    script = str(random.choice(["latin", "latin", "latin", "한글", "かな"]))
    title = str(random.choice(WORDS[script].split(",")))
    if not letter(sheet, random, title, "title", fonts_, random.uniform(0.45, 0.88) * size):
        letter(sheet, random, str(random.choice(WORDS["latin"].split(","))), "title", fonts_, 0.5 * size)
    letter(
        sheet, random, str(random.choice(WORDS["latin"].split(","))), "artist", fonts_, random.uniform(0.2, 0.5) * size
    )
    for _ in range(int(random.integers(0, 3))):
        credit = str(random.choice(CREDITS.split(",")))
        letter(sheet, random, credit, "credit", fonts_, random.uniform(0.14, 0.3) * size)
    if random.random() < 0.3:
        badge(sheet, random, fonts_)
    if random.random() < 0.15:
        front(sheet, random)
    grain = random.normal(0, random.uniform(0, 3), (size, size, 1)).astype(np.float32)
    sheet.cover, sheet.clean = sheet.cover + grain, sheet.clean + grain
    return sheet, source


def write(sheet: Sheet, source: str, stem: Path) -> None:
    cover, clean = (np.clip(np.round(part), 0, 255).astype(np.uint8) for part in (sheet.cover, sheet.clean))
    mask = np.abs(cover.astype(np.int16) - clean).max(-1) > 10
    for end, picture in (("", cover[..., ::-1]), (".clean", clean[..., ::-1])):
        cv2.imwrite(f"{stem}{end}.png", picture)
    for end, area in ((".mask", mask), (".held", sheet.held)):
        cv2.imwrite(f"{stem}{end}.png", area.astype(np.uint8) * 255)
    truth = {"size": list(cover.shape[1::-1]), "picture": source, "words": sheet.words, "items": sheet.items}
    stem.with_suffix(".json").write_text(json.dumps(truth, ensure_ascii=False, indent=1), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=768, help="side in px")
    parser.add_argument("--fonts", type=Path, nargs="*", default=[], help="instead of those of this machine")
    parser.add_argument("--pictures", type=Path, help="a folder: letter parts of its pictures instead of drawn scenes")
    given = parser.parse_args()
    ends = (".jpg", ".jpeg", ".png", ".webp")
    pictures = sorted(p for p in given.pictures.rglob("*") if p.suffix.lower() in ends) if given.pictures else []
    if given.pictures and not pictures:
        parser.error(f"{given.pictures}: no pictures in it")
    given.out.mkdir(parents=True, exist_ok=True)
    able = fonts(given.fonts)
    for index in range(given.count):
        sheet, source = make(given.seed, index, given.size, able, pictures)
        write(sheet, source, given.out / f"made{index:03d}")
    print(json.dumps({"covers": given.count, "fonts": len(able), "pictures": len(pictures) or "drawn"}))


if __name__ == "__main__":
    main()
