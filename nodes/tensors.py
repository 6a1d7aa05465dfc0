"""The only place where ComfyUI's IMAGE and MASK become numpy arrays and back.

IMAGE is (N, H, W, C) float32 in 0..1 on the CPU, MASK is (N, H, W) float32 in 0..1. `core` works on uint8 pictures and
float32 masks. A loop of 96 frames at 1080x1080 is 1.3 GB as an IMAGE, so frames are converted one at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import psutil
import torch

from ..core.errors import ClipError


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
    for frame in images:
        yield np.ascontiguousarray(to_uint8(frame[..., :3]))


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
            images = _empty((count, *frame.shape))
        torch.mul(torch.from_numpy(frame), 1 / 255, out=images[done])
        done += 1
    if images is None or done != count:
        raise ClipError(f"{done} frames arrived where {count} were asked for; report this with the workflow")
    return images


def _empty(shape: tuple[int, ...]) -> torch.Tensor:
    needed, free = 4 * math.prod(shape), psutil.virtual_memory().available
    if needed > 0.8 * free:
        count, height, width = shape[:3]
        raise ClipError(
            f"{count} frames of {width}x{height} need {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free; "
            "lower the size, the seconds or the frames per second"
        )
    return torch.empty(shape, dtype=torch.float32)


def array_of_mask(mask: torch.Tensor) -> np.ndarray:
    """The first mask of a MASK (or a single (H, W) one) as (H, W) float32 in 0..1."""
    first = mask if mask.ndim == 2 else mask[0]
    return first.detach().to("cpu", torch.float32).nan_to_num(0.0).clamp(0, 1).numpy()


def mask_of(array: np.ndarray) -> torch.Tensor:
    """(H, W) float32 in 0..1 -> a MASK of one."""
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))[None]
