"""Covers drawn by the tests themselves: a picture, lettering over it, and the truth about both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from coverloop.core.lettering.regions import TextRegion
from PIL import Image, ImageDraw, ImageFont


@dataclass
class Lettered:
    cover: np.ndarray
    clean: np.ndarray
    truth: np.ndarray  # (H, W) bool: changed by more than 10 levels
    region: TextRegion


def picture(size: int = 384, kind: str = "calm", seed: int = 0) -> np.ndarray:
    """(size, size, 3) uint8. calm: a slow gradient with a few large shapes; rough: the same under strong texture."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    made = np.stack([70 + 60 * x, 90 + 50 * y, 130 - 50 * x * y], -1)
    for _ in range(4):
        centre = random.integers(0, size, 2).tolist()
        colour = random.integers(50, 150, 3).tolist()
        cv2.circle(made, centre, int(random.integers(size // 8, size // 3)), colour, -1, cv2.LINE_AA)
    if kind == "rough":
        made += cv2.GaussianBlur(random.normal(0, 60, (size, size, 1)).astype(np.float32), (0, 0), 1.5)[..., None]
    return np.clip(made + random.normal(0, 0.7, made.shape), 0, 255).astype(np.uint8)


def coverage(
    size: int, text: str, height: int, at: tuple[int, int], spaced: bool = False, font_file: Path | None = None
) -> np.ndarray:
    """(size, size) float32 0..1: `text` centred on `at` in Pillow's own font or that of a file."""
    canvas = Image.new("L", (size, size))
    font = ImageFont.load_default(size=height) if font_file is None else ImageFont.truetype(font_file, height)
    draw = ImageDraw.Draw(canvas)
    if spaced:
        gap = height * 0.4
        x = at[0] - (sum(font.getlength(c) + gap for c in text) - gap) / 2
        for c in text:
            draw.text((x, at[1]), c, font=font, fill=255, anchor="lm")
            x += font.getlength(c) + gap
    else:
        draw.text(at, text, font=font, fill=255, anchor="mm")
    return np.asarray(canvas, np.float32) / 255


def over(below: np.ndarray, share: np.ndarray, colour: np.ndarray) -> np.ndarray:
    return below * (1 - share[..., None]) + colour * share[..., None]


def lettered(
    style: str = "plain", text: str = "Slow Rivers", kind: str = "calm", height: int = 48, seed: int = 0
) -> Lettered:
    clean = picture(kind=kind, seed=seed)
    size = clean.shape[0]
    ink = np.array([245.0, 240, 225])
    alpha = coverage(size, text, height, (size // 2, size // 2))
    if style == "rotated":
        turn = cv2.getRotationMatrix2D((size / 2, size / 2), 20, 1)
        alpha = cv2.warpAffine(alpha, turn, (size, size))
    made = clean.astype(np.float32)
    fill: np.ndarray = ink
    if style == "outline":
        made = over(made, cv2.dilate(alpha, np.ones((7, 7))), 255 - ink)
    elif style == "shadow":
        moved = np.roll(alpha, (4, 4), (0, 1))
        made = over(made, cv2.GaussianBlur(moved, (0, 0), 2) * 0.6, np.zeros(3))
    elif style == "glow":
        made = over(made, np.clip(cv2.GaussianBlur(alpha, (0, 0), 0.12 * height) * 1.4, 0, 0.85), ink)
    elif style == "gradient":
        t = np.linspace(0, 1, size, dtype=np.float32)[:, None, None] * 4 - 1.5
        fill = ink * (1 - np.clip(t, 0, 1)) + np.array([250.0, 190, 60]) * np.clip(t, 0, 1)
    made = over(made, alpha, fill)
    cover = np.clip(made + 0.5, 0, 255).astype(np.uint8)
    truth = np.abs(cover.astype(int) - clean).max(-1) > 10
    rows, columns = np.nonzero(cv2.dilate((alpha > 0.5).astype(np.uint8), np.ones((7, 7))))
    points = cv2.convexHull(np.stack([columns, rows], 1).astype(np.int32))[:, 0]
    polygon = tuple((float(x), float(y)) for x, y in points)
    return Lettered(cover, clean, truth, TextRegion(polygon, 0.99))


def db(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, ((a.astype(float) - b) ** 2)[where].mean())))
