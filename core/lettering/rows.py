"""Shreds that stand in a row and are of one ink are one line of type, which the detector saw only in parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .calibration import ROWS
from .pieces import Piece


@dataclass(frozen=True)
class Row:
    """members: the pieces it is made of; score: 0..1, their mean by area; alike: share of them that has its ink."""

    members: tuple[Piece, ...]
    score: float
    alike: float

    @property
    def box(self) -> tuple[int, int, int, int]:
        """left, top, right, bottom."""
        boxes = np.array([piece.box for piece in self.members])
        left, top = (int(v) for v in boxes[:, :2].min(0))
        right, bottom = (int(v) for v in boxes[:, 2:].max(0))
        return left, top, right, bottom

    def joined(self) -> Piece:
        """The row as one piece: what lies between its members is lettering, too."""
        left, top, right, bottom = self.box
        mask = np.zeros(self.members[0].mask.shape, bool)
        mask[top:bottom, left:right] = True
        return Piece.of(mask, bottom - top, self.score)


def rows_of(pieces: Sequence[Piece], cover: np.ndarray, strokes: np.ndarray) -> list[Row]:
    """The rows that pieces stand in, the highest first; a piece is in one at most.

    cover: (H, W, 3) uint8 sRGB; strokes: (h, w) float32, chance 0..1 that a pixel is stroke.
    """
    if len(pieces) < ROWS.least:
        return []
    size = pieces[0].mask.shape[::-1]
    lab = cv2.cvtColor(cv2.resize(cover, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    strokes = cv2.resize(strokes, size, interpolation=cv2.INTER_LINEAR)
    inks = {id(piece): _ink(piece, lab, strokes) for piece in pieces}
    rows, free = [], sorted(pieces, key=lambda piece: (-(piece.box[3] - piece.box[1]), piece.box))
    while free:
        members = _around(free[0], free[1:])
        free = [piece for piece in free if not any(piece is one for one in members)]
        row = _row(members, np.array([inks[id(piece)] for piece in members]))
        if row is not None:
            rows.append(row)
    return rows


def _around(first: Piece, others: Sequence[Piece]) -> list[Piece]:
    """The pieces that stand in a row with `first`, which is no lower than they."""
    members, rest, grew = [first], list(others), True
    left, top, right, bottom = first.box
    while grew:
        grew = False
        for piece in list(rest):
            x0, y0, x1, y1 = piece.box
            height = bottom - top
            within = min(bottom, y1) - max(top, y0) >= ROWS.same * (y1 - y0)
            grown = max(bottom, y1) - min(top, y0) <= ROWS.grown * (first.box[3] - first.box[1])
            near = max(left - x1, x0 - right) <= ROWS.gap * height
            if within and grown and near:
                left, top, right, bottom = min(left, x0), min(top, y0), max(right, x1), max(bottom, y1)
                members.append(piece)
                rest = [one for one in rest if one is not piece]
                grew = True
    return members


def _row(members: list[Piece], inks: np.ndarray) -> Row | None:
    """The row that members make; None where they are too few, or make no line of type."""
    if len(members) < ROWS.least:
        return None
    areas = np.array([piece.area for piece in members], float)
    off = (inks - np.median(inks, axis=0)) * (ROWS.light, 1, 1)
    alike = np.linalg.norm(off, axis=1) < ROWS.ink
    row = Row(
        tuple(members),
        score=float(np.average([piece.score for piece in members], weights=areas)),
        alike=float(np.average(alike, weights=areas)),
    )
    left, top, right, bottom = row.box
    long, high = right - left, bottom - top
    is_line = long >= ROWS.long * high and high <= ROWS.highest * min(members[0].mask.shape)
    return row if is_line and row.score >= ROWS.score and row.alike >= ROWS.alike else None


def _ink(piece: Piece, lab: np.ndarray, strokes: np.ndarray) -> np.ndarray:
    """The colour of what is likeliest stroke in a piece, Lab 0..255."""
    x0, y0, x1, y1 = piece.box
    part = np.s_[y0:y1, x0:x1]
    inside = piece.mask[part]
    chance = strokes[part][inside]
    return np.median(lab[part][inside][chance >= np.quantile(chance, ROWS.clear)], axis=0)
