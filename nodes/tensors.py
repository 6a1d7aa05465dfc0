"""The only place where ComfyUI's IMAGE, MASK and AUDIO become numpy arrays and back.

IMAGE is (N, H, W, C) float32 in 0..1, on the CPU or, with ComfyUI's --gpu-only, on a GPU; MASK is (N, H, W) float32 in
0..1. `core` works on uint8 pictures and float32 masks. A loop of 96 frames at 1080x1080 is 1.3 GB as an IMAGE, so
frames are converted one at a time.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import cv2
import numpy as np
import psutil
import torch

from ..core.errors import ClipError
from ..core.loop.planes import OnDevice
from ..core.parallel import in_order
from ..core.pixels import resized


def to_uint8(frame: torch.Tensor) -> np.ndarray:
    """One (H, W, C) frame of any float type, 0..1 -> (H, W, C) uint8. NaN becomes black, what is outside is clipped."""
    if frame.device.type != "cpu":  # bytes travel, a quarter of the floats
        return (frame.detach().float().nan_to_num(0.0) * 255).round().clip(0, 255).to(torch.uint8).cpu().numpy()
    values = frame.detach().to("cpu", torch.float32).contiguous().numpy()
    # One pass of OpenCV (scale, round, clip), five times as fast as the same in torch; flat, or it would take 255 for
    # the first channel only.
    flat = values.reshape(len(values), -1)
    scaled = cv2.multiply(flat, 255.0, dtype=cv2.CV_8U)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return scaled.reshape(values.shape)


def checked(images: torch.Tensor) -> torch.Tensor:
    """The IMAGE itself: (N, H, W, C) with at least one picture of 1, 3 or 4 channels.

    Raises:
        ClipError: it is empty, or has another shape; says which.
    """
    if images.ndim != 4 or images.shape[-1] not in (1, 3, 4):
        raise ClipError(f"an IMAGE of shape {tuple(images.shape)} is not (pictures, height, width, 1, 3 or 4 channels)")
    if images.numel() == 0:
        raise ClipError(f"an IMAGE of shape {tuple(images.shape)} holds no picture; connect one with at least one")
    return images


def rgb_of(frame: torch.Tensor) -> np.ndarray:
    """One (H, W, 1, 3 or 4) frame -> (H, W, 3) uint8: grey three times, alpha over white as in covers read here."""
    pixels = to_uint8(frame)
    if pixels.shape[-1] == 1:
        return np.repeat(pixels, 3, axis=2)
    if pixels.shape[-1] == 4:
        alpha = pixels[..., 3:].astype(np.uint16)
        return ((pixels[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(pixels)


def rgb_float(frame: torch.Tensor) -> torch.Tensor:
    """One (H, W, 1, 3 or 4) frame of any float type -> (H, W, 3) as it is, for what must not be rounded to bytes."""
    if frame.shape[-1] == 4:
        alpha = frame[..., 3:]
        return frame[..., :3] * alpha + (1 - alpha)
    return frame.expand(*frame.shape[:2], 3)


def picture(image: torch.Tensor) -> np.ndarray:
    """The first picture of an IMAGE as (H, W, 3) uint8. Raises ClipError where there is none."""
    return rgb_of(checked(image)[0])


def layer_of(image: torch.Tensor) -> np.ndarray:
    """The first picture of an IMAGE as (H, W, 4) uint8, opaque where it has no alpha."""
    first = checked(image)[0]
    if first.shape[-1] == 4:
        return to_uint8(first)
    return np.dstack([rgb_of(first), np.full(first.shape[:2], 255, np.uint8)])


def frames_of(images: torch.Tensor) -> Iterator[np.ndarray]:
    """The frames of an IMAGE, one after the other, as (H, W, 3) uint8. Raises ClipError where there are none."""
    return in_order(rgb_of, checked(images))


class Frames(Sequence[np.ndarray]):
    """An IMAGE as its frames, (H, W, 3) uint8 each, converted when asked for."""

    def __init__(self, images: torch.Tensor):
        self._images = checked(images)

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> np.ndarray:  # pyright: ignore[reportIncompatibleMethodOverride]
        return rgb_of(self._images[index])


def clip_of(images: torch.Tensor) -> np.ndarray:
    """All frames of an IMAGE as (N, H, W, 3) uint8, a quarter of the tensor's size."""
    clip = np.empty((*checked(images).shape[:3], 3), np.uint8)
    for i, frame in enumerate(frames_of(images)):
        clip[i] = frame
    return clip


def image_of(array: np.ndarray) -> torch.Tensor:
    """(H, W, C) uint8 -> an IMAGE of one picture."""
    return torch.from_numpy(array.astype(np.float32) / np.float32(255))[None]


def images_of(
    frames: Iterable[np.ndarray | torch.Tensor], count: int, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """`count` frames of (H, W, C) uint8, or float 0..1, -> one IMAGE on that device, filled in place as they arrive."""
    images: torch.Tensor | None = None
    done = 0
    for frame in frames:
        if images is None:
            shape = (count, *frame.shape)
            on_host = torch.device(device).type == "cpu"
            images = empty_images(shape) if on_host else torch.empty(shape, device=device)
        _put(frame, images[done])
        done += 1
    if images is None or done != count:
        raise ClipError(f"{done} frames arrived where {count} were asked for; report this with the workflow")
    return images


def _put(frame: np.ndarray | torch.Tensor, place: torch.Tensor) -> None:
    """Not by torch on the host: its threads would wait in the way of those that make the next frames (1.9 s against
    3.0 s)."""
    if place.device.type != "cpu":
        values = torch.as_tensor(frame).to(place.device)
        place.copy_(values.float() * (1 / 255) if values.dtype == torch.uint8 else values.clip(0, 1))
    elif frame.dtype == np.uint8:
        np.multiply(frame, np.float32(1 / 255), out=place.numpy())
    else:
        values = np.fmax(frame, 0, out=place.numpy())  # of NaN and 0 this is 0
        np.minimum(values, 1, out=values)


def scaled_images(images: torch.Tensor, width: int, height: int, done: Callable[[], object]) -> torch.Tensor:
    """An IMAGE at another size, made where it lies: Lanczos where it grows, area averages where it shrinks.

    done: called after each frame.
    """
    on_host = checked(images).device.type == "cpu"
    planes = None if on_host else OnDevice(images.device)

    def scaled(frame: torch.Tensor) -> np.ndarray | torch.Tensor:
        values = rgb_float(frame).detach().float()
        if planes is not None:
            return planes.resized(values.nan_to_num(0.0), width, height)
        return resized(values.contiguous().numpy(), width, height)

    def all_scaled() -> Iterator[np.ndarray | torch.Tensor]:
        for frame in in_order(scaled, images) if on_host else map(scaled, images):
            yield frame
            done()

    return images_of(all_scaled(), len(images), images.device)


def empty_images(shape: tuple[int, ...]) -> torch.Tensor:
    """An IMAGE of (N, H, W, C) whose values are yet to be set, in the memory of an earlier one where that is free.

    Raises:
        ClipError: there is not the memory for it.
    """
    return torch.from_numpy(pool.take(tuple(shape)))


class Pool:
    """Memory of IMAGEs, used again once the last tensor on it is gone.

    A clip is over a gigabyte, and filling memory fresh from the system takes longer than the motion itself (1.9 s
    against 0.1 s on two virtual cores). ComfyUI drops the clips of a prompt when the next begins, which then makes new
    ones of the same size. What nobody takes for `keep` seconds goes back to the system: a thread looks while there is
    memory to look after, and ends with it. `most`: blocks kept for reuse.
    """

    def __init__(self, keep: float = 20.0, most: int = 2):
        self._keep, self._most = keep, most
        self._blocks: list[_Block] = []
        self._lock = threading.Lock()
        self._watch: threading.Thread | None = None

    def take(self, shape: tuple[int, ...]) -> np.ndarray:
        """(N, H, W, C) float32, values unset. See `empty_images`."""
        with self._lock:
            block = next((block for block in self._blocks if block.shape == shape and block.is_free()), None)
            if block is None:
                self._blocks = [block for block in self._blocks if not block.is_free()]
                _require_memory(shape)
                block = _Block(np.empty(shape, np.float32))
                self._blocks = [*self._blocks, block][-self._most :]
            lent = block.lend()
            if self._watch is None:
                self._watch = threading.Thread(target=self._give_back, name="coverloop-pool", daemon=True)
                self._watch.start()
            return lent

    def held(self) -> list[tuple[int, ...]]:
        """Shapes of the blocks, in use or free."""
        with self._lock:
            return [block.shape for block in self._blocks]

    def _give_back(self) -> None:
        while True:
            time.sleep(self._keep / 4)
            with self._lock:
                self._blocks = [block for block in self._blocks if not block.is_free_for(self._keep)]
                if not self._blocks:
                    self._watch = None
                    return


class _Block:
    """Memory, and whether anybody looks at it: the array lent is watched, which every tensor on it keeps alive."""

    def __init__(self, values: np.ndarray):
        self._values = values
        self._lent = lambda: None
        self._free_since: float | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self._values.shape

    def lend(self) -> np.ndarray:
        view = self._values.view()
        self._lent, self._free_since = weakref.ref(view), None
        return view

    def is_free(self) -> bool:
        return self._lent() is None

    def is_free_for(self, seconds: float) -> bool:
        """Whether it was free at the first look and `seconds` later."""
        if not self.is_free():
            self._free_since = None
            return False
        now = time.monotonic()
        self._free_since = now if self._free_since is None else self._free_since
        return now - self._free_since >= seconds


def _require_memory(shape: tuple[int, ...]) -> None:
    needed, free = 4 * math.prod(shape), psutil.virtual_memory().available
    if needed > 0.8 * free:
        count, height, width = shape[:3]
        raise ClipError(
            f"{count} frames of {width}x{height} need {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free; "
            "lower the size, the seconds or the frames per second"
        )


pool = Pool()


def samples_of(audio: dict[str, Any]) -> tuple[np.ndarray, int]:
    """The first sound of an AUDIO as (channels, n) float32, and its samples a second."""
    waveform: torch.Tensor = audio["waveform"][0]
    return waveform.detach().float().cpu().numpy(), int(audio["sample_rate"])


def audio_of(samples: np.ndarray, rate: int) -> dict[str, Any]:
    """(channels, n) float32 -> an AUDIO of one sound."""
    return {"waveform": torch.from_numpy(np.ascontiguousarray(samples))[None], "sample_rate": rate}


def array_of_mask(mask: torch.Tensor) -> np.ndarray:
    """The first mask of a MASK, or a single (H, W) one, as (H, W) float32 in 0..1. Raises ClipError: it is empty."""
    if mask.ndim not in (2, 3) or mask.numel() == 0:
        raise ClipError(f"a MASK of shape {tuple(mask.shape)} is not (masks, height, width) with at least one mask")
    first = mask if mask.ndim == 2 else mask[0]
    return first.detach().to("cpu", torch.float32).nan_to_num(0.0).clamp(0, 1).numpy()


def mask_over(mask: torch.Tensor, picture: np.ndarray) -> np.ndarray:
    """A mask as (H, W) float32 of the picture's size, (H, W, 3), where it has its shape; else as it is."""
    values, (height, width) = array_of_mask(mask), picture.shape[:2]
    same = abs(values.shape[1] / values.shape[0] / (width / height) - 1) < _SAME_SHAPE
    return resized(values, width, height, cv2.INTER_LINEAR) if same else values


_SAME_SHAPE = 0.005  # what rounding sides to whole pairs of px makes of a cover


def mask_of(array: np.ndarray) -> torch.Tensor:
    """(H, W) float32 in 0..1 -> a MASK of one."""
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))[None]
