"""The CPU motion engine: a still picture becomes one turn of a loop, as its recipe says.

Periodic by construction: every effect makes whole turns in the loop and is zero at its start, so frame 0 is the picture
bit for bit and the frame after the last would be frame 0 again. Every frame is sampled from the picture itself, never
from another frame, so nothing drifts and nothing blurs.
"""

from __future__ import annotations

import threading
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
from .scene import Scene
from .streams import Streams
from .waves import Grid, Waves

STILL_REACH = 150.0  # px at 1080: a drift of 15 px that ends over this length bends nothing to the eye; 90 did
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
        self._own = threading.local()
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
        x, y = np.meshgrid(np.arange(self.width, dtype=np.float32), np.arange(self.height, dtype=np.float32))
        self._here = np.dstack([x, y]) * 2
        self._exact = plate.astype(np.float32)
        self._fine = _doubled(self._exact)
        self._dither = np.repeat(_dither(self.height, self.width), 3, axis=1)
        self._tiles = self._cut()
        speed = cv2.resize(np.abs(self.streams.distance).max(2), (self.width, self.height))
        self._still = [part for part in self._tiles if speed[part].max() < 0.1]

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
            cv2.multiply(flat, _resized(gain, self._space("gain", *flat.shape)), dst=flat)
        if self.glow:
            cv2.add(frame, _resized(self.glow.at(t), self._space("glow", *frame.shape)), dst=frame)
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
