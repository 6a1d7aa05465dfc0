"""What the detector sees as pieces on one grid: one per line of type, from looks at several sizes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..pixels import disc, grow
from .calibration import FINDING


@dataclass(frozen=True)
class Piece:
    """A connected part of what the detector sees. mask: (h, w) bool on a grid that all pieces share, grown to the
    lettering's own size; height: of its line, grid px; score: 0..1, mean chance."""

    mask: np.ndarray
    height: float
    score: float
    area: int
    box: tuple[int, int, int, int]  # left, top, right, bottom

    @classmethod
    def of(cls, mask: np.ndarray, height: float, score: float) -> Piece:
        x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
        return cls(mask, height, score, int(np.count_nonzero(mask)), (x, y, x + w, y + h))

    def shared(self, other: Piece) -> int:
        """How many px both cover."""
        left, top = max(self.box[0], other.box[0]), max(self.box[1], other.box[1])
        right, bottom = min(self.box[2], other.box[2]), min(self.box[3], other.box[3])
        if left >= right or top >= bottom:
            return 0
        part = np.s_[top:bottom, left:right]
        return int(np.count_nonzero(self.mask[part] & other.mask[part]))


def pieces_of(chance: np.ndarray, shape: tuple[int, int]) -> list[Piece]:
    chance = cv2.resize(chance, shape[::-1], interpolation=cv2.INTER_LINEAR)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((chance > FINDING.chance).astype(np.uint8))
    pieces = []
    for label in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[label])
        part = labels[y : y + h, x : x + w] == label
        score = float(chance[y : y + h, x : x + w][part].mean())
        thick = 2 * float(cv2.distanceTransform(np.pad(part.astype(np.uint8), 1), cv2.DIST_L2, 3).max())
        if thick < FINDING.thinnest:
            continue
        # The detector was trained on outlines shrunk by about this much (Liao et al. 2020, the "unclip" of its boxes).
        outline = max(cv2.findContours(part.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)
        away = FINDING.unclip * area / max(1.0, cv2.arcLength(outline, True))
        mask = np.zeros(shape, bool)
        mask[y : y + h, x : x + w] = part
        pieces.append(Piece.of(_grown(mask, away), thick + 2 * away, score))
    return pieces


def _grown(mask: np.ndarray, away: float) -> np.ndarray:
    reach = max(1, round(away))
    return cv2.dilate(mask.astype(np.uint8), disc(reach)) > 0 if reach < 6 else grow(mask, reach)


def merged(coarse: list[Piece], fine: list[Piece], larger: float = 3.0) -> list[Piece]:
    """What was seen small and what was seen large, so many times larger, as one list.

    A piece seen small that holds several lines gives way to them; one that was seen large in shreds, as display type
    is, takes them in.
    """
    taken: set[int] = set()
    kept: list[Piece] = []
    for piece in coarse:
        within = [
            i
            for i, other in enumerate(fine)
            if i not in taken and piece.shared(other) > 0.5 * min(other.area, piece.area)
        ]
        tall = [i for i in within if fine[i].height >= FINDING.same_line * piece.height]
        lines = sum(piece.shared(fine[i]) for i in within)
        if not tall and lines > FINDING.given_way * piece.area:
            continue
        taken.update(within)
        mask = np.any([piece.mask, *(fine[i].mask for i in tall)], axis=0)
        tallest = max([piece.height, *(fine[i].height for i in tall)])
        runs_over = tallest > FINDING.runs_over * piece.height
        if runs_over and larger >= FINDING.runs_larger and piece.score >= FINDING.least_score:
            # Seen so large, display type runs into what is painted around it; of a credit hardly seen small it is part.
            mask &= grow(piece.mask, FINDING.near_line * piece.height)
        kept.append(Piece.of(mask, piece.height, max([piece.score, *(fine[i].score for i in tall)])))
    return kept + [piece for i, piece in enumerate(fine) if i not in taken]
