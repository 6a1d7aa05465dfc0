"""What drawing asks of pictures in floats: on the host by OpenCV, on a device by torch, to the same figures.

`flow` and `draw` are written once, over either kind of array: (h, w) or (h, w, C) float32, `+ - * /`, slices, `sum` and
`clip` are the same in both; the rest is here. torch does as OpenCV does: borders, kernels, and places sampled at
thirty-seconds of a pixel.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import numpy as np

if TYPE_CHECKING:
    import torch

Plane = Any
"""(h, w) or (h, w, C) float32: an array, or a tensor on its device."""


class Planes(Protocol):
    def put(self, array: np.ndarray) -> Plane:
        """An array of the host, as float32."""
        ...

    def exp(self, plane: Plane) -> Plane: ...

    def blurred(self, plane: Plane, sigma: float) -> Plane:
        """Gaussian; sigma 0: over 5 px."""
        ...

    def fitted(self, plane: Plane, height: int, width: int) -> Plane:
        """Bilinear where it grows, area averages where it shrinks."""
        ...

    def sampled(self, plane: Plane, offset: Plane) -> Plane:
        """(h, w[, C]) at x + offset, (h, w, 2), bilinear; the last pixel goes on beyond the border."""
        ...

    def redrawn(self, picture: Plane, offset: Plane) -> Plane:
        """(h, w, 3) at x + offset, Lanczos (8 px); mirrored at the border."""
        ...

    def bytes(self, picture: Plane) -> np.ndarray:
        """(h, w, 3), cut off to whole levels 0..255: uint8, on the host."""
        ...


class OnHost:
    """numpy and OpenCV."""

    def put(self, array: np.ndarray) -> np.ndarray:
        return array.astype(np.float32, copy=False)

    def exp(self, plane: np.ndarray) -> np.ndarray:
        return np.exp(plane)

    def blurred(self, plane: np.ndarray, sigma: float) -> np.ndarray:
        return cv2.GaussianBlur(plane, (0, 0) if sigma else (5, 5), sigma)

    def fitted(self, plane: np.ndarray, height: int, width: int) -> np.ndarray:
        if plane.shape[:2] == (height, width):
            return plane
        kernel = cv2.INTER_AREA if height < plane.shape[0] else cv2.INTER_LINEAR
        return cv2.resize(plane, (width, height), interpolation=kernel)

    def sampled(self, plane: np.ndarray, offset: np.ndarray) -> np.ndarray:
        return _remapped(plane, offset, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)

    def redrawn(self, picture: np.ndarray, offset: np.ndarray) -> np.ndarray:
        return _remapped(picture, offset, cv2.INTER_LANCZOS4, cv2.BORDER_REFLECT_101)

    def bytes(self, picture: np.ndarray) -> np.ndarray:
        return picture.clip(0, 255).astype(np.uint8)


def _remapped(plane: np.ndarray, offset: np.ndarray, kernel: int, border: int) -> np.ndarray:
    x, y = _grid(*offset.shape[:2])
    return cv2.remap(plane, x + offset[..., 0], y + offset[..., 1], kernel, borderMode=border)


@functools.lru_cache(maxsize=8)
def _grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return x, y


_PARTS = 32
"""Of a pixel: how finely OpenCV samples."""


class OnDevice:
    """torch, on `device`."""

    def __init__(self, device: Any) -> None:
        import torch

        self._torch, self._device = torch, torch.device(device)
        phase = np.arange(_PARTS)[:, None] / _PARTS
        self._lanczos = self.put(_lanczos(phase - np.arange(-3, 5)))

    def put(self, array: np.ndarray) -> torch.Tensor:
        return self._torch.from_numpy(np.ascontiguousarray(array)).to(self._device).float()

    def exp(self, plane: torch.Tensor) -> torch.Tensor:
        return self._torch.exp(plane)

    def blurred(self, plane: torch.Tensor, sigma: float) -> torch.Tensor:
        size = round(8 * sigma + 1) | 1 if sigma else 5
        kernel = cv2.getGaussianKernel(size, sigma).ravel()
        for dim in (0, 1):
            places = np.arange(plane.shape[dim]) + np.arange(size)[:, None] - size // 2
            plane = self._summed(plane, dim, _mirrored(places, plane.shape[dim]), kernel[:, None])
        return plane

    def fitted(self, plane: torch.Tensor, height: int, width: int) -> torch.Tensor:
        for dim, wanted in enumerate((height, width)):
            if plane.shape[dim] != wanted:
                taps = _area_taps if wanted < plane.shape[dim] else _linear_taps
                plane = self._summed(plane, dim, *taps(plane.shape[dim], wanted))
        return plane

    def resized(self, picture: torch.Tensor, width: int, height: int) -> torch.Tensor:
        """(h, w, C) as `pixels.resized` makes it: Lanczos (8 px) where it grows, area averages where it shrinks."""
        if width * height < picture.shape[0] * picture.shape[1]:
            return self.fitted(picture, height, width)
        for dim, wanted in enumerate((height, width)):
            if picture.shape[dim] != wanted:
                picture = self._summed(picture, dim, *_lanczos_taps(picture.shape[dim], wanted))
        return picture

    def sampled(self, plane: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
        (x, part_x), (y, part_y) = self._places(offset)
        height, width = plane.shape[:2]
        shape = (*part_x.shape, *([1] * (plane.ndim - 2)))
        across, down = part_x.view(shape) / _PARTS, part_y.view(shape) / _PARTS
        columns = [(x + k).clip(0, width - 1) for k in (0, 1)]
        rows = [(y + k).clip(0, height - 1) for k in (0, 1)]
        above, below = ((1 - across) * plane[row, columns[0]] + across * plane[row, columns[1]] for row in rows)
        return (1 - down) * above + down * below

    def redrawn(self, picture: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
        (x, part_x), (y, part_y) = self._places(offset)
        height, width = picture.shape[:2]
        steps = self._torch.arange(-3, 5, device=self._device)
        columns = self._reflected(x[..., None] + steps, width)
        rows = self._reflected(y[..., None] + steps, height)
        across, down = self._lanczos[part_x], self._lanczos[part_y]
        drawn = self._torch.zeros((*x.shape, picture.shape[2]), device=self._device)
        for k in range(8):
            line = (picture[rows[..., k, None], columns] * across[..., None]).sum(2)
            drawn += line * down[..., k, None]
        return drawn

    def bytes(self, picture: torch.Tensor) -> np.ndarray:
        return picture.clip(0, 255).to(self._torch.uint8).cpu().numpy()

    def _places(self, offset: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """x and y of x + offset: whole pixels, and thirty-seconds of one."""
        found = []
        for axis, count in ((0, offset.shape[1]), (1, offset.shape[0])):
            start = self._torch.arange(count, device=self._device, dtype=offset.dtype)
            place = ((start if axis == 0 else start[:, None]) + offset[..., axis]) * _PARTS
            whole = place.round().long()
            found.append((whole >> 5, whole & (_PARTS - 1)))
        return found

    def _reflected(self, places: torch.Tensor, count: int) -> torch.Tensor:
        turn = max(2 * (count - 1), 1)
        places = places % turn
        return self._torch.where(places < count, places, turn - places)

    def _summed(self, plane: torch.Tensor, dim: int, places: np.ndarray, weights: np.ndarray) -> torch.Tensor:
        """Along `dim`: the sum of weights[k] * plane[places[k]]. places: (K, n); weights: (K, n) or (K, 1)."""
        shape = [1] * plane.ndim
        shape[dim] = -1
        index = self._torch.from_numpy(np.ascontiguousarray(places)).to(self._device)
        shares = self.put(weights)
        out = None
        for k in range(len(places)):
            part = plane.index_select(dim, index[k]) * shares[k].view(shape)
            out = part if out is None else out + part
        return out  # pyright: ignore[reportReturnType]  # there is at least one


def _lanczos(distance: np.ndarray) -> np.ndarray:
    """(..., 8) distances in px -> weights that sum to one."""
    weights = np.sinc(distance) * np.sinc(distance / 4)
    return weights / weights.sum(-1, keepdims=True)


def _mirrored(places: np.ndarray, count: int) -> np.ndarray:
    turn = max(2 * (count - 1), 1)
    places = places % turn
    return np.where(places < count, places, turn - places)


@functools.lru_cache(maxsize=32)
def _linear_taps(count: int, wanted: int) -> tuple[np.ndarray, np.ndarray]:
    places = (np.arange(wanted) + 0.5) * count / wanted - 0.5
    first = np.floor(places).astype(np.int64)
    part = places - first
    return np.stack([first, first + 1]).clip(0, count - 1), np.stack([1 - part, part])


@functools.lru_cache(maxsize=32)
def _lanczos_taps(count: int, wanted: int) -> tuple[np.ndarray, np.ndarray]:
    places = (np.arange(wanted) + 0.5) * count / wanted - 0.5
    first = np.floor(places).astype(np.int64)
    steps = np.arange(-3, 5)
    weights = _lanczos((places - first)[:, None] - steps)
    return (first + steps[:, None]).clip(0, count - 1), weights.T


@functools.lru_cache(maxsize=32)
def _area_taps(count: int, wanted: int) -> tuple[np.ndarray, np.ndarray]:
    scale = count / wanted
    starts = np.arange(wanted) * scale
    first = np.floor(starts + 1e-9).astype(np.int64)
    places = first + np.arange(math.ceil(scale) + 1)[:, None]
    shares = np.minimum(places + 1, starts + scale) - np.maximum(places, starts)
    return places.clip(0, count - 1), shares.clip(0) / scale
