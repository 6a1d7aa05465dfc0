"""Sky, water, mist: a region streams on and on."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..effect import Named, Placed, Said, effect
from ..region import Degrees, Point, Region, Strict, Unit
from ..waves import Grid


class Arrow(Strict):
    """Where a part of the region streams: from `start` to `end`, shares of width and height."""

    start: Point
    end: Point


@effect
class Flow(Placed):
    """A region streams on and on along `angle` (0 right, 90 down), `distance` px a turn, bent by `swirl`.

    With `arrows` it streams as they point, near each as that one does, the longer the faster; near `anchors` it stands.
    """

    kind: Literal["flow"] = "flow"
    region: Region = Region(mask="sky")
    distance: Annotated[float, Field(ge=0, le=120)] = 30.0
    angle: Degrees = 0.0
    swirl: Unit = 0.3
    arrows: Annotated[tuple[Arrow, ...], Field(max_length=32)] = ()
    anchors: Annotated[tuple[Point, ...], Field(max_length=64)] = ()

    dial = "distance"
    families = ("flow", "drift")
    named = (
        Named(
            "water",
            r"water\w*|sea|ocean|waves?|river|lake|ripples?",
            r"물결|파도|바다|강물|호수|물(?=이|을|,|\s|$)",
            Said("flow", "the water", "ripples and flows quietly"),
            direction="right",
            strength=0.45,
            place="water",
            fields={"region": {"mask": "water"}},
        ),
    )

    def draw(self, canvas, mask, rng):
        angle = np.radians(self.angle)
        potential = canvas.grid.noise(rng, 320)
        bend = np.dstack([np.gradient(potential, axis=0), -np.gradient(potential, axis=1)])  # free of divergence
        bend *= self.swirl / max(float(np.sqrt((bend**2).sum(-1).mean())), 1e-6)
        course = _course(self, canvas.grid) if self.arrows or self.anchors else np.array([np.cos(angle), np.sin(angle)])
        heading = bend + course
        canvas.streams.add(heading.astype(np.float32), mask * canvas.calm, self.distance)

    def says(self, tone):
        if self.region.mask == "water":
            return Said("flow", "the water", "ripples and flows quietly")
        if self.region.mask == "sky":
            return Said("drift", "the sky", "drifts slowly in the dark" if tone.dark else "drifts slowly")
        return Said("drift", "soft shapes", "drift slowly within themselves")


def _course(flow: Flow, grid: Grid) -> np.ndarray:
    """(h, w, 2): the arrows and anchors, each weighing by the inverse square of its distance (Shepard 1968)."""
    lengths = [np.hypot(a.end[0] - a.start[0], a.end[1] - a.start[1]) for a in flow.arrows]
    usual = float(np.mean(lengths)) if lengths else 1.0
    given: list[tuple[np.ndarray, tuple[float, float]]] = []
    for arrow in flow.arrows:
        (x0, y0), (x1, y1) = grid.at(arrow.start), grid.at(arrow.end)
        long = max(float(np.hypot(x1 - x0, y1 - y0)), 1e-6)
        at = np.clip(((grid.x - x0) * (x1 - x0) + (grid.y - y0) * (y1 - y0)) / long**2, 0, 1)
        away = np.hypot(grid.x - x0 - at * (x1 - x0), grid.y - y0 - at * (y1 - y0))
        speed = np.hypot(arrow.end[0] - arrow.start[0], arrow.end[1] - arrow.start[1]) / max(usual, 1e-6)
        given.append((away, ((x1 - x0) / long * speed, (y1 - y0) / long * speed)))
    angle = np.radians(flow.angle)
    if not flow.arrows:
        given.append((np.full(grid.shape, 300.0, np.float32), (float(np.cos(angle)), float(np.sin(angle)))))
    given += [(grid.away(anchor), (0.0, 0.0)) for anchor in flow.anchors]
    weights = [1 / (away**2 + 20.0**2) for away, _ in given]
    total = sum(weights)
    return np.dstack(
        [sum(w * vector[i] for w, (_, vector) in zip(weights, given, strict=True)) / total for i in (0, 1)]
    )
