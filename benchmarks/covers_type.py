"""Lines of type: fonts, the way a line runs, and how its letters are painted. For `covers.py`."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from covers_scenes import Random, blend, colour, noise, octaves
from PIL import Image, ImageDraw, ImageFont

PLACES = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts", "/Library/Fonts")
PLACES += ("/System/Library/Fonts", "C:/Windows/Fonts")
_SIGNS = ("symbol", "dingbat", "emoji", "math", "d050000l", "icon", "braille", "music")


def fonts(folders: Sequence[Path]) -> list[Path]:
    """Fonts in the folders, or on this machine and in koreanize-matplotlib when none is given, by their file names."""
    where = [Path(place).expanduser() for place in folders or PLACES]
    wheel = importlib.util.find_spec("koreanize_matplotlib")
    if not folders and wheel and wheel.submodule_search_locations:
        where += [Path(place) for place in wheel.submodule_search_locations]
    found = {path.name: path for place in where for path in place.rglob("*") if path.suffix.lower() in (".ttf", ".otf")}
    return [path for name, path in sorted(found.items()) if not any(sign in name.lower() for sign in _SIGNS)]


@lru_cache(maxsize=4096)
def can_write(path: Path, script: str) -> bool:
    """The font draws these letters, each another shape, none as it draws what it has not."""
    missing = {_shape(path, sign) for sign in "\ue0ff\u0378\U0010fffd"}
    shapes = {_shape(path, sign) for sign in script}
    return len(shapes) == len(script) and not shapes & missing


def _shape(path: Path, sign: str) -> bytes:
    canvas = Image.new("L", (96, 96))
    ImageDraw.Draw(canvas).text((48, 48), sign, font=font_of(path, 32), fill=255, anchor="mm")
    return canvas.tobytes()


@lru_cache(maxsize=256)
def font_of(path: Path | None, height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=height) if path is None else ImageFont.truetype(str(path), height)


@dataclass(frozen=True)
class Strip:
    """A level line. coverage: (h, w) float 0..1; words: each with its box x0, y0, x1, y1 in the strip."""

    coverage: np.ndarray
    words: tuple[tuple[str, tuple[float, float, float, float]], ...]


def strip(text: str, font: Path | None, height: int, spaced: float = 0.0) -> Strip:
    """`text` in one line, its letters `spaced` heights apart."""
    type_, pad = font_of(font, height), height
    pieces = list(text) if spaced else [text]
    advances = [type_.getlength(piece) + spaced * height for piece in pieces]
    canvas = Image.new("L", (int(sum(advances)) + 2 * pad, 3 * height))
    draw, x = ImageDraw.Draw(canvas), float(pad)
    starts = []
    for piece, advance in zip(pieces, advances, strict=True):
        starts.append(x)
        draw.text((x, 1.5 * height), piece, font=type_, fill=255, anchor="lm")
        x += advance
    coverage = np.asarray(canvas, np.float32) / 255
    words, at = [], 0
    for word in text.split():
        begin = text.index(word, at)
        at = begin + len(word)
        if spaced:
            left, right = starts[begin], starts[at - 1] + type_.getlength(text[at - 1])
        else:
            left, right = pad + type_.getlength(text[:begin]), pad + type_.getlength(text[:at])
        rows = np.flatnonzero(coverage[:, max(0, int(left)) : int(right) + 1].max(1) > 0.3)
        if len(rows):
            words.append((word, (left, float(rows[0]), right, float(rows[-1] + 1))))
    return Strip(coverage, tuple(words))


@dataclass(frozen=True)
class Way:
    """How a line runs over the cover. bend: "" level, "arc" round a circle of `amount` line lengths, "wave" of `amount`
    heights. to_cover: (3, 3) homography of the bent line, its middle at 0, 0."""

    bend: str
    amount: float
    to_cover: np.ndarray

    def forward(self, points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """(N, 2) px of the strip -> cover px."""
        height, width = shape
        u, v = points[:, 0] - width / 2, points[:, 1] - height / 2
        if self.bend == "arc":
            radius = self.amount * width
            u, v = (radius - v) * np.sin(u / radius), radius - (radius - v) * np.cos(u / radius)
        elif self.bend == "wave":
            v = v + self.amount * height * np.sin(2 * np.pi * u / width)
        return cv2.perspectiveTransform(np.stack([u, v], 1)[None].astype(np.float64), self.to_cover)[0]

    def lay(self, coverage: np.ndarray, size: int) -> np.ndarray:
        """The strip's coverage over a cover of (size, size)."""
        y, x = np.mgrid[:size, :size].astype(np.float32)
        back = np.linalg.inv(self.to_cover)
        w = back[2, 0] * x + back[2, 1] * y + back[2, 2]
        u = (back[0, 0] * x + back[0, 1] * y + back[0, 2]) / w
        v = (back[1, 0] * x + back[1, 1] * y + back[1, 2]) / w
        height, width = coverage.shape
        if self.bend == "arc":
            radius = self.amount * width
            u, v = np.arctan2(u, radius - v) * radius, radius - np.hypot(u, radius - v)
        elif self.bend == "wave":
            v = v - self.amount * height * np.sin(2 * np.pi * u / width)
        place = (u + width / 2).astype(np.float32), (v + height / 2).astype(np.float32)
        return np.clip(cv2.remap(coverage, *place, cv2.INTER_LINEAR), 0, 1)


def way(random: Random, middle: np.ndarray, scale: float) -> Way:
    turn = random.normal(0, 0.02) if random.random() < 0.65 else random.uniform(-0.6, 0.6)
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    lean = random.uniform(-8e-4, 8e-4, 2) if random.random() < 0.25 else np.zeros(2)
    flat = np.array([[c, -s, middle[0]], [s, c, middle[1]], [0, 0, 1]])
    tilt = np.array([[1, 0, 0], [0, 1, 0], [*lean, 1]])
    kind = str(random.choice(["", "", "", "arc", "wave"]))
    amount = random.uniform(0.35, 1.2) * random.choice([-1, 1]) if kind == "arc" else random.uniform(0.05, 0.15)
    return Way(kind, float(amount), flat @ tilt)


Layers = list[tuple[np.ndarray, np.ndarray]]
"""(share, colour): (H, W) 0..1 and (3,) or (H, W, 3), from the lowest up."""


def _grown(share: np.ndarray, px: int) -> np.ndarray:
    return cv2.dilate(share, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * px + 1, 2 * px + 1)))


def _shrunk(share: np.ndarray, px: int) -> np.ndarray:
    return cv2.erode(share, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * px + 1, 2 * px + 1)))


def _plain(random: Random, a: np.ndarray, ink: np.ndarray, height: float) -> Layers:
    return [(a, ink)]


def _gradient(random: Random, a: np.ndarray, ink: np.ndarray, height: float) -> Layers:
    rows = np.flatnonzero(a.max(1) > 0.3)
    t = np.clip((np.arange(len(a)) - rows[0]) / max(1, np.ptp(rows)), 0, 1)[:, None] + np.zeros_like(a)
    return [(a, blend(t, ink, np.clip(0.5 * ink + 0.5 * colour(random), 0, 255)))]


def _textured(random: Random, a: np.ndarray, ink: np.ndarray, height: float) -> Layers:
    return [(a, ink + 90 * (octaves(random, len(a), 12) - 0.5)[..., None])]


def _hollow(random: Random, a: np.ndarray, ink: np.ndarray, height: float) -> Layers:
    return [(np.clip(a - _shrunk(a, max(1, round(0.035 * height))), 0, 1), ink)]


def _inline(random: Random, a: np.ndarray, ink: np.ndarray, height: float) -> Layers:
    inner = _shrunk(a, max(1, round(0.04 * height)))
    return [(a, ink), (np.clip(inner - _shrunk(inner, max(1, round(0.02 * height))), 0, 1), 255 - ink)]


def _outline(random: Random, a: np.ndarray, ink: np.ndarray, height: float) -> Layers:
    px = max(1, round(0.05 * height))
    second = [(_grown(a, 2 * px), colour(random))] if random.random() < 0.4 else []
    return [*second, (_grown(a, px), 255 - ink), (a, ink)]


def _shadow(random: Random, a: np.ndarray, ink: np.ndarray, height: float) -> Layers:
    step = max(1, round(random.uniform(0.03, 0.09) * height))
    soft = cv2.GaussianBlur(np.roll(a, (step, step), (0, 1)), (0, 0), max(0.5, 0.04 * height))
    return [(0.65 * soft, np.zeros(3, np.float32)), (a, ink)]


def _glow(random: Random, a: np.ndarray, ink: np.ndarray, height: float) -> Layers:
    around = cv2.GaussianBlur(a, (0, 0), max(1.0, 0.14 * height))
    return [(np.clip(1.5 * around, 0, 0.85), ink), (a, np.clip(ink + 70, 0, 255))]


def _extruded(random: Random, a: np.ndarray, ink: np.ndarray, height: float) -> Layers:
    way_ = random.uniform(-1, 1, 2) * 0.15 * height
    body = a
    for t in np.linspace(0, 1, max(3, round(0.15 * height))):
        body = np.maximum(body, np.roll(a, (round(way_[0] * t), round(way_[1] * t)), (0, 1)))
    return [(body, 0.45 * colour(random)), (a, ink)]


def _bevel(random: Random, a: np.ndarray, ink: np.ndarray, height: float) -> Layers:
    """A lit and a dark side on every stroke, as cut metal has."""
    depth = cv2.GaussianBlur(
        np.minimum(cv2.distanceTransform((a > 0.5).astype(np.uint8), cv2.DIST_L2, 5), 6), (0, 0), 1
    )
    light = cv2.Sobel(depth, -1, 1, 0) + cv2.Sobel(depth, -1, 0, 1)
    return [(_grown(a, 2), 0.2 * ink), (a, np.clip(ink + 18 * light[..., None], 0, 255))]


def _worn(random: Random, a: np.ndarray, ink: np.ndarray, height: float) -> Layers:
    grain = 0.6 * noise(random, len(a), 64) + 0.4 * noise(random, len(a), 160)
    return [(a * np.clip((grain - random.uniform(0.25, 0.4)) * 12, 0, 1), ink)]


def _striped(random: Random, a: np.ndarray, ink: np.ndarray, height: float) -> Layers:
    band = np.arange(len(a)) // max(2, round(0.1 * height)) % 2
    return [(a, np.where(band[:, None, None] > 0, ink, colour(random)) + np.zeros((*a.shape, 3), np.float32))]


STYLES: dict[str, Callable[[Random, np.ndarray, np.ndarray, float], Layers]] = {
    "plain": _plain,
    "gradient": _gradient,
    "textured": _textured,
    "hollow": _hollow,
    "inline": _inline,
    "outline": _outline,
    "shadow": _shadow,
    "glow": _glow,
    "extruded": _extruded,
    "bevel": _bevel,
    "worn": _worn,
    "striped": _striped,
}
"""How letters are painted: (random, coverage (H, W), ink, height of the line in px) -> layers."""
