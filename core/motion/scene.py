"""What a picture is made of, as far as motion needs it: sky, water, texture, subject, faces, specks, straight lines.

Classic picture statistics only, no learned weights. Everything is worked out at 256 px on the shorter side, once, when
first asked for. Masks are (h, w) float32 in 0..1, soft-edged. The limits were set by looking at photographs, paintings
and graphic art side by side; lightness is CIELAB L (0..100), so they do not depend on the size of the file.

This module does not know what will move; `recipe.py` decides that from what is found here.
"""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from ..lettering.border import border_mask, border_of
from ..pixels import disc, grow, ramp, resized
from . import parts
from .calibration import KEEPING

SIDE = 256


class Scene:
    """The picture `image`, (H, W, 3) uint8 sRGB, looked at closely. Deterministic: the same picture, the same masks."""

    def __init__(self, image: np.ndarray):
        height, width = image.shape[:2]
        scale = SIDE / min(height, width)
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
        self.image = image
        self.small = resized(image, *size, cv2.INTER_LINEAR)
        self.lab = cv2.cvtColor(self.small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        self.light = np.ascontiguousarray(self.lab[..., 0])
        self.height, self.width = self.light.shape

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
            return (
                np.any(inside, axis=0).astype(np.float32) if inside else np.zeros((self.height, self.width), np.float32)
            )
        return getattr(self, name)

    def _given(self, mask: np.ndarray | None) -> np.ndarray:
        if mask is None:
            return np.ones((self.height, self.width), np.float32)
        return cv2.resize(mask.astype(np.float32), (self.width, self.height), interpolation=cv2.INTER_AREA).clip(0, 1)

    @cached_property
    def gradient(self) -> np.ndarray:
        """Lightness steps per pixel at a scale of about 2 px."""
        light = cv2.GaussianBlur(self.light, (0, 0), 1.2)
        return cv2.magnitude(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)) / 8

    @cached_property
    def flatness(self) -> float:
        """0 (busy) .. 1 (hardly anything but smooth gradients)."""
        return float(1 - ramp(self.gradient.mean(), 0.1, 0.9))

    @cached_property
    def _lines(self) -> np.ndarray:
        """(n, 4) x0, y0, x1, y1 of straight edges (LSD, Grompone von Gioi 2010), contrast evened out first."""
        return _segments(cv2.createCLAHE(2.0, (4, 4)).apply(self._double), SIDE / 14)

    @cached_property
    def _double(self) -> np.ndarray:
        """(2h, 2w) uint8 grey."""
        grey = cv2.cvtColor(self.image, cv2.COLOR_RGB2GRAY)
        return resized(grey, 2 * self.width, 2 * self.height, cv2.INTER_LINEAR)

    @cached_property
    def straight(self) -> np.ndarray:
        """Where long straight edges are: architecture, graphic art."""
        return self._draw(self._lines)

    def _draw(self, lines: np.ndarray) -> np.ndarray:
        drawn = np.zeros((self.height, self.width), np.uint8)
        for x0, y0, x1, y1 in lines:
            cv2.line(drawn, (round(x0), round(y0)), (round(x1), round(y1)), 255, 3)
        return drawn.astype(np.float32) / 255

    @cached_property
    def graphic(self) -> float:
        """0 (photograph, painting) .. 1 (flat shapes): the share of clear edges that is straight. With a horizon, level
        lines count 0.4: they may be the horizon itself, streaks on water, a bank of cloud."""
        drawn = self.straight
        if self.horizon is not None:
            drawn = np.maximum(self._draw(self._lines[self._slopes > 5]), 0.4 * drawn)
        inner = 1 - grow(self.border, 4)  # a frame round a photograph says nothing of it
        clear = self.gradient * inner * (self.gradient > max(0.12, float(np.percentile(self.gradient, 80))))
        return float((clear * drawn).sum() / max(float(clear.sum()), 1e-6))

    @cached_property
    def _slopes(self) -> np.ndarray:
        """Degrees from level, 0..90, of each of `_lines`."""
        slopes = np.degrees(np.arctan2(self._lines[:, 3] - self._lines[:, 1], self._lines[:, 2] - self._lines[:, 0]))
        return np.abs((slopes + 90) % 180 - 90)

    @cached_property
    def horizon(self) -> int | None:
        """Row of a straight level line across at least 35 % of the width, not near the upper or lower border."""
        covered = self._draw(self._lines[self._slopes < 3.5]) > 0
        near = cv2.dilate(covered.astype(np.uint8), np.ones((5, 1), np.uint8))
        share = near.mean(1)
        share[: int(0.15 * self.height)] = share[int(0.88 * self.height) :] = 0
        return int(np.argmax(share)) if share.max() >= 0.35 else None

    @cached_property
    def _structure(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Local gradient energy, its coherence (1: one direction) and how level its lines are (1: all level)."""
        light = cv2.GaussianBlur(self.light, (0, 0), 0.7)
        gx, gy = cv2.Sobel(light, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(light, cv2.CV_32F, 0, 1) / 8
        jxx, jyy, jxy = (cv2.GaussianBlur(p, (0, 0), 5) for p in (gx * gx, gy * gy, gx * gy))
        energy = jxx + jyy
        coherence = np.sqrt((jxx - jyy) ** 2 + 4 * jxy**2) / (energy + 1e-6)
        return energy, coherence, jyy / (energy + 1e-6)

    @cached_property
    def textured(self) -> np.ndarray:
        """Dense irregular fine structure in every direction: foliage, grass, gravel, fur, brush strokes. Not things
        with clear outlines: those are stiff."""
        energy, coherence, _ = self._structure
        dense = cv2.GaussianBlur(self.gradient, (0, 0), 5) ** 2
        dense = dense / (cv2.GaussianBlur(self.gradient**2, (0, 0), 5) + 1e-6)  # an outline on plain ground is sparse
        mask = ramp(np.sqrt(energy), 0.8, 2.0) * (1 - ramp(coherence, 0.45, 0.85)) * ramp(dense, 0.5, 0.68)
        outlined = cv2.GaussianBlur(self.outlines, (0, 0), 7)
        return cv2.GaussianBlur(mask * (1 - ramp(outlined, 0.1, 0.3)), (0, 0), 5)

    @cached_property
    def outlines(self) -> np.ndarray:
        """Clear edges that run on for a while, straight or gently curved: what stiff things are bounded by."""
        low, high = np.percentile(self._double, (1, 99))
        grey = np.clip((self._double - low) * (255 / max(high - low, 24)), 0, 255).astype(np.uint8)
        lines = _segments(cv2.GaussianBlur(grey, (0, 0), 1.5), SIDE / 23)
        return np.maximum(self._draw(lines), self.straight)

    @cached_property
    def sky(self) -> np.ndarray:
        """What hangs together with the upper border without a sharp edge between, and above the horizon if there is
        one; fades out towards sharp edges, so that the moon, a roof or a ridge has still air around it."""
        if self.horizon is not None:
            above = self._settle(np.repeat((np.arange(self.height) < self.horizon)[:, None], self.width, axis=1)) > 0.5
            plain = above & ~self._sharp
        else:
            plain = (_colour_steps(self.lab, 1.2) < 2.6) & (self.textured < 0.4)
        plain = (plain & (self.subject < 0.2)).astype(np.uint8)
        if self.horizon is None:
            plain = cv2.morphologyEx(plain, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        mask = self._touching(plain, slice(0, 3), 0.12)
        if self.horizon is None:
            mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
        soft = _eased(mask, SIDE / 20)
        if self.horizon is None and mask[int(0.75 * self.height) :].mean() < 0.9:  # the ground begins somewhere below
            soft *= 1 - ramp(np.linspace(0, 1, self.height, dtype=np.float32), 0.55, 0.8)[:, None]
        return soft

    @cached_property
    def _sharp(self) -> np.ndarray:
        """Where a colour changes abruptly, as on the rim of a thing; the edge of a cloud is wider. (h, w) bool."""
        double = cv2.resize(self.image, (2 * self.width, 2 * self.height), interpolation=cv2.INTER_AREA)
        lab = cv2.cvtColor(double.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        fine, wide = _colour_steps(lab, 0.8), _colour_steps(lab, 3.0)
        sharp = ((fine > 3.0) & (fine > 1.7 * wide)).astype(np.uint8)  # a step measures 2.9 times, a slope 1
        return cv2.resize(sharp, (self.width, self.height), interpolation=cv2.INTER_AREA) > 0

    @staticmethod
    def _touching(candidate: np.ndarray, rows: slice, share: float) -> np.ndarray:
        """Connected parts of `candidate` that meet the given rows over at least `share` of the width; uint8."""
        count, labels = cv2.connectedComponents(candidate, connectivity=4)
        meeting = np.bincount(labels[rows].ravel(), minlength=count) / labels[rows].size
        meeting[0] = 0
        return np.isin(labels, np.flatnonzero(meeting > share)).astype(np.uint8)

    def _settle(self, above: np.ndarray) -> np.ndarray:
        """Take out of a first guess what has the colours of the other side (GrabCut, Rother 2004, at half size)."""
        half = cv2.resize(self.small, (self.width // 2, self.height // 2), interpolation=cv2.INTER_AREA)
        guess = cv2.resize(above.astype(np.uint8), half.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        labels = np.where(guess > 0, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
        mask = np.isin(_grab_cut(half, labels, 2), (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        mask = cv2.resize(mask.astype(np.float32), (self.width, self.height), interpolation=cv2.INTER_LINEAR)
        return cv2.GaussianBlur(mask, (0, 0), 3)

    @cached_property
    def water(self) -> np.ndarray:
        """Below a horizon, down to the shore: what is plain or has level streaks."""
        if self.horizon is None:
            return np.zeros((self.height, self.width), np.float32)
        energy, _, level = self._structure
        calm = (1 - ramp(np.sqrt(energy), 1.6, 3.2)) + ramp(level, 0.6, 0.85)
        first = self.lab[self.horizon + 4 : self.horizon + 4 + self.height // 10].reshape(-1, 3)
        unlike = np.abs(self.lab - np.median(first, 0)) / np.maximum(first.std(0), (12, 6, 6))
        unlike = cv2.GaussianBlur(unlike.max(2), (0, 0), 1)
        rows = np.arange(self.height)[:, None]
        light = cv2.GaussianBlur(self.light, (0, 0), 1)
        upright = np.abs(cv2.Sobel(light, cv2.CV_32F, 1, 0)) > np.abs(cv2.Sobel(light, cv2.CV_32F, 0, 1))
        stands = cv2.dilate((self._sharp & upright).astype(np.uint8), np.ones((3, 3), np.uint8))
        stands = cv2.morphologyEx(stands, cv2.MORPH_OPEN, np.ones((8, 1), np.uint8))  # reeds, posts, masts; no ripples
        candidate = ((calm > 0.5) & (unlike < 3) & (rows > self.horizon + 1)).astype(np.uint8)
        candidate = cv2.morphologyEx(candidate, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
        candidate = self._touching(candidate, slice(self.horizon + 4, self.horizon + 12), 0.15)
        below = candidate[self.horizon + 6 :]
        candidate[self.horizon + 6 :] = np.minimum.accumulate(below, axis=0)  # whatever stands before it ends it
        still_shore = ramp(rows.astype(np.float32), self.horizon + 1, self.horizon + 14)
        return _eased(candidate * (1 - stands), SIDE / 32) * still_shore

    @cached_property
    def highlights(self) -> np.ndarray:
        """Small bright specks in the dark: stars, lamps (white top-hat)."""
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
        specks = ramp(cv2.morphologyEx(self.light, cv2.MORPH_TOPHAT, kernel), 7, 20)
        specks *= ramp(cv2.GaussianBlur(self.light, (0, 0), 8), 50.0, 28.0)
        return cv2.GaussianBlur(specks * (1 - self.outlines), (0, 0), 0.8)

    @cached_property
    def flat(self) -> np.ndarray:
        """Plain paper, print or black."""
        return parts.flat(self.lab)

    @cached_property
    def plain(self) -> np.ndarray:
        """Flat ground that is nearly white or nearly black."""
        return parts.plain(self.lab, self.flat)

    @cached_property
    def ground(self) -> np.ndarray:
        """(h, w) bool: the one flat colour that a graphic stands on."""
        return parts.ground(self.lab, self.flat)

    @cached_property
    def shapes(self) -> tuple[parts.FreeShape, ...]:
        """What stands free on the ground."""
        return parts.free_shapes(self.ground, self.flat)

    @cached_property
    def border(self) -> np.ndarray:
        """(h, w) bool: a frame round the picture."""
        found = border_of(self.image)
        mask = np.zeros(self.image.shape[:2], np.float32)
        if found is not None:
            mask[border_mask(found, mask.shape)] = 1
        return cv2.resize(mask, (self.width, self.height), interpolation=cv2.INTER_AREA) > 0.5

    @cached_property
    def lights(self) -> np.ndarray:
        """Lamps, screens, neon in the dark."""
        return parts.lamps(self.lab)

    @cached_property
    def fire(self) -> np.ndarray:
        """Bright orange and yellow in the dark."""
        return parts.flames(self.lab)

    @cached_property
    def foliage(self) -> np.ndarray:
        """Dense texture in the colours of leaves and grass."""
        _, a, b = cv2.split(cv2.GaussianBlur(self.lab, (0, 0), 2))
        hue = np.degrees(np.arctan2(b, a)) % 360
        leafy = ramp(hue, 60, 85) * ramp(hue, 190, 165) * ramp(np.hypot(a, b), 5, 11)
        return (self.textured * leafy).astype(np.float32)

    @cached_property
    def hair(self) -> np.ndarray:
        """Dark strands around a face; empty without one."""
        around = cv2.dilate(self.faces, disc(max(3, 0.5 * np.sqrt(float((self.faces > 0.5).sum()) / np.pi))))
        dark = ramp(self.light, 45, 25)
        return cv2.GaussianBlur((around * (1 - self.faces) * dark).astype(np.float32), (0, 0), 2)

    @cached_property
    def stiff(self) -> np.ndarray:
        """1 along straight lines and long clear outlines: what must not bend."""
        lines = (self.outlines > 0.5).astype(np.uint8)
        away = cv2.distanceTransform(1 - lines, cv2.DIST_L2, 5)
        return ramp(away, KEEPING.stiff_reach, 0.3 * KEEPING.stiff_reach).astype(np.float32)

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

    @cached_property
    def saliency(self) -> np.ndarray:
        """0..1, how unlike the colours of the picture's border, weighted to the middle (border prior, Wei 2012)."""
        rim = max(3, self.width // 32)
        edge = np.ones((self.height, self.width), bool)
        edge[rim:-rim, rim:-rim] = False
        samples = np.ascontiguousarray(self.lab[edge][::3])
        cv2.setRNGSeed(1)
        stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
        centres = cv2.kmeans(samples, min(5, len(samples)), None, stop, 2, cv2.KMEANS_PP_CENTERS)[2]  # type: ignore[call-overload]
        unlike = np.min([np.linalg.norm(self.lab - centre, axis=2) for centre in centres], axis=0)
        y, x = np.mgrid[-1 : 1 : self.height * 1j, -1 : 1 : self.width * 1j]
        weighted = cv2.GaussianBlur(unlike.astype(np.float32), (0, 0), 2) * (
            0.35 + 0.65 * np.exp(-1.6 * (x * x + y * y))
        )
        return (weighted / max(float(np.percentile(weighted, 99)), 6.0)).clip(0, 1).astype(np.float32)

    @cached_property
    def subject(self) -> np.ndarray:
        """The thing the picture is of, if it stands out (saliency, then GrabCut); empty if nothing does."""
        nothing = np.zeros((self.height, self.width), np.float32)
        level, mask = cv2.threshold((self.saliency * 255).astype(np.uint8), 0, 1, cv2.THRESH_OTSU)
        inside, outside = self.saliency[mask > 0], self.saliency[mask == 0]
        if not 0.01 < mask.mean() < 0.45 or inside.mean() - outside.mean() < 0.35:
            return nothing
        half = cv2.resize(self.small, (self.width // 2, self.height // 2), interpolation=cv2.INTER_AREA)
        sure = cv2.resize(self.saliency, half.shape[1::-1], interpolation=cv2.INTER_AREA) * 255
        labels = np.where(sure > level, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        labels[sure < level / 3] = cv2.GC_BGD
        labels[:2] = labels[-2:] = labels[:, :2] = labels[:, -2:] = cv2.GC_BGD
        mask = np.isin(_grab_cut(half, labels, 3), (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
        count, parts, stats, _ = cv2.connectedComponentsWithStats(mask)
        areas = stats[1:, cv2.CC_STAT_AREA]
        if count < 2 or not 0.01 < mask.mean() < 0.5:
            return nothing
        kept = np.isin(parts, 1 + np.flatnonzero(areas > 0.2 * areas.max())).astype(np.float32)
        return cv2.GaussianBlur(cv2.resize(kept, (self.width, self.height)), (0, 0), 3)

    @cached_property
    def background(self) -> np.ndarray:
        return 1 - self.subject

    @cached_property
    def faces(self) -> np.ndarray:
        """Ellipses over faces (Viola-Jones cascades of OpenCV 4); empty where OpenCV carries no cascades."""
        mask = np.zeros((self.height, self.width), np.float32)
        if not hasattr(cv2, "CascadeClassifier"):
            return mask
        folder = cv2.data.haarcascades  # pyright: ignore[reportAttributeAccessIssue]
        cascade = cv2.CascadeClassifier(folder + "haarcascade_frontalface_default.xml")
        grey = cv2.cvtColor(self.image, cv2.COLOR_RGB2GRAY)
        zoom = 360 / min(grey.shape)
        grey = cv2.resize(grey, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
        k = self.width / grey.shape[1]
        for x, y, w, h in cascade.detectMultiScale(cv2.equalizeHist(grey), 1.15, 6, minSize=(32, 32)):
            centre = (round((x + w / 2) * k), round((y + h / 2) * k))
            cv2.ellipse(mask, centre, (round(0.62 * w * k), round(0.8 * h * k)), 0, 0, 360, 1.0, -1)
        return cv2.GaussianBlur(mask, (0, 0), 5)

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


def _eased(mask: np.ndarray, reach: float) -> np.ndarray:
    """A uint8 0/1 mask that rises over `reach` px inside its edge; the border of the picture is no edge."""
    framed = cv2.copyMakeBorder(mask, 8, 8, 8, 8, cv2.BORDER_REPLICATE)
    inside = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[8:-8, 8:-8]
    return cv2.GaussianBlur(ramp(inside, 0, reach).astype(np.float32), (0, 0), 2)


def _colour_steps(lab: np.ndarray, scale: float) -> np.ndarray:
    """CIELAB distance per pixel at a scale of `scale` px."""
    lab = cv2.GaussianBlur(lab, (0, 0), scale)
    return np.sqrt((cv2.Sobel(lab, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(lab, cv2.CV_32F, 0, 1) ** 2).sum(2)) / 8


def _segments(double: np.ndarray, shortest: float) -> np.ndarray:
    found = cv2.createLineSegmentDetector().detect(double)[0]
    lines = (
        np.zeros((0, 4)) if found is None else found.reshape(-1, 4) / 2
    )  # (N, 1, 4) with OpenCV 4, (N, 4) with OpenCV 5
    return lines[np.hypot(lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1]) > shortest]


def _grab_cut(image: np.ndarray, labels: np.ndarray, rounds: int) -> np.ndarray:
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    if np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).any() and np.isin(labels, (cv2.GC_BGD, cv2.GC_PR_BGD)).any():
        cv2.grabCut(image, labels, None, *models, rounds, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
    return labels
