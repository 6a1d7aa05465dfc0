"""Things in a picture, as far as motion needs them, each as a mask by the name that recipes use.

A mask is (h, w) float32 in 0..1, soft-edged, at 256 px on the shorter side. How sure each thing is, `seen.py` says;
what will move, `derive.py` decides.
"""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from ..pixels import disc, ramp
from . import parts
from .calibration import CHOICE
from .discs import Disc, find_disc
from .faces import Faces, find_faces
from .landscape import sky_of, water_of
from .lights import Glowing, find_flames, find_lamps
from .measured import SIDE, Measured
from .subject import Subject, find_subject


class Scene(Measured):
    """What there is in the picture `image`, (H, W, 3) uint8 sRGB."""

    painted: np.ndarray | None = None
    """A mask that a person painted, of any size; without one it is everywhere."""
    far: np.ndarray | None = None
    """A depth picture that was given, (H, W) float32, near is 1."""

    def mask(self, name: str) -> np.ndarray:
        """The mask that a recipe calls `name` ("all", "sky", ...)."""
        if name == "all":
            return np.ones((self.height, self.width), np.float32)
        if name == "painted":
            return self._given(self.painted)
        if name == "shapes":
            inside = [shape.inside for shape in self.shapes]
            nothing = np.zeros((self.height, self.width), np.float32)
            return np.any(inside, axis=0).astype(np.float32) if inside else nothing
        return getattr(self, name)

    def _given(self, mask: np.ndarray | None) -> np.ndarray:
        if mask is None:
            return np.ones((self.height, self.width), np.float32)
        return cv2.resize(mask.astype(np.float32), (self.width, self.height), interpolation=cv2.INTER_AREA).clip(0, 1)

    @cached_property
    def found_subject(self) -> Subject:
        return find_subject(self)

    @property
    def subject(self) -> np.ndarray:
        """The thing the picture is of, if it stands out; empty if nothing does."""
        return self.found_subject.mask

    @property
    def background(self) -> np.ndarray:
        return 1 - self.subject

    @cached_property
    def found_faces(self) -> Faces:
        return find_faces(self)

    @property
    def faces(self) -> np.ndarray:
        """Ellipses over faces."""
        return self.found_faces.mask

    @cached_property
    def hair(self) -> np.ndarray:
        """Dark strands around a face; empty without one."""
        around = cv2.dilate(self.faces, disc(max(3, 0.5 * np.sqrt(float((self.faces > 0.5).sum()) / np.pi))))
        dark = ramp(self.light, 45, 25)
        return cv2.GaussianBlur((around * (1 - self.faces) * dark).astype(np.float32), (0, 0), 2)

    @cached_property
    def sky(self) -> np.ndarray:
        return sky_of(self, self.subject)

    @cached_property
    def water(self) -> np.ndarray:
        return water_of(self)

    @cached_property
    def foliage(self) -> np.ndarray:
        """Dense texture in the colours of leaves and grass."""
        _, a, b = cv2.split(cv2.GaussianBlur(self.lab, (0, 0), 2))
        hue = np.degrees(np.arctan2(b, a)) % 360
        leafy = ramp(hue, 60, 85) * ramp(hue, 190, 165) * ramp(np.hypot(a, b), 5, 11)
        found = self.found_subject
        free = 1 - found.mask if found.confidence >= CHOICE.sure else 1.0  # what moves as one piece does not sway
        return (self.textured * leafy * free).astype(np.float32)

    @cached_property
    def highlights(self) -> np.ndarray:
        """Small bright specks in the dark: stars, sequins (white top-hat)."""
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
        specks = ramp(cv2.morphologyEx(self.light, cv2.MORPH_TOPHAT, kernel), 7, 20)
        specks *= ramp(cv2.GaussianBlur(self.light, (0, 0), 8), 50.0, 28.0)
        return cv2.GaussianBlur(specks * (1 - self.outlines), (0, 0), 0.8)

    @cached_property
    def lamps(self) -> Glowing:
        return find_lamps(self.lab)

    @property
    def lights(self) -> np.ndarray:
        """Lamps, screens, neon in the dark."""
        return self.lamps.mask

    @cached_property
    def flames(self) -> Glowing:
        return find_flames(self.lab)

    @property
    def fire(self) -> np.ndarray:
        """Flames in the dark."""
        return self.flames.mask

    @cached_property
    def disc(self) -> Disc | None:
        return find_disc(self.light)

    @cached_property
    def shapes(self) -> tuple[parts.FreeShape, ...]:
        """What stands free on the ground of a graphic."""
        return parts.free_shapes(self.ground, self.flat)

    @cached_property
    def brightest(self) -> tuple[float, float]:
        """Where the broadest bright spot is, as shares of width and height."""
        soft = cv2.GaussianBlur(self.light, (0, 0), 6)
        row, column = np.unravel_index(int(soft.argmax()), soft.shape)
        return (float(column) + 0.5) / self.width, (float(row) + 0.5) / self.height

    def tint_at(self, point: tuple[float, float]) -> np.ndarray:
        """The colour of light at a place, (3,) float32, its largest part 1."""
        x, y = min(int(point[0] * self.width), self.width - 1), min(int(point[1] * self.height), self.height - 1)
        around = self.small[max(0, y - 6) : y + 7, max(0, x - 6) : x + 7].reshape(-1, 3).astype(np.float32)
        colour = around.mean(0)
        return (colour / max(float(colour.max()), 1.0)).astype(np.float32)

    def depth(self, kind: str) -> np.ndarray:
        """How far each part drifts in a parallax, 0.3 (far) .. 1 (near); smooth, so that no straight line kinks.

        kind: "flat" (one plane), "vertical" (low is near), "subject" (the subject is near), "shapes" (what is unlike
        the border is near), "image" (as the depth picture that was given says).
        """
        if kind == "flat" or (kind == "image" and self.far is None):
            return np.ones((self.height, self.width), np.float32)
        if kind == "image":
            near = cv2.GaussianBlur(self._given(self.far), (0, 0), SIDE / 64)
            near = (near - near.min()) / max(float(np.ptp(near)), 1e-3)
        elif kind == "vertical":
            top = 0.15 if self.horizon is None else 0.8 * self.horizon / self.height
            near = ramp(np.linspace(0, 1, self.height, dtype=np.float32), top, 1.05)[:, None]
            near = np.repeat(near, self.width, axis=1)
        else:
            near = cv2.GaussianBlur(self.subject if kind == "subject" else self.saliency, (0, 0), SIDE / 18)
            low, high = np.percentile(near, (5, 99))
            near = ((near - low) / max(float(high - low), 1e-3)).clip(0, 1)
        for_faces = self.faces
        if for_faces.max() > 0:  # a face drifts as one piece
            mean = float((near * for_faces).sum() / for_faces.sum())
            near = near + for_faces * (mean - near)
        return (0.3 + 0.7 * near).astype(np.float32)
