"""What a picture is of: a subject matte, and how sure it is one thing with clear edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..pixels import ramp
from . import matte
from .calibration import SUBJECT
from .measured import Measured
from .parts import grab_cut


@dataclass(frozen=True)
class Subject:
    """mask: (h, w) float32 0..1, empty if nothing stands out; confidence: 0..1; by: what found it."""

    mask: np.ndarray
    confidence: float
    by: str


def find_subject(seen: Measured) -> Subject:
    """By a network where its weights are, else by colours that the border has not.

    Raises:
        ModelError: the weights are there but are not the published file.
    """
    path = matte.locate()
    if path is None:
        return _by_colour(seen)
    found = cv2.resize(matte.matte(seen.image, path), (seen.width, seen.height), interpolation=cv2.INTER_LINEAR)
    share = float((found > 0.5).mean())
    unsure = float(((found > 0.1) & (found < 0.9)).mean())
    if share < SUBJECT.least:
        return _none(seen, "u2netp")
    sure = float(ramp(unsure / share, *SUBJECT.unsure)) * float(ramp(share, *SUBJECT.most))
    if share < SUBJECT.small:
        areas = cv2.connectedComponentsWithStats((found > 0.5).astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
        sure *= float(ramp(areas.max() / areas.sum(), *SUBJECT.one_piece))
    return Subject(cv2.GaussianBlur(ramp(found, 0.3, 0.7).astype(np.float32), (0, 0), 1.5), sure, "u2netp")


def _none(seen: Measured, by: str) -> Subject:
    return Subject(np.zeros((seen.height, seen.width), np.float32), 0.0, by)


def _by_colour(seen: Measured) -> Subject:
    """Saliency, then GrabCut (Rother 2004). Less sure than a network: it takes eyes, reflections and parts of lettering
    for subjects, mostly small ones."""
    level, mask = cv2.threshold((seen.saliency * 255).astype(np.uint8), 0, 1, cv2.THRESH_OTSU)
    inside, outside = seen.saliency[mask > 0], seen.saliency[mask == 0]
    if not SUBJECT.least < mask.mean() < 0.45 or inside.mean() - outside.mean() < SUBJECT.contrast:
        return _none(seen, "colour")
    half = cv2.resize(seen.small, (seen.width // 2, seen.height // 2), interpolation=cv2.INTER_AREA)
    salient = cv2.resize(seen.saliency, half.shape[1::-1], interpolation=cv2.INTER_AREA) * 255
    labels = np.where(salient > level, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[salient < level / 3] = cv2.GC_BGD
    labels[:2] = labels[-2:] = labels[:, :2] = labels[:, -2:] = cv2.GC_BGD
    mask = grab_cut(half, labels, 3).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count < 2 or not SUBJECT.least < mask.mean() < 0.5:
        return _none(seen, "colour")
    kept = np.isin(parts, 1 + np.flatnonzero(areas > 0.2 * areas.max())).astype(np.float32)
    soft = cv2.GaussianBlur(cv2.resize(kept, (seen.width, seen.height)), (0, 0), 3)
    return Subject(soft, 0.7 * float(ramp(soft.mean(), *SUBJECT.by_colour)), "colour")
