"""Covers that finding, masking and holding must survive: nothing but lettering, lettering the wrong way round, things
that resemble it. Each comes with what of it must stay in one piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from covers_scenes import Random, gradient
from covers_type import strip

WORDS = (
    "night",
    "ferry",
    "salt",
    "harbour",
    "quiet",
    "rooms",
    "glass",
    "orchard",
    "paper",
    "tigers",
    "eleven",
    "winters",
)
INK = np.array([18.0, 16, 20], np.float32)


class Odd(NamedTuple):
    """cover: (size, size, 3) uint8; parts: (size, size) int32, which piece a pixel is of: above 0 of lettering and
    codes, below 0 of things that resemble it; 0: none."""

    cover: np.ndarray
    parts: np.ndarray


class _Sheet:
    def __init__(self, ground: np.ndarray):
        self.cover = ground.astype(np.float32)
        self.parts = np.zeros(ground.shape[:2], np.int32)

    def lay(self, share: np.ndarray, thing: bool = False) -> None:
        """share: (size, size) float32 0..1, one more piece."""
        self.cover = self.cover * (1 - share[..., None]) + INK * share[..., None]
        self.parts[share > 0.5] = self.parts.min() - 1 if thing else self.parts.max() + 1

    def type(self, text: str, high: float, at: tuple[float, float], way: str = "") -> None:
        """One piece of type, `high` px from top to bottom, its middle at (x, y) px. way: "mirrored" or "turned"."""
        line = strip(text, None, max(12, round(high))).coverage
        rows, columns = (np.flatnonzero((line > 0.1).any(axis)) for axis in (1, 0))
        line = line[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        line = {"": line, "mirrored": line[:, ::-1], "turned": line[::-1, ::-1]}[way]
        scale = high / len(line)
        line = cv2.resize(line, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        move = np.array([[1, 0, at[0] - line.shape[1] / 2], [0, 1, at[1] - line.shape[0] / 2]], np.float32)
        self.lay(cv2.warpAffine(line, move, self.parts.shape[::-1]))

    def made(self) -> Odd:
        return Odd(np.clip(np.round(self.cover), 0, 255).astype(np.uint8), self.parts)


def _paper(size: int) -> _Sheet:
    return _Sheet(np.full((size, size, 3), (236, 230, 218), np.float32))


def only_lettering(random: Random, size: int) -> Odd:
    sheet = _paper(size)
    for k, word in enumerate(("NIGHT", "FERRY", "TIGERS", "SUN")):
        sheet.type(word, 0.19 * size, (size / 2, (k + 0.5) * size / 4))
    return sheet.made()


def one_letter(random: Random, size: int) -> Odd:
    sheet = _Sheet(gradient(random, size) * 0.3 + 150)
    sheet.type("R", 0.6 * size, (size / 2, size / 2))
    return sheet.made()


def wrong_way_round(random: Random, size: int) -> Odd:
    """Mirrored, upside down, and cut by the edge."""
    sheet = _Sheet(gradient(random, size) * 0.3 + 150)
    sheet.type("Salt Harbour", 0.1 * size, (0.5 * size, 0.25 * size), "mirrored")
    sheet.type("Paper Tigers", 0.1 * size, (0.5 * size, 0.5 * size), "turned")
    sheet.type("ORCHARD", 0.14 * size, (0.05 * size, 0.75 * size))
    sheet.type("Low Sun", 0.1 * size, (0.6 * size, 0.99 * size))
    return sheet.made()


def newspaper(random: Random, size: int) -> Odd:
    """Hundreds of words in columns."""
    sheet, high = _paper(size), max(7.0, 0.012 * size)
    sheet.type("THE QUIET ROOMS", 0.06 * size, (size / 2, 0.06 * size))
    for left in (0.04, 0.36, 0.68):
        for y in np.arange(0.13 * size, 0.97 * size, 1.7 * high):
            sheet.type(" ".join(random.choice(WORDS, 3)), high, ((left + 0.14) * size, y))
    return sheet.made()


def small_credits(random: Random, size: int) -> Odd:
    """Credits of 12 px, however large the cover."""
    sheet = _Sheet(gradient(random, size) * 0.3 + 150)
    sheet.type("MAGNETIC NORTH", 0.06 * size, (size / 2, 0.3 * size))
    for k in range(6):
        sheet.type("produced by a. novak, mixed at salt harbour", 12, (0.6 * size, 0.9 * size - 24 * k))
    return sheet.made()


def codes(random: Random, size: int) -> Odd:
    sheet = _Sheet(gradient(random, size))
    code = cv2.QRCodeEncoder.create().encode("night ferry, side a")
    side = round(0.3 * size)
    code = cv2.resize(
        cv2.copyMakeBorder(code, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=255),
        (side, side),
        interpolation=cv2.INTER_NEAREST,
    )
    top, left = (int(v) for v in random.integers(0.1 * size, 0.6 * size, 2))
    sheet.cover[top : top + side, left : left + side] = code[..., None]
    x, y, across, down = cv2.boundingRect(255 - code)  # its white rim is no part of it
    sheet.parts[top + y : top + y + down, left + x : left + x + across] = 1
    return sheet.made()


def sheet_music(random: Random, size: int) -> Odd:
    sheet = _paper(size)
    gap = 0.016 * size
    for top in np.arange(0.1, 0.9, 0.2) * size:
        share = np.zeros((size, size), np.float32)
        for k in range(5):
            y = round(top + k * gap)
            cv2.line(share, (round(0.06 * size), y), (round(0.94 * size), y), 1.0, max(1, size // 500), cv2.LINE_AA)
        for x in np.arange(0.12, 0.92, 0.05) * size:
            y = top + random.integers(0, 9) * gap / 2
            cv2.ellipse(
                share, (round(x), round(y)), (round(0.6 * gap), round(0.45 * gap)), -20, 0, 360, 1.0, -1, cv2.LINE_AA
            )
            stem = (round(x + 0.55 * gap), round(y)), (round(x + 0.55 * gap), round(y - 3 * gap))
            cv2.line(share, *stem, 1.0, max(1, size // 500), cv2.LINE_AA)
        sheet.lay(share, thing=True)
    return sheet.made()


def crossword(random: Random, size: int) -> Odd:
    sheet, side = _paper(size), size // 12
    share = np.zeros((size, size), np.float32)
    for y, x in np.argwhere(random.random((10, 10)) < 0.25):
        share[(y + 1) * side : (y + 2) * side, (x + 1) * side : (x + 2) * side] = 1
    for k in range(1, 12):
        cv2.line(share, (side, k * side), (11 * side, k * side), 1.0, max(1, size // 400))
        cv2.line(share, (k * side, side), (k * side, 11 * side), 1.0, max(1, size // 400))
    sheet.lay(share, thing=True)
    for y, x in np.argwhere(random.random((10, 10)) < 0.3):
        middle = ((x + 1.5) * side, (y + 1.5) * side)
        if not share[round(middle[1]), round(middle[0])]:
            sheet.type(str(random.choice(list("ABCDEFGHKLMNOPRSTU"))), 0.5 * side, middle)
    return sheet.made()


ODD: tuple[Callable[[Random, int], Odd], ...] = (
    only_lettering, one_letter, wrong_way_round, newspaper, small_credits, codes, sheet_music, crossword,
)  # fmt: skip


def torn(odd: Odd, mask: np.ndarray, held: np.ndarray) -> int:
    """How many pieces are taken in part, a tenth to nine tenths: lettering lifted or held, things lifted. mask: (H, W)
    float32, a glyph mask; held: (H, W) bool."""
    lifted = cv2.dilate(mask, np.ones((3, 3))) > 0.5
    count = 0
    for parts, taken in ((odd.parts, lifted | held), (-odd.parts, lifted)):
        of = np.maximum(parts, 0).ravel()
        size = np.bincount(of)
        share = np.bincount(of, taken.ravel().astype(float), len(size))[1:] / np.maximum(size[1:], 1)
        count += int(np.count_nonzero((share > 0.1) & (share < 0.9)))
    return count
