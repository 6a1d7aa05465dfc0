"""The pose of a figure as eighteen joints, and its picture as pose models read it. Knows no network.

Joints and their order are those of COCO as OpenPose has them (Cao et al. 2017), with the neck between the shoulders;
the colours, and that limbs are drawn at three fifths of theirs, are what ControlNet was trained on (Zhang et al. 2023).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ..errors import CoverError
from ..limits import POSE_SIDE

NAMES = (
    "nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist",
    "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle", "right eye", "left eye",
    "right ear", "left ear",
)  # fmt: skip
LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
    (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
COLOURS = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85),
    (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255),
    (255, 0, 170), (255, 0, 85),
)  # fmt: skip
_LEAST = 3  # joints, the least that say a pose
_PARTS = {"the head": (0, 14, 15, 16, 17), "the arms": (3, 4, 6, 7), "the legs": (9, 10, 12, 13)}


@dataclass(frozen=True)
class Skeleton:
    """One figure. points: (18, 2) float32, x and y in pixels of its picture, in the order of `NAMES`; seen: (18,) bool,
    which of them are in the picture."""

    points: np.ndarray
    seen: np.ndarray

    @property
    def height(self) -> float:
        """px, from the highest joint seen to the lowest, or across where the figure lies."""
        return float(np.ptp(self.points[self.seen], axis=0).max()) if self.seen.any() else 0.0

    def missing(self) -> list[str]:
        """Parts of the body of which nothing is seen: `the head`, `the arms`, `the legs`."""
        return [part for part, joints in _PARTS.items() if not self.seen[list(joints)].any()]


def tell(found: Sequence[Skeleton], taken: int) -> list[str]:
    """What a user should know of `found` (largest first) of which the first `taken` are drawn, a line each."""
    lines = []
    if len(found) > taken:
        which = "the largest is" if taken == 1 else f"the {taken} largest are"
        lines.append(f"{len(found)} figures were found; {which} drawn")
    for number, figure in enumerate(found[:taken], 1):
        if missing := figure.missing():
            name = "the figure" if taken == 1 else f"figure {number}"
            lines.append(f"{name} is seen in part only, without {' and '.join(missing)}; the model is free there")
    return lines


def draw(figures: Sequence[Skeleton], width: int, height: int) -> np.ndarray:
    """-> (height, width, 3) uint8 sRGB: limbs and joints on black, as thick as ControlNet's on 512 px."""
    canvas = np.zeros((height, width, 3), np.uint8)
    thick = max(2, round(4 * min(width, height) / 512))
    for figure in figures:
        for number, (start, end) in enumerate(LIMBS):
            if figure.seen[start] and figure.seen[end]:
                _limb(canvas, figure.points[start], figure.points[end], thick, COLOURS[number])
    for figure in figures:
        for number in np.flatnonzero(figure.seen):
            x, y = (round(float(value)) for value in figure.points[number])
            cv2.circle(canvas, (x, y), thick, COLOURS[number], -1, cv2.LINE_AA)
    return canvas


def on_canvas(figures: Sequence[Skeleton], size: tuple[int, int], canvas: tuple[int, int]) -> list[Skeleton]:
    """The figures of a picture of `size` (width, height) in one of another: as large as fits in, in its middle."""
    scale = min(canvas[0] / size[0], canvas[1] / size[1])
    shift = (np.array(canvas) - np.array(size) * scale) / 2
    return [Skeleton((figure.points * scale + shift).astype(np.float32), figure.seen) for figure in figures]


def _limb(canvas: np.ndarray, start: np.ndarray, end: np.ndarray, thick: int, colour: tuple[int, int, int]) -> None:
    (x, y), length = (start + end) / 2, float(np.linalg.norm(end - start))
    angle = round(math.degrees(math.atan2(end[1] - start[1], end[0] - start[0])))
    outline = cv2.ellipse2Poly((round(float(x)), round(float(y))), (round(length / 2), thick), angle, 0, 360, 1)
    cv2.fillConvexPoly(canvas, np.array(outline), [int(value * 0.6) for value in colour], cv2.LINE_AA)


def read_keypoints(given: Any) -> tuple[list[Skeleton], int, int]:
    """A POSE_KEYPOINT as comfyui_controlnet_aux hands it on (one frame, or a list of which the first is read), also as
    parsed JSON -> its figures, largest first, and the width and height of its picture in pixels.

    Coordinates may be pixels or, as its older versions wrote them, shares of the picture. A joint of certainty 0 is not
    seen.

    Raises:
        CoverError: it is none, says no size, or nobody is in it.
    """
    frame: Any = given[0] if isinstance(given, (list, tuple)) and given else given
    try:
        width, height = int(frame["canvas_width"]), int(frame["canvas_height"])
        bodies = [np.array(person["pose_keypoints_2d"] or [], np.float64) for person in frame["people"]]
    except (TypeError, KeyError, ValueError, IndexError, OverflowError):
        raise CoverError("keypoints: are not a POSE_KEYPOINT; connect the output of an OpenPose estimator") from None
    if not (POSE_SIDE.holds(width) and POSE_SIDE.holds(height)):
        raise CoverError(f"keypoints: a picture of {width}x{height}; both sides must be in {POSE_SIDE} px")
    found = []
    for body in bodies:
        if body.size not in (0, 54) or not np.isfinite(body).all():
            raise CoverError(f"keypoints: a figure of {body.size} numbers; OpenPose's 18 joints are 54 finite ones")
        if body.size:
            points, sure = body.reshape(18, 3)[:, :2], body.reshape(18, 3)[:, 2]
            if np.abs(points).max() <= 1:
                points = points * (width, height)
            found.append(Skeleton(points.astype(np.float32), (sure > 0) & _inside(points, width, height)))
    return in_order(found), width, height


def _inside(points: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.all((points >= 0) & (points < (width, height)), axis=1)


def in_order(found: Sequence[Skeleton]) -> list[Skeleton]:
    """Those of at least three joints, largest first.

    Raises:
        CoverError: there is none.
    """
    figures = [figure for figure in found if figure.seen.sum() >= _LEAST]
    if not figures:
        raise CoverError("no figure was found; give a picture in which a person is seen with face and shoulders")
    return sorted(figures, key=lambda figure: -figure.height)
