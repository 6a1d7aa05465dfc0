"""A recipe seen at a glance: where each effect acts, which way things move, and what is held."""

from __future__ import annotations

import cv2
import numpy as np

from ..pixels import resized
from .effect import Placed
from .recipe import Recipe
from .region import Region
from .stage import Given, Stage

_COLOURS = ((255, 120, 60), (60, 170, 255), (120, 220, 90), (240, 90, 200), (250, 210, 60), (150, 120, 255))
_STEP = 14  # cells of the grid between two arrows
_LONGEST = 60.0  # px at 1080 that the longest arrow is drawn


def preview(plate: np.ndarray, recipe: Recipe, given: Given = Given()) -> np.ndarray:  # noqa: B008
    """The plate with the regions of a recipe in colours, arrows along which it is displaced (as far as it goes in a
    turn, the longest drawn 60 px at 1080), what is held hatched, and a line of words an effect.

    plate: (H, W, 3) uint8 sRGB. Returns the same shape and dtype.
    """
    stage = Stage(plate, recipe, 48, 4.0, given)
    canvas = plate.astype(np.float32) * 0.75 + 30
    height, width = plate.shape[:2]
    for index, effect in enumerate(recipe.effects):
        region = effect.region if isinstance(effect, Placed) else Region()
        if region == Region():
            continue  # everywhere: a colour over all of it would say nothing
        mask = resized(stage.region_mask(region), width, height, cv2.INTER_LINEAR)[..., None]
        canvas += 0.38 * mask * (np.array(_COLOURS[index % len(_COLOURS)], np.float32) - canvas)
    shown = np.clip(canvas, 0, 255).astype(np.uint8)
    _hatch(shown, stage.held)
    _arrows(shown, stage)
    _listing(shown, recipe)
    return shown


def _hatch(shown: np.ndarray, held: np.ndarray) -> None:
    height, width = shown.shape[:2]
    y, x = np.mgrid[:height, :width]
    lines = ((x + y) % 14 < 2) & (resized(held.astype(np.float32), width, height, cv2.INTER_NEAREST) > 0.5)
    shown[lines] = (235, 235, 235)


def _arrows(shown: np.ndarray, stage: Stage) -> None:
    ends = stage.course()
    far = np.hypot(ends[..., 0], ends[..., 1])
    longest = max(float(far.max()), 1e-6)
    unit = min(shown.shape[:2]) / 1080
    rows, columns = far.shape
    for row in range(_STEP // 2, rows, _STEP):
        for column in range(_STEP // 2, columns, _STEP):
            if far[row, column] < 0.06 * longest or longest < 0.3:
                continue
            x, y = (column + 0.5) * shown.shape[1] / columns, (row + 0.5) * shown.shape[0] / rows
            dx, dy = ends[row, column] * (_LONGEST * unit / longest)
            start, end = (round(x), round(y)), (round(x + dx), round(y + dy))
            for colour, thick in (((20, 20, 20), 3), ((255, 255, 255), 1)):
                cv2.arrowedLine(shown, start, end, colour, thick, cv2.LINE_AA, tipLength=0.35)


def _listing(shown: np.ndarray, recipe: Recipe) -> None:
    size = min(shown.shape[:2]) / 1080
    for index, effect in enumerate(recipe.effects):
        place = f" in {effect.region.mask}" if isinstance(effect, Placed) and effect.region != Region() else ""
        words = f"{effect.kind}{place}: {effect.dial} {getattr(effect, effect.dial):g}"
        at = (round(16 * size) + 2, round((34 + 34 * index) * size) + 10)
        for colour, thick in (((0, 0, 0), 4), (_COLOURS[index % len(_COLOURS)], 1)):
            cv2.putText(shown, words, at, cv2.FONT_HERSHEY_SIMPLEX, max(0.35, 0.9 * size), colour, thick, cv2.LINE_AA)
