"""Pictures between two pictures. One descriptor for every interpolator: `name`, and `between(a, b, times)`.

`FlowWarp` needs no weights; `Rife` runs a network whose file the caller gives. Neither knows of clips or loops.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from .errors import ClipError

FLOW_SIDE = 512
"""DIS flow is found at this shorter side at most: finer flow follows noise, and its time grows with the area."""


class Interpolator(Protocol):
    name: str

    def between(self, a: np.ndarray, b: np.ndarray, times: Sequence[float]) -> list[np.ndarray]:
        """a, b: (H, W, 3) uint8 RGB of one size; times in 0..1. Returns one (H, W, 3) uint8 picture for each time."""
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

    def between(self, a: np.ndarray, b: np.ndarray, times: Sequence[float]) -> list[np.ndarray]:
        _check(a, b)
        forth, back = self._flow(a, b), self._flow(b, a)
        lost_a, lost_b = _lost(forth, back), _lost(back, forth)
        forth, back = _mended(forth, lost_a), _mended(back, lost_b)
        return [self._at(a, b, forth, back, lost_a, lost_b, float(time)) for time in times]

    def _flow(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        scale = min(1.0, FLOW_SIDE / min(a.shape[:2]))
        size = max(16, round(a.shape[1] * scale)), max(16, round(a.shape[0] * scale))
        grey = [cv2.resize(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA) for p in (a, b)]
        return self._dis.calc(grey[0], grey[1], None)

    def _at(
        self,
        a: np.ndarray,
        b: np.ndarray,
        forth: np.ndarray,
        back: np.ndarray,
        lost_a: np.ndarray,
        lost_b: np.ndarray,
        time: float,
    ) -> np.ndarray:
        to_a, unsure_a = _inverted(forth, time, lost_a)
        to_b, unsure_b = _inverted(back, 1 - time, lost_b)
        # nothing at the ends, so that the picture leaves a and arrives at b without a jump where flow has failed
        trust = 4 * time * (1 - time)
        weight_a, weight_b = (1 - time) * np.exp(-trust * unsure_a), time * np.exp(-trust * unsure_b)
        share = weight_b / np.maximum(weight_a + weight_b, 1e-6)
        height, width = a.shape[:2]
        share = cv2.resize(share, (width, height), interpolation=cv2.INTER_LINEAR)[..., None]
        from_a, from_b = _warped(a, to_a).astype(np.float32), _warped(b, to_b)
        return _bytes(from_a + (from_b - from_a) * share)


@functools.lru_cache(maxsize=4)
def _pattern(height: int, width: int) -> np.ndarray:
    x, y = _grid(height, width)
    return np.modf(52.9829189 * np.modf(0.06711056 * x + 0.00583715 * y)[0])[0][..., None]


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


def _warped(picture: np.ndarray, offset: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    scale = np.array([width / offset.shape[1], height / offset.shape[0]], np.float32)
    full = cv2.resize(offset, (width, height), interpolation=cv2.INTER_LINEAR) * scale
    x, y = _grid(height, width)
    return cv2.remap(picture, x + full[..., 0], y + full[..., 1], cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT_101)


class Rife:
    """RIFE 4.0, 4.25 or 4.26 from a weights file; see `core.rife`. device: "cpu", "cuda", "mps" or a torch device.

    Raises:
        ModelError: the file is missing, is not a state dict, or holds another version.
    """

    def __init__(self, path: str | Path, device: str = "cpu") -> None:
        from . import rife

        self._network = rife.load(path, device)
        self._multiple = rife.MULTIPLE
        self._device = device
        self.name = f"RIFE {self._network.version}"

    def between(self, a: np.ndarray, b: np.ndarray, times: Sequence[float]) -> list[np.ndarray]:
        import torch

        _check(a, b)
        height, width = a.shape[:2]
        below, right = -height % self._multiple, -width % self._multiple
        out = []
        with torch.inference_mode():
            pair = []
            for picture in (a, b):
                padded = np.pad(picture, ((0, below), (0, right), (0, 0)), mode="edge")
                tensor = torch.from_numpy(padded.transpose(2, 0, 1)[None].copy()).to(self._device)
                pair.append(tensor.float() / 255)
            for time in times:
                between = self._network(*pair, float(time))[0, :, :height, :width]
                out.append(_bytes((between * 255).permute(1, 2, 0).cpu().numpy()))
        return out


def _check(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape or a.dtype != np.uint8 or b.dtype != np.uint8 or a.ndim != 3 or a.shape[2] != 3:
        raise ClipError(
            f"pictures are {a.dtype} {a.shape} and {b.dtype} {b.shape}; give two (H, W, 3) uint8 of one size"
        )


def load_interpolator(weights: str | Path | None = None, device: str = "cpu") -> Interpolator:
    """RIFE from a weights file, or the flow warp without one. Raises ModelError, see `Rife`."""
    return FlowWarp() if weights is None else Rife(weights, device)


def keep_detail(picture: np.ndarray, a: np.ndarray, b: np.ndarray, time: float) -> np.ndarray:
    """Give back the fine contrast that blending two pictures takes away, so that a join is as sharp as its neighbours.

    First the local energy of what a Gaussian (0.8 px) leaves over is brought to that of a and b at this time, by a gain
    of at most two, never under one. Then grain that averaging took is laid on again (grey, white, the same for the
    same time): its strength is measured as in Immerkaer, "Fast Noise Variance Estimation" (1996), with medians.
    picture, a, b: (H, W, 3) uint8. time: 0 = a, 1 = b.
    """
    height, width = picture.shape[:2]
    fine = _fine(picture)
    have, from_a, from_b = (_energy(over) for over in (fine, _fine(a), _fine(b)))
    gain = np.sqrt(np.clip(((1 - time) * from_a + time * from_b) / np.maximum(have, 0.05), 1.0, 4.0))
    sharp = picture + fine * (cv2.resize(gain, (width, height), interpolation=cv2.INTER_LINEAR) - 1)[..., None]
    missing = (1 - time) * _grain(a) ** 2 + time * _grain(b) ** 2 - _grain(sharp) ** 2
    if missing > 0.15:  # less is the rounding to whole levels
        noise = np.random.default_rng(round(time * 1e6)).standard_normal(a.shape[:2], np.float32)
        sharp += noise[..., None] * np.float32(min(missing, 25.0) ** 0.5)
    return _bytes(sharp)


def _fine(image: np.ndarray) -> np.ndarray:
    whole = image.astype(np.float32)
    return whole - cv2.GaussianBlur(whole, (0, 0), 0.8)


def _energy(fine: np.ndarray) -> np.ndarray:
    """Mean square over channels and about 12 px around, at a quarter of the size: (h, w) float."""
    square = np.einsum("hwc,hwc->hw", fine, fine) / 3
    size = max(1, fine.shape[1] // 4), max(1, fine.shape[0] // 4)
    return cv2.GaussianBlur(cv2.resize(square, size, interpolation=cv2.INTER_AREA), (0, 0), 3.0)


def _grain(image: np.ndarray) -> float:
    """Standard deviation of the grain of the grey picture, levels."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    every = max(1, min(grey.shape) // 256)
    return float(np.median(np.abs(cv2.filter2D(grey, cv2.CV_32F, mask)[::every, ::every]))) / (0.6745 * 6)
