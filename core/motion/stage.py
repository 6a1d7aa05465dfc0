"""The CPU motion engine: a still picture becomes one turn of a loop, as its recipe says.

Periodic by construction: every effect makes whole turns in the loop and is zero at its start, so frame 0 is the picture
bit for bit and the frame after the last would be frame 0 again. Every frame is sampled from the picture itself, never
from another frame, so nothing drifts and nothing blurs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import cv2
import numpy as np

from ..errors import ClipError, CoverError
from ..limits import FPS, FRAMES
from ..parallel import in_order
from ..pixels import smoothstep
from .canvas import Canvas
from .effect import Placed
from .recipe import Recipe
from .region import Region, drawn
from .scene import Scene
from .streams import Streams
from .waves import Grid, Waves

STILL_REACH = 150.0  # px at 1080: a drift of 15 px that ends over this length bends nothing to the eye; 90 did
DITHER_SPOT = 1.5  # px at 1080; on 24 covers 1 gives larger files, 3 a larger first step


def ambient(
    plate: np.ndarray,
    recipe: Recipe,
    *,
    frames: int,
    fps: float,
    still: np.ndarray | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[np.ndarray]:
    """Play a recipe over a picture.

    plate: (H, W, 3) uint8 sRGB. Yields exactly `frames` frames of the same shape; the first equals the plate.
    still: a mask of any size, laid over the whole plate: above 0.5 nothing moves or changes there, and motion comes up
    softly around.
    `progress(done, total)` is called after each frame. Deterministic, whatever the number of cores.

    Raises:
        CoverError: plate is not (H, W, 3) uint8. ClipError: frames or fps beyond `limits`.
    """
    if plate.ndim != 3 or plate.shape[2] != 3 or plate.dtype != np.uint8 or min(plate.shape[:2]) < 16:
        raise CoverError(f"plate: {plate.shape} {plate.dtype}; give (height, width, 3) uint8, at least 16 px")
    if not FRAMES.holds(frames):
        raise ClipError(f"frames: {frames}; give {FRAMES}")
    if not FPS.holds(fps):
        raise ClipError(f"fps: {fps}; give {FPS}")
    return _play(np.ascontiguousarray(plate), recipe, frames, fps, still, progress)


def _play(plate, recipe, frames, fps, still, progress) -> Iterator[np.ndarray]:
    stage = Stage(plate, recipe, frames, frames / fps, still)
    for done, frame in enumerate(in_order(stage.frame, range(frames)), 1):
        if progress:
            progress(done, frames)
        yield frame


class Stage:
    """A picture and a recipe, made ready; `frame(i)` renders any frame on its own."""

    def __init__(self, plate: np.ndarray, recipe: Recipe, frames: int, seconds: float, still: np.ndarray | None = None):
        self.plate, self.frames = plate, frames
        self._own = threading.local()
        self.height, self.width = plate.shape[:2]
        self.grid = grid = Grid(self.height, self.width, seconds)
        self.scene = scene = Scene(plate)
        self.shift, self.light = Waves((*grid.shape, 2)), Waves((*grid.shape, 1))
        self.streams = Streams(grid, np.random.default_rng([recipe.seed, 1]))
        calm = 1 - grid.resize(scene.faces)
        canvas = Canvas(scene, grid, plate.shape, frames, seconds, calm, self.shift, self.light, self.streams)
        for index, effect in enumerate(recipe.effects):
            region = effect.region if isinstance(effect, Placed) else Region()
            effect.draw(canvas, self._mask(region), np.random.default_rng([recipe.seed, 2, index]))
        self.overlays = canvas.overlays
        moving = np.ones(grid.shape, np.float32) if still is None else _moving(still, grid)
        lively = _resized(moving, np.empty((self.height, self.width), np.float32))
        x, y, across, down = cv2.boundingRect((lively < 1).astype(np.uint8))
        self._held = np.s_[y : y + down, x : x + across]
        self._share = np.repeat(lively[self._held][..., None], 3, axis=2)
        free = grid.border() * moving[..., None]
        self.shift.scale(free)
        self.streams.distance *= free
        self.light.scale(moving[..., None])
        x, y = np.meshgrid(np.arange(self.width, dtype=np.float32), np.arange(self.height, dtype=np.float32))
        self._here = np.dstack([x, y]) * 2
        self._exact = plate.astype(np.float32)
        self._fine = _doubled(self._exact)
        self._dither = np.repeat(_dither(self.height, self.width), 3, axis=1)
        self._tiles = self._cut()
        speed = cv2.resize(np.abs(self.streams.distance).max(2), (self.width, self.height))
        self._still = [part for part in self._tiles if speed[part].max() < 0.1]

    def _mask(self, region: Region) -> np.ndarray:
        """(h, w) float32 on the grid."""
        mask = self.grid.resize(self.scene.mask(region.mask))
        if region.invert:
            mask = 1 - mask
        if region.shapes:
            mask = mask * drawn(region, mask.shape)
        return mask

    def frame(self, index: int) -> np.ndarray:
        if index % self.frames == 0:
            return self.plate.copy()
        t = index / self.frames
        frame = self._moved(t)
        flat = frame.reshape(self.height, -1)
        if self.light:
            gain = 1 + self.light.at(t)[..., 0]
            cv2.multiply(flat, _resized(gain, self._space("gain", *flat.shape)), dst=flat)
        part = frame[self._held]
        before = part.copy()
        for overlay in self.overlays:
            overlay.stamp(frame, t, index)
        part -= before
        part *= self._share
        part += before
        return cv2.add(flat, self._dither, dtype=cv2.CV_8U).reshape(self.plate.shape)

    def _moved(self, t: float) -> np.ndarray:
        frame = self._space("frame", *self.plate.shape)
        shift = self.shift.at(t) if self.shift else np.zeros((*self.grid.shape, 2), np.float32)
        if not self.streams:
            if not self.shift:
                frame[:] = self._exact
                return frame
            return self._sample(self._places("places", shift), frame)
        first, second, share = self.streams.at(t)
        first, second = self._places("places", shift + first), self._places("places of the second", shift + second)
        share = _resized(share, self._space("share", self.height, self.width))
        for part in self._tiles:  # most tiles need one of the two samples only
            least, most = float(share[part].min()), float(share[part].max())
            if most <= 0 or part in self._still:
                self._sample(first[part], frame[part])
            elif least >= 1:
                self._sample(second[part], frame[part])
            else:
                samples = self._sample(first[part]), self._sample(second[part])
                frame[part] = cv2.blendLinear(*samples, 1 - share[part], np.ascontiguousarray(share[part]))
        return frame

    def _space(self, name: str, *shape: int) -> np.ndarray:
        """Memory of this thread to work in, float32: fresh memory for each frame would take longer than the work."""
        spaces = self._own.__dict__
        if name not in spaces:
            spaces[name] = np.empty(shape, np.float32)
        return spaces[name]

    def _places(self, name: str, shift: np.ndarray) -> np.ndarray:
        """Where each pixel is sampled, (H, W, 2) float32 px of the doubled picture."""
        places = self._space(name, self.height, self.width, 2)
        return cv2.add(_resized(shift * np.float32(2 * self.grid.scale), places), self._here, dst=places)

    def _sample(self, places: np.ndarray, into: np.ndarray | None = None) -> np.ndarray:
        border = cv2.BORDER_REFLECT_101
        return cv2.remap(self._fine, places, None, cv2.INTER_LINEAR, dst=into, borderMode=border)  # type: ignore[call-overload]

    def _cut(self) -> list[tuple[slice, slice]]:
        size = 120
        return [
            (slice(y, min(y + size, self.height)), slice(x, min(x + size, self.width)))
            for y in range(0, self.height, size)
            for x in range(0, self.width, size)
        ]


def _moving(still: np.ndarray, grid: Grid) -> np.ndarray:
    """(h, w) float32 on the grid: 0 where `still` is above 0.5, 1 from STILL_REACH away, smooth between."""
    calm = cv2.resize((still > 0.5).astype(np.float32), grid.shape[::-1], interpolation=cv2.INTER_AREA) > 0
    if not calm.any():
        return np.ones(grid.shape, np.float32)
    cell = float(grid.x[0, 1] - grid.x[0, 0])  # px of a 1080 px picture
    away = cv2.distanceTransform((~calm).astype(np.uint8), cv2.DIST_L2, 5) - 1  # the next cell touches it
    away = cv2.GaussianBlur(away, (0, 0), 24 / cell) - 12 / cell  # half-way between two parts it would have a ridge
    return smoothstep(np.clip(away * cell / STILL_REACH, 0, 1) * ~calm).astype(np.float32)


def _doubled(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32 -> (2H, 2W, 3): every other value is the picture's own, the rest Lanczos-3 (Duchon 1979).

    Bilinear sampling of this takes a third of the time of bicubic sampling of the picture, blurs less half-way between
    pixels, and OpenCV, which rounds places to 1/32 px, is twice as exact.
    """
    offsets = np.arange(-2, 4) - 0.5
    taps = np.sinc(offsets) * np.sinc(offsets / 3)
    taps = (taps / taps.sum()).astype(np.float32)
    height, width = picture.shape[:2]
    fine = np.empty((2 * height, 2 * width, 3), np.float32)
    fine[::2, ::2] = picture
    fine[::2, 1::2] = cv2.filter2D(picture, -1, taps[None], anchor=(2, 0))
    rows = np.ascontiguousarray(fine[::2])
    fine[1::2] = cv2.filter2D(rows, -1, taps[:, None], anchor=(0, 2))
    return fine


def _resized(field: np.ndarray, into: np.ndarray) -> np.ndarray:
    return cv2.resize(field, into.shape[1::-1], dst=into, interpolation=cv2.INTER_LINEAR)


def _dither(height: int, width: int) -> np.ndarray:
    """A still pattern within -0.5..0.5 that is added before rounding.

    Without it slow motion in plain parts would stand still around frame 0, where every value is a whole number, until
    it has gathered half a level. With it the values step at different times, and whole numbers stay what they are. It
    is soft (spots of some px), which costs the encoder less than white noise and leaves sharpness alone.
    """
    noise = np.random.default_rng(0).standard_normal((height, width)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), DITHER_SPOT * min(height, width) / 1080)
    return 0.499 * np.tanh(noise * np.float32(0.8 / noise.std()))
