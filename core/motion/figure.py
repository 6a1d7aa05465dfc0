"""Whether a picture has a figure in it that could sing, as far as what looks for faces and subjects can tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .calibration import FIGURE
from .scene import Scene


@dataclass(frozen=True)
class Figure:
    """face, subject: how surely there is one, 0..1."""

    face: float
    subject: float

    @property
    def found(self) -> bool:
        """A face is drawn in more ways than any detector knows, so one clear thing in the picture will do."""
        return self.face >= FIGURE.face or self.subject >= FIGURE.subject


def find_figure(image: np.ndarray) -> Figure:
    """image: (H, W, 3) uint8 sRGB."""
    scene = Scene(image)
    return Figure(scene.found_faces.confidence, scene.found_subject.confidence)
