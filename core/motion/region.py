"""Where an effect acts: a mask found in the picture, kept to shapes that are drawn."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

Unit = Annotated[float, Field(ge=0, le=1)]
Point = tuple[Unit, Unit]
Degrees = Annotated[float, Field(ge=-360, le=360)]
Cycles = Annotated[int, Field(ge=1, le=8)]
Colour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]
Mask = Literal[
    "all",
    "subject",
    "background",
    "sky",
    "water",
    "textured",
    "highlights",
    "foliage",
    "hair",
    "faces",
    "lights",
    "fire",
    "flat",
    "shapes",
    "painted",
]


def rgb(colour: str) -> np.ndarray:
    """#rrggbb as (3,) float32 in 0..1."""
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Ellipse(Strict):
    """Centre and half-axes as shares of width and height."""

    kind: Literal["ellipse"] = "ellipse"
    center: Point
    radius: Point


class Box(Strict):
    """Left, top, right, bottom as shares of width and height."""

    kind: Literal["box"] = "box"
    box: tuple[Unit, Unit, Unit, Unit]


class Polygon(Strict):
    """Corners as shares of width and height."""

    kind: Literal["polygon"] = "polygon"
    points: Annotated[tuple[Point, ...], Field(min_length=3, max_length=64)]


Shape = Annotated[Ellipse | Box | Polygon, Field(discriminator="kind")]
SHAPES = ("ellipse", "box", "polygon")


class Region(Strict):
    """Where an effect acts: a mask found in the picture, kept to the shapes (all of it without shapes)."""

    mask: Mask = "all"
    invert: bool = False
    shapes: Annotated[tuple[Shape, ...], Field(max_length=16)] = ()
    feather: Annotated[float, Field(ge=0, le=200)] = 24.0


def drawn(region: Region, shape: tuple[int, int]) -> np.ndarray:
    """The shapes of a region as one mask of the given (rows, columns), float32 in 0..1, feathered."""
    rows, columns = shape
    mask = np.zeros(shape, np.uint8)
    for part in region.shapes:
        if part.kind == "ellipse":
            (x, y), (rx, ry) = part.center, part.radius
            centre = (round(x * columns), round(y * rows))
            axes = (max(1, round(rx * columns)), max(1, round(ry * rows)))
            cv2.ellipse(mask, centre, axes, 0, 0, 360, 255, -1)
            continue
        if part.kind == "polygon":
            corners = np.asarray(part.points)
        else:
            corners = np.asarray([(part.box[i], part.box[j]) for i, j in ((0, 1), (2, 1), (2, 3), (0, 3))])
        cv2.fillPoly(mask, [np.rint(corners * (columns, rows)).astype(np.int32)], 255)
    spread = region.feather * min(shape) / 1080  # the grid is coarser than the picture
    return cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), max(spread, 0.3))
