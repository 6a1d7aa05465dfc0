"""The CPU motion engine: a still picture becomes one turn of a loop, as its recipe says.

Periodic by construction: every effect makes whole turns in the loop and is zero at its start, so frame 0 is the picture
bit for bit and the frame after the last would be frame 0 again. Every frame is sampled from the picture itself, never
from another frame, so nothing drifts and nothing blurs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from ..errors import ClipError, CoverError
from ..limits import FPS, FRAMES
from ..parallel import in_order
from ..pixels import disc, smoothstep
from .calibration import KEEPING
from .canvas import Canvas
from .effect import Placed
from .recipe import Recipe
from .region import Region, drawn
from .sampling import Sampler, Space, strips
from .scene import Scene
from .streams import Streams
from .waves import Grid, Waves

STILL_REACH = 150.0  # px at 1080: a drift of 15 px that ends over this length bends nothing to the eye; 90 did
_ROWS = 64  # that are rounded together: they stay in the cache of a core
DITHER_SPOT = 1.5  # px at 1080; on 24 covers 1 gives larger files, 3 a larger first step


class Given(NamedTuple):
    """What a person, or a node before this one, says beside the recipe. Masks are of any size, laid over the plate.

    still: above 0.5 nothing moves or changes there, and motion comes up softly around; a recipe that keeps "tone" lets
    light pass over it. mask: painted; effects of region "painted" act there, and when the recipe has none, all of it is
    kept to the mask. depth: (h, w) float, 0..1, near is 1; given one, every parallax of the recipe goes by it.
    """

    still: np.ndarray | None = None
    mask: np.ndarray | None = None
    depth: np.ndarray | None = None


def ambient(
    plate: np.ndarray,
    recipe: Recipe,
    *,
    frames: int,
    fps: float,
    still: np.ndarray | None = None,
    given: Given | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[np.ndarray]:
    """Play a recipe over a picture.

    plate: (H, W, 3) uint8 sRGB. Yields exactly `frames` frames of the same shape; the first equals the plate.
    still: short for `given` with a still mask alone.
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
    return _play(np.ascontiguousarray(plate), recipe, frames, fps, given or Given(still), progress)


def _play(plate, recipe, frames, fps, given, progress) -> Iterator[np.ndarray]:
    stage = Stage(plate, recipe, frames, frames / fps, given)
    for done, frame in enumerate(in_order(stage.frame, range(frames)), 1):
        if progress:
            progress(done, frames)
        yield frame


class Stage:
    """A picture and a recipe, made ready; `frame(i)` renders any frame on its own."""

    def __init__(
        self,
        plate: np.ndarray,
        recipe: Recipe,
        frames: int,
        seconds: float,
        given: Given = Given(),  # noqa: B008
    ):
        self.plate, self.frames = plate, frames
        self._space = Space()
        self.height, self.width = plate.shape[:2]
        self.grid = Grid(self.height, self.width, seconds)
        self.scene = scene = Scene(plate)
        scene.painted, scene.far = given.mask, given.depth
        self._draw(recipe, seconds, given)
        moving = self._hold(recipe, given.still)
        self.held = moving <= 0
        lively = _resized(moving, np.empty((self.height, self.width), np.float32))
        x, y, across, down = cv2.boundingRect((lively < 1).astype(np.uint8))
        self._held = np.s_[y : y + down, x : x + across]
        self._share = np.repeat(lively[self._held][..., None], 3, axis=2)
        self._dither = _dither(self.height, self.width)
        streams = np.abs(self.streams.distance).max(2)
        self._sampler = Sampler(plate, self.grid.scale, self.shift.reach() + streams, streams)

    def _draw(self, recipe: Recipe, seconds: float, given: Given) -> None:
        """Let every effect add its fields to a canvas."""
        grid, scene = self.grid, self.scene
        calm = 1 - grid.resize(scene.faces)
        if "lines" in recipe.keep:
            calm = calm * (1 - grid.resize(scene.stiff))
        self.shift, self.light, self.glow = (Waves((*grid.shape, channels)) for channels in (2, 1, 3))
        self.streams = Streams(grid, np.random.default_rng([recipe.seed, 1]))
        fields = (calm, _held(given.still, grid), self.shift, self.light, self.glow, self.streams)
        canvas = Canvas(scene, grid, self.plate.shape, self.frames, seconds, *fields)
        regions = [effect.region if isinstance(effect, Placed) else Region() for effect in recipe.effects]
        painted = given.mask is not None and not any(region.mask == "painted" for region in regions)
        for index, (effect, region) in enumerate(zip(recipe.effects, regions, strict=True)):
            if given.depth is not None and hasattr(effect, "depth"):
                effect = effect.model_copy(update={"depth": "image"})
            mask = self.region_mask(region)
            mask = mask * grid.resize(scene.mask("painted")) if painted else mask
            effect.draw(canvas, mask, np.random.default_rng([recipe.seed, 2, index]))
        self.gains, self.layers, self.overlays = canvas.gains, canvas.layers, canvas.overlays

    def _hold(self, recipe: Recipe, still: np.ndarray | None) -> np.ndarray:
        """Bring the fields to zero where nothing may move; (h, w) float32, 0 there and 1 where all is free."""
        grid, scene = self.grid, self.scene
        held = _held(still, grid)
        framed = _held(scene.border.astype(np.float32) if "borders" in recipe.keep else None, grid)
        moving = np.ones(grid.shape, np.float32)
        if held.any():
            moving = _moving(held, grid, self._reach() if recipe.keep else np.float32(STILL_REACH))
        if framed.any():
            moving = moving * _moving(framed, grid, self._reach())
        free = grid.border() * moving[..., None]
        self.shift.scale(free)
        self.streams.distance *= free
        tone, light = self._tone(recipe, moving, framed)
        self.light.scale(light[..., None] * tone[..., None])
        self.glow.scale((moving * tone)[..., None] * np.float32((1 - held.mean()) ** 2))  # in gaps it would be blotches
        self._toned = light * tone
        return moving

    def _tone(self, recipe: Recipe, moving: np.ndarray, framed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What of light white and black grounds take, and what is left of it where things are held."""
        if "tone" not in recipe.keep:
            return np.ones_like(moving), moving
        plain = self.scene.plain
        white = plain * (self.scene.light > 50)  # of mottled paper it is patches, whose edges light must not show
        around = cv2.GaussianBlur(cv2.dilate(white, disc(KEEPING.white_reach)), (0, 0), KEEPING.white_reach)
        tone = 1 - (1 - KEEPING.white_light) * self.grid.resize(np.maximum(plain, around))
        light = np.ones_like(moving) if not framed.any() else _moving(framed, self.grid, np.float32(8.0))
        return tone, light

    def _reach(self) -> np.ndarray:
        """(h, w) px over which motion of this size comes up without bending things."""
        most = self.shift.reach() + np.abs(self.streams.distance).max(2)
        most = cv2.GaussianBlur(cv2.dilate(most, np.ones((9, 9))), (0, 0), 6)
        return np.maximum(1.5 / KEEPING.slope * most, KEEPING.reach_least).astype(np.float32)

    def region_mask(self, region: Region) -> np.ndarray:
        """(h, w) float32 on the grid."""
        mask = self.grid.resize(self.scene.mask(region.mask))
        if region.invert:
            mask = 1 - mask
        if region.shapes:
            mask = mask * drawn(region, mask.shape)
        return mask

    def course(self) -> np.ndarray:
        """(h, w, 2) px at 1080: how far and which way each point streams in a turn, and swings at its widest."""
        times = [self.shift.at(t) for t in np.linspace(0, 1, 9)[1:-1]] if self.shift else []
        widest = max(times, key=lambda field: float(np.abs(field).sum()), default=np.zeros_like(self.streams.distance))
        return self.streams.distance + widest

    def frame(self, index: int) -> np.ndarray:
        if index % self.frames == 0:
            return self.plate.copy()
        t = index / self.frames
        frame = self._moved(t)
        for layer in self.layers:
            layer.stamp(frame, t, index)
        flat = frame.reshape(self.height, -1)
        if self.light or self.gains:
            gain = 1 + self.light.at(t)[..., 0]
            for more in self.gains:
                gain += more(t) * self._toned
            for part, strip in strips(gain, *flat.shape, self._space):
                cv2.multiply(flat[:, part], strip, dst=flat[:, part])
        if self.glow:
            for part, strip in strips(self.glow.at(t), self.height, self.width, self._space):
                cv2.add(frame[:, part], strip, dst=frame[:, part])
        if self.overlays:
            self._overlay(frame, t, index)
        return self._rounded(frame)

    def _overlay(self, frame: np.ndarray, t: float, index: int) -> None:
        part = frame[self._held]
        before = part.copy()
        for overlay in self.overlays:
            overlay.stamp(frame, t, index)
        part -= before
        part *= self._share
        part += before

    def _rounded(self, frame: np.ndarray) -> np.ndarray:
        made = np.empty(self.plate.shape, np.uint8)
        for y in range(0, self.height, _ROWS):
            rows = slice(y, y + _ROWS)
            dither = cv2.merge([self._dither[rows]] * 3)
            cv2.add(frame[rows], dither, dst=made[rows], dtype=cv2.CV_8U)
        return made

    def _moved(self, t: float) -> np.ndarray:
        """The picture with its points moved, (H, W, 3) float32, in memory of this thread."""
        frame = self._space.of("frame", *self.plate.shape)
        shift = self.shift.at(t) if self.shift else np.zeros((*self.grid.shape, 2), np.float32)
        if self.streams:
            first, second, share = self.streams.at(t)
            return self._sampler.blended(shift + first, shift + second, share, frame)
        if self.shift:
            return self._sampler.sampled(shift, frame)
        frame[:] = self.plate
        return frame


def _held(still: np.ndarray | None, grid: Grid) -> np.ndarray:
    """(h, w) bool on the grid: every cell that the mask touches."""
    if still is None:
        return np.zeros(grid.shape, bool)
    return cv2.resize((still > 0.5).astype(np.float32), grid.shape[::-1], interpolation=cv2.INTER_AREA) > 0


def _moving(held: np.ndarray, grid: Grid, reach: np.ndarray | np.float32) -> np.ndarray:
    """(h, w) float32 on the grid: 0 where `held`, 1 from `reach` px away (at 1080), smooth between."""
    cell = float(grid.x[0, 1] - grid.x[0, 0])  # px of a 1080 px picture
    away = cv2.distanceTransform((~held).astype(np.uint8), cv2.DIST_L2, 5) - 1  # the next cell touches it
    away = cv2.GaussianBlur(away, (0, 0), 24 / cell) - 12 / cell  # half-way between two parts it would have a ridge
    return (smoothstep(np.clip(away * cell / reach, 0, 1)) * ~held).astype(np.float32)


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
