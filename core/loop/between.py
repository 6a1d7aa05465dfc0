"""Pictures between two pictures. One descriptor for every interpolator: `name`, and `between(a, b, times)`.

`FlowWarp` needs no weights; `Rife` runs a network whose file the caller gives. Neither knows of clips or loops. Both
only say where each pixel comes from and in what shares; `_Pair` draws the picture, so that it is as sharp and as grainy
as the two that it lies between.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from ..errors import ClipError
from ..pixels import LUMA

FLOW_SIDE = 512
"""DIS flow is found at this shorter side at most: finer flow follows noise, and its time grows with the area."""


@dataclass(frozen=True)
class Grain:
    """Grain that is another one in each frame: standard deviation of each channel (levels), and of the grey picture."""

    channels: tuple[float, float, float]
    grey: float

    @property
    def shows(self) -> bool:
        return max(self.channels) > 0.2  # less is lost in rounding to whole levels

    def drawn(self, shape: tuple[int, int], seed: int) -> np.ndarray:
        """(*shape, 3) float: such grain, white; how alike the channels are follows from that of the grey picture."""
        own = np.array(self.channels, np.float32)
        apart, together = float(((LUMA * own) ** 2).sum()), float((LUMA * own).sum() ** 2)
        alike = float(np.clip((self.grey**2 - apart) / max(together - apart, 1e-6), 0, 1))
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((*shape, 3), np.float32) * np.float32((1 - alike) ** 0.5)
        if alike > 0:
            noise += rng.standard_normal((*shape, 1), np.float32) * np.float32(alike**0.5)
        return noise * own


class Interpolator(Protocol):
    name: str

    def between(
        self, a: np.ndarray, b: np.ndarray, times: Sequence[float], grain: Grain | None = None, seed: int = 0
    ) -> list[np.ndarray]:
        """a, b: (H, W, 3) uint8 RGB of one size; times in 0..1. Returns one (H, W, 3) uint8 picture for each time.

        grain: what both have of their own, and each picture gets of its own (another one for another seed).
        """
        ...


class FlowWarp:
    """Both pictures warped along optical flow and blended where both are seen.

    Flow: DIS (Kroeger et al. 2016), OpenCV. The flow at a time between is found by inverting `p + t * flow(p)` with a
    fixed-point iteration. A pixel whose flow there and back does not return (Sundaram et al. 2010) is covered in the
    other picture, and is taken from the one that shows it.
    """

    name = "flow warp (DIS)"

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # pyright: ignore[reportAttributeAccessIssue]

    def between(
        self, a: np.ndarray, b: np.ndarray, times: Sequence[float], grain: Grain | None = None, seed: int = 0
    ) -> list[np.ndarray]:
        _check(a, b)
        pair = _Pair(a, b, grain, seed)
        forth, back = self.flow(a, b), self.flow(b, a)
        lost_a, lost_b = _lost(forth, back), _lost(back, forth)
        forth, back = _mended(forth, lost_a), _mended(back, lost_b)
        return [pair.drawn(*_shared(forth, back, lost_a, lost_b, float(time)), float(time)) for time in times]

    def flow(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """(h, w, 2): where each pixel of a lies in b, in pixels of this size, at most FLOW_SIDE."""
        scale = min(1.0, FLOW_SIDE / min(a.shape[:2]))
        size = max(16, round(a.shape[1] * scale)), max(16, round(a.shape[0] * scale))
        grey = [cv2.resize(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA) for p in (a, b)]
        return self._dis.calc(grey[0], grey[1], None)


def _shared(
    forth: np.ndarray, back: np.ndarray, lost_a: np.ndarray, lost_b: np.ndarray, time: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offsets into a and b for the picture at `time`, and the share of b, (h, w)."""
    to_a, unsure_a = _inverted(forth, time, lost_a)
    to_b, unsure_b = _inverted(back, 1 - time, lost_b)
    # nothing at the ends, so that the picture leaves a and arrives at b without a jump where flow has failed
    trust = 4 * time * (1 - time)
    weight_a, weight_b = (1 - time) * np.exp(-trust * unsure_a), time * np.exp(-trust * unsure_b)
    return to_a, to_b, weight_b / np.maximum(weight_a + weight_b, 1e-6)


@functools.lru_cache(maxsize=4)
def _pattern(height: int, width: int) -> np.ndarray:
    x, y = _grid(height, width)
    apart = [5.588238 * channel for channel in range(3)]  # or the grey picture would have all of it
    return np.stack(
        [np.modf(52.9829189 * np.modf(0.06711056 * (x + by) + 0.00583715 * (y + by))[0])[0] for by in apart], 2
    )


def _bytes(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) float to uint8 through a pattern that stands still (interleaved gradient noise, Jimenez 2014).

    Plain rounding makes one step out of each slow change by a level or two, at the same moment in the whole picture.
    """
    return np.clip(picture + _pattern(*picture.shape[:2]), 0, 255).astype(np.uint8)


def _grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return x, y


def _sample(field: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _lost(forth: np.ndarray, back: np.ndarray) -> np.ndarray:
    """How far a pixel is from returning, 0 = returns, as a multiple of Sundaram's tolerance; smoothed over 5 pixels."""
    x, y = _grid(*forth.shape[:2])
    there = _sample(back, x + forth[..., 0], y + forth[..., 1])
    miss = ((forth + there) ** 2).sum(-1)
    size = (forth**2).sum(-1) + (there**2).sum(-1)
    return cv2.GaussianBlur(np.minimum(miss / (0.01 * size + 0.5), 3.0).astype(np.float32), (5, 5), 0)


def _mended(flow: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Lost pixels take the flow of those around them that are not: a clean dissolve there instead of torn edges."""
    trust = np.exp(-2 * lost)[..., None]
    around = (
        cv2.GaussianBlur(flow * trust, (0, 0), 12.0)
        / np.maximum(cv2.GaussianBlur(trust, (0, 0), 12.0), 1e-4)[..., None]
    )
    return flow * trust + around * (1 - trust)


def _inverted(flow: np.ndarray, time: float, lost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel of the picture at `time`: the offset to where it came from, and how unsure that place is."""
    x, y = _grid(*flow.shape[:2])
    offset = -time * flow
    for _ in range(4):
        before, offset = offset, -time * _sample(flow, x + offset[..., 0], y + offset[..., 1])
    astray = ((offset - before) ** 2).sum(-1)  # where nothing comes from, the iteration does not settle
    unsure = _sample(lost, x + offset[..., 0], y + offset[..., 1]) + np.minimum(astray, 3.0)
    return offset, cv2.GaussianBlur(np.minimum(unsure, 3.0), (5, 5), 0)


class _Pair:
    """Two pictures, ready for drawing what lies between them."""

    def __init__(self, a: np.ndarray, b: np.ndarray, grain: Grain | None, seed: int) -> None:
        self._pictures = a.astype(np.float32), b.astype(np.float32)
        self._energies = _energy(_fine(self._pictures[0])), _energy(_fine(self._pictures[1]))
        self._grain, self._seed = (grain, seed) if grain is not None and grain.shows else (None, seed)

    def drawn(self, to_a: np.ndarray, to_b: np.ndarray, share: np.ndarray, time: float) -> np.ndarray:
        """The picture that takes from a at x + to_a(x) and, as much as `share` says, from b at x + to_b(x).

        Two pictures that do not quite fit blur each other where they are blended. So the local energy of what a
        Gaussian (0.8 px) leaves over is brought back to that of the places the pixels come from, by a gain of at most
        two. Grain is averaged away and dragged along: its energy is taken out of that, and fresh grain laid on, so that
        an in-between has grain of its own as a frame has, and its steps are as large.
        """
        height, width = self._pictures[0].shape[:2]
        first, second = (_warped(p, to, (height, width)) for p, to in zip(self._pictures, (to_a, to_b), strict=True))
        share = cv2.resize(share, (width, height), interpolation=cv2.INTER_LINEAR)
        picture = first + (second - first) * share[..., None]
        fine = _fine(picture)
        have = _energy(fine)
        small = have.shape
        from_a, from_b = (_warped(e, to, small) for e, to in zip(self._energies, (to_a, to_b), strict=True))
        wanted = from_a + (from_b - from_a) * cv2.resize(share, small[::-1], interpolation=cv2.INTER_AREA)
        whole = (width, height)
        if self._grain is not None:
            white = _FINE_OF_WHITE * float(np.square(self._grain.channels).mean())
            kept = cv2.resize((1 - share) ** 2 + share**2, small[::-1], interpolation=cv2.INTER_AREA)
            kept *= np.clip(1 - white / np.maximum(wanted, 0.05), 0, 1)  # hardly any where there is nothing but grain
            lacking = 1 - _PREDICTED * kept
            wanted = np.maximum(wanted - lacking * white, 0)
            fresh = self._grain.drawn((height, width), round(time * 1e6) + self._seed * 1_000_003)
            fresh *= np.sqrt(cv2.resize(lacking, whole, interpolation=cv2.INTER_LINEAR))[..., None]
        gain = np.sqrt(np.clip(wanted / np.maximum(have, 0.05), 0.0 if self._grain else 1.0, 4.0))
        picture += fine * (cv2.resize(gain, whole, interpolation=cv2.INTER_LINEAR) - 1)[..., None]
        if self._grain is not None:
            picture += fresh
        return _bytes(picture)


def _warped(field: np.ndarray, offset: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`field` (pictures: (H, W, 3), Lanczos; (h, w): bilinear) sampled at x + offset; both fitted to `size`."""
    height, width = size
    scale = np.array([width / offset.shape[1], height / offset.shape[0]], np.float32)
    kernel = cv2.INTER_LINEAR if offset.shape[0] <= height else cv2.INTER_AREA
    x, y = _grid(height, width)
    full = cv2.resize(offset, (width, height), interpolation=kernel) * scale
    how = cv2.INTER_LANCZOS4 if field.ndim == 3 else cv2.INTER_LINEAR
    return cv2.remap(field, x + full[..., 0], y + full[..., 1], how, borderMode=cv2.BORDER_REFLECT_101)


_RIFE_TIMES = (0.25, 0.5, 0.75)
"""Times that RIFE is asked for. In between, and from there to the ends, the motion is taken to go on evenly: it
snaps short ways to whole pixels, and near the ends it gives a or b themselves, a stall and then a jump. On one pair of
a sway, at five times, this was between 0.2 dB worse and 3.9 dB better than asking for each time (mean: 0.6 dB with 4.0,
1.3 dB with 4.26), and it takes less time."""


class Rife:
    """RIFE 4.0, 4.25 or 4.26 from a weights file; see `rife`. device: "cpu", "cuda", "mps" or a torch device.

    The network finds the motion; the picture is drawn from it here, since its own last step samples bilinearly, which
    halves the finest detail.

    Raises:
        ModelError: the file is missing, is not a state dict, or holds another version.
    """

    def __init__(self, path: str | Path, device: str = "cpu") -> None:
        from . import rife

        self._network = rife.load(path, device)
        self._multiple = rife.MULTIPLE
        self._device = device
        self.name = f"RIFE {self._network.version}"

    def between(
        self, a: np.ndarray, b: np.ndarray, times: Sequence[float], grain: Grain | None = None, seed: int = 0
    ) -> list[np.ndarray]:
        _check(a, b)
        pair = _Pair(a, b, grain, seed)
        motion = self._motion(a, b)
        out = []
        for time in times:
            at = float(np.clip(time, _RIFE_TIMES[0], _RIFE_TIMES[-1]))
            upper = next(i for i, node in enumerate(_RIFE_TIMES) if node >= at)
            speeds = motion(_RIFE_TIMES[upper])
            if at < _RIFE_TIMES[upper]:
                part = (_RIFE_TIMES[upper] - at) / (_RIFE_TIMES[upper] - _RIFE_TIMES[upper - 1])
                speeds = speeds + (motion(_RIFE_TIMES[upper - 1]) - speeds) * np.float32(part)
            share = speeds[..., 4]
            if time < at:
                share = share * np.float32(time / at)
            elif time > at:
                share = 1 - (1 - share) * np.float32((1 - time) / (1 - at))
            to_a, to_b = speeds[..., 0:2] * np.float32(time), speeds[..., 2:4] * np.float32(1 - time)
            out.append(pair.drawn(to_a, to_b, share, float(time)))
        return out

    def _motion(self, a: np.ndarray, b: np.ndarray) -> Callable[[float], np.ndarray]:
        """A function that asks the network once for each time: (H, W, 5), speeds towards a and b, share of b."""
        import torch

        height, width = a.shape[:2]
        below, right = -height % self._multiple, -width % self._multiple
        tensors = []
        for picture in (a, b):
            padded = np.pad(picture, ((0, below), (0, right), (0, 0)), mode="edge")
            tensor = torch.from_numpy(padded.transpose(2, 0, 1)[None].copy()).to(self._device)
            tensors.append(tensor.float() / 255)

        @functools.cache
        def at(time: float) -> np.ndarray:
            with torch.inference_mode():
                flow, mask = self._network.motion(tensors[0], tensors[1], time)
                both = torch.cat((flow[:, :2] / time, flow[:, 2:] / (1 - time), 1 - mask), 1)[0, :, :height, :width]
                return both.permute(1, 2, 0).contiguous().cpu().numpy()

        return at


def _check(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape or a.dtype != np.uint8 or b.dtype != np.uint8 or a.ndim != 3 or a.shape[2] != 3:
        raise ClipError(
            f"pictures are {a.dtype} {a.shape} and {b.dtype} {b.shape}; give two (H, W, 3) uint8 of one size"
        )


def load_interpolator(weights: str | Path | None = None, device: str = "cpu") -> Interpolator:
    """RIFE from a weights file, or the flow warp without one. Raises ModelError, see `Rife`."""
    return FlowWarp() if weights is None else Rife(weights, device)


def grain_of(a: np.ndarray, b: np.ndarray) -> Grain:
    """The grain of two neighbouring frames, (H, W, 3) uint8: what their motion does not carry from one to the other.

    Texture that moves along is none. Strength as in Immerkaer, "Fast Noise Variance Estimation" (1996), with medians,
    of the difference that is left after warping; never more than the picture itself shows. Rounding is taken off.
    """
    flow = FlowWarp().flow(b, a)
    carried = _warped(a.astype(np.float32), flow, b.shape[:2])
    now = b.astype(np.float32)
    own = []
    for weights in (*np.eye(3, dtype=np.float32), LUMA):
        left, whole = _noise((now - carried) @ weights) ** 2 / 2, _noise(now @ weights) ** 2
        rounding = float((weights**2).sum()) / 12
        own.append(max(0.0, min(left, whole) - rounding) ** 0.5)
    return Grain((own[0], own[1], own[2]), own[3])


def usual_grain(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> Grain:
    """The median of `grain_of` over pairs of neighbours."""
    found = np.median([(*grain.channels, grain.grey) for grain in (grain_of(a, b) for a, b in pairs)], axis=0)
    return Grain((float(found[0]), float(found[1]), float(found[2])), float(found[3]))


def _fine(image: np.ndarray) -> np.ndarray:
    return image - cv2.GaussianBlur(image, (0, 0), 0.8)


_PREDICTED = 0.5
"""How much of the grain that is dragged along counts as grain. 1 is right before encoding; an encoder predicts what
moves along, and codes it coarser: in the decoded file 0 is nearest to the frames around. Half is near in both."""
_FINE_OF_WHITE = float(np.square(_fine(np.pad(np.ones((1, 1), np.float32), 8))).sum())
"""Energy that `_fine` leaves of white noise of unit strength."""


def _energy(fine: np.ndarray) -> np.ndarray:
    """Mean square over channels and about 12 px around, at a quarter of the size: (h, w) float."""
    square = np.einsum("hwc,hwc->hw", fine, fine) / 3
    size = max(1, fine.shape[1] // 4), max(1, fine.shape[0] // 4)
    return cv2.GaussianBlur(cv2.resize(square, size, interpolation=cv2.INTER_AREA), (0, 0), 3.0)


def _noise(image: np.ndarray) -> float:
    """Standard deviation of the white noise of an (H, W) float picture."""
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    every = max(1, min(image.shape) // 256)
    return float(np.median(np.abs(cv2.filter2D(image, cv2.CV_32F, mask)[::every, ::every]))) / (0.6745 * 6)
