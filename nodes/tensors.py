"""The only place where ComfyUI's IMAGE and MASK become numpy arrays and back.

IMAGE is (N, H, W, C) float32 in 0..1 on the CPU, MASK is (N, H, W) float32 in 0..1. `core` works on uint8 pictures and
float32 masks. A loop of 96 frames at 1080x1080 is 1.3 GB as an IMAGE, so frames are converted one at a time.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
import psutil
import torch

from ..core.errors import ClipError
from ..core.parallel import in_order


def to_uint8(frame: torch.Tensor) -> np.ndarray:
    """One (H, W, C) float frame, 0..1 -> (H, W, C) uint8. NaN becomes black, values outside 0..1 are clipped."""
    values = frame.detach().to("cpu", torch.float32).contiguous().numpy()
    # One pass of OpenCV (scale, round, clip), five times as fast as the same in torch; flat, or it would take 255 for
    # the first channel only.
    flat = values.reshape(len(values), -1)
    scaled = cv2.multiply(flat, 255.0, dtype=cv2.CV_8U)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return scaled.reshape(values.shape)


def picture(image: torch.Tensor) -> np.ndarray:
    """The first picture of an IMAGE as (H, W, 3) uint8."""
    return np.ascontiguousarray(to_uint8(image[0, ..., :3]))


def frames_of(images: torch.Tensor) -> Iterator[np.ndarray]:
    """The frames of an IMAGE, one after the other, as (H, W, 3) uint8."""
    return in_order(lambda frame: np.ascontiguousarray(to_uint8(frame[..., :3])), images)


class Frames(Sequence[np.ndarray]):
    """An IMAGE as its frames, (H, W, 3) uint8 each, converted when asked for."""

    def __init__(self, images: torch.Tensor):
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> np.ndarray:  # pyright: ignore[reportIncompatibleMethodOverride]
        return picture(self._images[index][None])


def clip_of(images: torch.Tensor) -> np.ndarray:
    """All frames of an IMAGE as (N, H, W, 3) uint8, a quarter of the tensor's size."""
    clip = np.empty((*images.shape[:3], 3), np.uint8)
    for i, frame in enumerate(frames_of(images)):
        clip[i] = frame
    return clip


def image_of(array: np.ndarray) -> torch.Tensor:
    """(H, W, C) uint8 -> an IMAGE of one picture."""
    return torch.from_numpy(array.astype(np.float32) / np.float32(255))[None]


def images_of(frames: Iterable[np.ndarray], count: int) -> torch.Tensor:
    """`count` frames of (H, W, C) uint8 -> one IMAGE, filled in place as the frames arrive."""
    images: torch.Tensor | None = None
    done = 0
    for frame in frames:
        if images is None:
            images = empty_images((count, *frame.shape))
        # Not by torch: its threads would wait in the way of those that make the next frames (1.9 s against 3.0 s).
        np.multiply(frame, np.float32(1 / 255), out=images[done].numpy())
        done += 1
    if images is None or done != count:
        raise ClipError(f"{done} frames arrived where {count} were asked for; report this with the workflow")
    return images


def empty_images(shape: tuple[int, ...]) -> torch.Tensor:
    """An IMAGE of (N, H, W, C) whose values are yet to be set, in the memory of an earlier one where that is free.

    Raises:
        ClipError: there is not the memory for it.
    """
    if (used := _Memory.take(shape)) is not None:
        return torch.from_numpy(np.asarray(used))
    needed, free = 4 * math.prod(shape), psutil.virtual_memory().available
    if needed > 0.8 * free:
        count, height, width = shape[:3]
        raise ClipError(
            f"{count} frames of {width}x{height} need {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free; "
            "lower the size, the seconds or the frames per second"
        )
    return torch.from_numpy(np.asarray(_Memory(np.empty(shape, np.float32))))


class _Memory:
    """Memory of an IMAGE that comes back here when the last tensor on it is gone.

    A clip is over a gigabyte, and filling memory fresh from the system takes longer than the motion itself (1.9 s
    against 0.1 s on two virtual cores). ComfyUI drops the clips of a prompt when the next begins, which then makes new
    ones of the same size. What nobody takes within `KEPT` seconds is given back.
    """

    KEPT, MOST = 20.0, 2
    _spare: list[np.ndarray] = []  # noqa: RUF012
    _lock = threading.RLock()
    _end: threading.Timer | None = None

    def __init__(self, values: np.ndarray):
        self._values = values
        self.__array_interface__ = values.__array_interface__

    def __del__(self):
        with self._lock:
            _Memory._spare = [*_Memory._spare, self._values][-self.MOST :]
            if _Memory._end is not None:
                _Memory._end.cancel()
            _Memory._end = threading.Timer(self.KEPT, _Memory._forget)
            _Memory._end.daemon = True
            with contextlib.suppress(RuntimeError):  # no new threads while Python ends
                _Memory._end.start()

    @classmethod
    def take(cls, shape: tuple[int, ...]) -> _Memory | None:
        """Spare memory of this shape. Where there is none, the rest is given back, to make room."""
        with cls._lock:
            for index, values in enumerate(cls._spare):
                if values.shape == tuple(shape):
                    return cls(cls._spare.pop(index))
            cls._spare = []
        return None

    @classmethod
    def _forget(cls) -> None:
        with cls._lock:
            cls._spare = []


def array_of_mask(mask: torch.Tensor) -> np.ndarray:
    """The first mask of a MASK (or a single (H, W) one) as (H, W) float32 in 0..1."""
    first = mask if mask.ndim == 2 else mask[0]
    return first.detach().to("cpu", torch.float32).nan_to_num(0.0).clamp(0, 1).numpy()


def mask_of(array: np.ndarray) -> torch.Tensor:
    """(H, W) float32 in 0..1 -> a MASK of one."""
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))[None]
