"""What is seen in a picture, each thing with a confidence: what is sure moves as it would, the rest does not.

No measure tells hair and cloth from other dark or folded things, so neither is ever seen; a person's word, a model's
answer or a painted mask makes them move.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from ..pixels import ramp
from .calibration import CHOICE
from .region import Strict, Unit
from .scene import Scene


class Sighting(Strict):
    """name: what; confidence: 0..1; by: what looked for it, where there is more than one way."""

    name: str
    confidence: Unit
    by: str = ""


@dataclass(frozen=True)
class Seen:
    """natural: 0 (graphic) .. 1 (photograph, painting). lightness, warmth and chroma are the means of CIELAB L
    (0..100), b and |(a, b)|. shapes: how many stand free on a sheet."""

    natural: float
    flatness: float
    textured: float
    lightness: float
    warmth: float
    chroma: float
    shapes: int
    confidence: dict[str, float] = field(default_factory=dict)

    def sure(self, name: str) -> bool:
        return self.confidence[name] >= CHOICE.sure


def look(scene: Scene) -> Seen:
    """The scene, weighed."""
    natural = 1 - float(ramp(scene.graphic, *CHOICE.graphic))
    sheet = bool(scene.ground.any())
    inner = cv2.erode(scene.sky, np.ones((15, 15), np.uint8)) > 0.5
    outlined = float(scene.outlines[inner].mean()) if inner.any() else 1.0
    sky = _solid(scene.sky, 9) * (1 - float(ramp(outlined, *CHOICE.sky_outlined))) * _cloudy(scene)
    specks = float((scene.highlights * (1 - scene.textured)).mean())
    dark = float(ramp(scene.light.mean(), *CHOICE.specks_dark))
    most = CHOICE.specks_in_space if scene.light.mean() < CHOICE.sky_darkest else CHOICE.specks_most
    found = scene.disc
    return Seen(
        natural=natural,
        flatness=scene.flatness,
        textured=natural * float(scene.textured.mean()),
        lightness=float(scene.light.mean()),
        warmth=float(scene.lab[..., 2].mean()),
        chroma=float(np.hypot(scene.lab[..., 1], scene.lab[..., 2]).mean()),
        shapes=len(scene.shapes),
        confidence={
            "graphic": 1.0 if sheet else 1 - natural,
            "sky": _from_share(natural * sky, CHOICE.sky),
            "water": _from_share(natural * _solid(scene.water, 7), CHOICE.water),
            "foliage": _from_share(natural * _solid(scene.foliage, 7), CHOICE.foliage),
            "subject": 0.0 if sheet else scene.found_subject.confidence,
            "faces": scene.found_faces.confidence,
            "lamps": scene.lamps.confidence * float(ramp(scene.light.mean(), *CHOICE.lamps_dark)),
            "specks": 0.0 if specks > most else dark * _from_share(specks, CHOICE.specks),
            "flames": 0.0 if scene.horizon is not None else natural * scene.flames.confidence,
            "disc": found.confidence if found else 0.0,
        },
    )


def sightings(scene: Scene, seen: Seen) -> tuple[Sighting, ...]:
    """What was looked for, surest first; what was not seen at all is left out, unless nothing could look for it."""
    by = {"subject": scene.found_subject.by, "faces": scene.found_faces.by}
    told = [Sighting(name=n, confidence=round(c, 2), by=by.get(n, "")) for n, c in seen.confidence.items()]
    kept = [one for one in told if one.confidence >= 0.05 or one.by.startswith("no detector")]
    return tuple(sorted(kept, key=lambda one: -one.confidence))


def _from_share(share: float, even: float) -> float:
    """0..1, a half where a thing has the share of the picture at which it is as likely there as not."""
    return share / (share + even)


def _solid(mask: np.ndarray, size: int) -> float:
    """The share of the picture that a mask covers, of its broad parts only."""
    core = cv2.erode(mask, np.ones((size, size), np.uint8))
    return float(mask.mean()) if core.mean() > CHOICE.solid * mask.mean() else 0.0


def _cloudy(scene: Scene) -> float:
    """0..1, how far what lies at the top is a sky and no sheet of paper: its light changes."""
    inside = scene.light[scene.sky > 0.5]
    indoors = scene.horizon is None and scene.faces.any()
    if not inside.size or scene.ground.any() or indoors:
        return 0.0
    if not CHOICE.sky_darkest < inside.mean() < CHOICE.sky_lightest and scene.horizon is None:
        return 0.0
    return float(ramp(inside.std(), *CHOICE.sky_spread))
