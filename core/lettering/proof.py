"""Whether a line of lettering is lifted whole, and what is held where it is not.

Half a word that moves away from its other half is the one fault that everybody sees. So a mask is believed only where
nothing that looks like lettering is left beside it: no edges that the picture around has not, and no pixels that the
detector takes for strokes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..pixels import grow
from .calibration import PROOF
from .line import Line, Scene, Words, filled, window_of

IN_DOUBT = "it cannot be told from picture of its colour"


@dataclass(frozen=True)
class Evidence:
    """What speaks against a mask.

    left_edges: share of a line's edges that it does not explain, beyond what the picture around has; unlike: all edges
    it does not explain, times how unlike strokes the detector finds what it takes; left_strokes: share of what the
    detector takes for strokes that it leaves out; doubt: share of it that may be picture of the ink's colour; display:
    whether the line is display type.
    """

    left_edges: float
    unlike: float
    left_strokes: float
    doubt: float
    display: bool


def edges_of(cover: np.ndarray) -> np.ndarray:
    """(H, W) bool: where the picture has an edge that the eye follows. cover: (H, W, 3) uint8 sRGB."""
    grey = cv2.GaussianBlur(cv2.cvtColor(cover, cv2.COLOR_RGB2GRAY), (0, 0), 0.8)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *way, scale=0.25) for way in ((1, 0), (0, 1)))
    return cv2.magnitude(across, down) > PROOF.edge


def evidence(scene: Scene, line: Line, words: Sequence[Words], edges: np.ndarray, mask: np.ndarray) -> Evidence:
    """What speaks against lifting a line. edges: (H, W) bool, as `edges_of` gives them; mask: (H, W) float32, the glyph
    mask of all lines."""
    likely = scene.likely
    area = filled(line.region, mask.shape)
    window = window_of(area, int(0.6 * line.height + 6))
    area, edge, chance, hard = area[window], edges[window] & area[window], likely[window] ** 2, mask[window] > 0.5
    covered = grow(hard, 2)
    ring = grow(area, 0.5 * line.height) & ~area & ~grow(hard, 4)
    usual = float(edges[window][ring].mean()) if ring.any() else 0.0
    left, every = np.count_nonzero(edge & ~covered), max(1, np.count_nonzero(edge))
    beyond = left - usual * np.count_nonzero(area & ~covered)
    strokes = sum(np.count_nonzero(one.alpha) for one in words)
    pure = sum(float(likely[one.window][one.alpha > 0].sum()) for one in words) / max(1, strokes)
    return Evidence(
        left_edges=max(0.0, beyond) / every,
        unlike=left / every * (1 - pure),
        left_strokes=1 - float(chance[area & covered].sum()) / (float(chance[area].sum()) + 1e-6),
        doubt=sum(np.count_nonzero(one.doubt & (one.alpha > 0)) for one in words) / max(1, strokes),
        display=_is_display(line),
    )


def fails(found: Evidence, doubtful: bool = False) -> str:
    """Why a line is held, in words; "" where it may be lifted. doubtful: the detector is not sure that it is one."""
    bounds = PROOF.of_lines
    share = (PROOF.of_doubtful if doubtful else 1.0) * (PROOF.of_display if found.display else 1.0)
    if found.doubt > share * bounds.doubt:
        return IN_DOUBT
    if found.left_edges > share * bounds.left_edges or found.unlike > share * bounds.unlike:
        return "edges of it are left beside its mask"
    if found.left_strokes > share * bounds.left_strokes:
        return "strokes of it are left beside its mask"
    return ""


def held_shape(scene: Scene, line: Line, edges: np.ndarray) -> np.ndarray:
    """What is held of a line that is not lifted, (H, W) bool: its outline; of display type, between whose letters much
    of the picture can be, its letters with a margin.

    The picture has edges between letters as well, so letters are where the detector sees strokes, measured by the
    clearest of the line: the larger and the rougher type is, the fainter it sees them. Of thick strokes it sees the
    rims alone, so a plain patch that is mostly held is held whole.
    """
    margin = min(0.12 * line.height, PROOF.widest_margin * min(line.area.shape)) + 2
    inside = filled(line.region, line.area.shape)
    area = grow(inside, margin)
    if not area.any() or not _is_display(line):
        return area
    window = window_of(area, int(0.5 * line.height + 6))
    inside, area, seen = inside[window], area[window], np.maximum(scene.likely, scene.likely_large)[window]
    faint = PROOF.faint * float(np.quantile(seen[inside], PROOF.clear)) if inside.any() else 0.0
    letters = _without_specks((seen > faint) & area, line.height)
    reach = PROOF.apart * line.height
    closed = ~grow(~grow(letters, reach), reach)
    around, small = PROOF.margin * line.height + 2, (PROOF.gap * line.height) ** 2
    part = _without_gaps(grow(closed, around) & area, small)
    held = np.zeros(line.area.shape, bool)
    held[window] = part | grow(_patches(part, edges[window], small), around)
    return held


def _is_display(line: Line) -> bool:
    return line.height >= PROOF.display * min(line.area.shape)


def _patches(held: np.ndarray, edges: np.ndarray, most: float) -> np.ndarray:
    """Places without an edge, of less than `most` px, that are mostly held; all (h, w) bool."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~grow(edges, 1)).astype(np.uint8), connectivity=4)
    area = stats[:, cv2.CC_STAT_AREA]
    mostly = (np.bincount(labels[held], minlength=count) > 0.5 * area) & (area < most)
    mostly[0] = False
    return mostly[np.asarray(labels, np.intp)]


def _without_specks(mask: np.ndarray, height: float) -> np.ndarray:
    """A (h, w) bool mask of strokes in a line so high, without parts too small for one; the mask where all are."""
    joined = grow(mask, max(1, 0.01 * height))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined.astype(np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] >= (PROOF.speck * height) ** 2
    large[0] = False
    if not large.any():
        return mask
    return mask & large[np.asarray(labels, np.intp)]


def _without_gaps(mask: np.ndarray, most: float) -> np.ndarray:
    """A (h, w) bool mask with its gaps of less than `most` px filled."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < most
    small[0] = False
    return mask | small[np.asarray(labels, np.intp)]
