"""The effects of a motion recipe, as a schema: what each is called, its amplitudes, units and bounds.

Lengths are pixels of a picture whose shorter side is 1080 px, so one recipe fits every size. `cycles` counts turns in
four seconds; a longer loop makes proportionally more turns, a shorter one moves proportionally less far, so that speeds
stay the same.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Unit = Annotated[float, Field(ge=0, le=1)]
Point = tuple[Unit, Unit]
Degrees = Annotated[float, Field(ge=-360, le=360)]
Cycles = Annotated[int, Field(ge=1, le=8)]
Mask = Literal["all", "subject", "background", "sky", "water", "textured", "highlights"]


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


class Region(Strict):
    """Where an effect acts: a mask found in the picture, kept to the shapes (all of it without shapes)."""

    mask: Mask = "all"
    invert: bool = False
    shapes: Annotated[tuple[Shape, ...], Field(max_length=16)] = ()
    feather: Annotated[float, Field(ge=0, le=200)] = 24.0


class Parallax(Strict):
    """The picture drifts on a slow ellipse, near parts further than far ones. `travel`: turns of delay across it."""

    kind: Literal["parallax"] = "parallax"
    region: Region = Region()
    amplitude: Annotated[float, Field(ge=0, le=40)] = 8.0
    depth: Literal["flat", "vertical", "subject", "shapes"] = "flat"
    angle: Degrees = 0.0
    aspect: Unit = 0.6
    travel: Annotated[float, Field(ge=0, le=2)] = 0.35
    cycles: Cycles = 1


class Sway(Strict):
    """Parts of a region swing on small ellipses, longest along `angle`; the swing runs through it along `travel`."""

    kind: Literal["sway"] = "sway"
    region: Region = Region(mask="textured")
    amplitude: Annotated[float, Field(ge=0, le=20)] = 3.0
    wavelength: Annotated[float, Field(ge=40, le=4000)] = 400.0
    angle: Degrees = 0.0
    travel: Degrees = 0.0
    aspect: Unit = 0.4
    cycles: Cycles = 1


class Flow(Strict):
    """A region streams on and on along `angle` (0 right, 90 down), `distance` px a turn, bent by `swirl`."""

    kind: Literal["flow"] = "flow"
    region: Region = Region(mask="sky")
    distance: Annotated[float, Field(ge=0, le=120)] = 30.0
    angle: Degrees = 0.0
    swirl: Unit = 0.3


class Light(Strict):
    """Brightness rises and falls by `amount` (0.05 = 5 %), as a wave that travels along `angle`."""

    kind: Literal["light"] = "light"
    region: Region = Region()
    amount: Annotated[float, Field(ge=0, le=0.5)] = 0.04
    wavelength: Annotated[float, Field(ge=20, le=4000)] = 1200.0
    angle: Degrees = 0.0
    cycles: Cycles = 1


class Particles(Strict):
    """Small lights that live and drift. `size`: px, `brightness`: 0..1 of white, `speed`: px a second, `colour`:
    #rrggbb (the style's own without it)."""

    kind: Literal["particles"] = "particles"
    style: Literal["dust", "snow", "stars", "embers"] = "dust"
    region: Region = Region()
    count: Annotated[int, Field(ge=0, le=500)] = 40
    size: Annotated[float, Field(ge=0.5, le=20)] = 3.0
    brightness: Unit = 0.2
    speed: Annotated[float, Field(ge=0, le=300)] = 18.0
    colour: Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")] | None = None


class Grain(Strict):
    """Film grain, `amount` grey levels (standard deviation)."""

    kind: Literal["grain"] = "grain"
    amount: Annotated[float, Field(ge=0, le=8)] = 0.8


Effect = Annotated[Parallax | Sway | Flow | Light | Particles | Grain, Field(discriminator="kind")]
