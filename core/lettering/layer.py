"""Lettering as a transparent layer: cover, plate and mask -> layer; layer over frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ..errors import UsageError
from .styles import opacity_of

_OPAQUE = 0.9  # as the judge has it: see core/judge/score.py


def text_layer(cover: np.ndarray, plate: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Lift the lettering off: a picture with alpha that gives the cover back when laid over the plate.

    cover, plate: (H, W, 3) uint8; mask: (H, W) float 0..1 as from `glyph_mask`. Returns (H, W, 4) uint8, straight
    alpha, fully transparent outside the mask. Opacity is the mask's; colour is un-mixed as
    (cover - (1 - a) plate) / a; where that leaves 0..255 the opacity is raised to the least that does not (Porter and
    Duff 1984, solved for the layer). What is opaque but for a tenth is made opaque: a picture that moves behind strokes
    is seen through them even so, a tenth of one that stands still in them is not. Over
    the same plate the error is at most 1 level; over a moved plate hardly any old background is carried along.

    Raises:
        UsageError: the three differ in size.
    """
    if cover.shape != plate.shape or cover.shape[:2] != mask.shape:
        raise UsageError(f"cover {cover.shape}, plate {plate.shape} and mask {mask.shape} differ in size")
    layer = np.zeros((*mask.shape, 4), np.uint8)
    wide = (mask > 0) | (cover != plate).any(-1)
    c, p = cover[wide].astype(np.float32), plate[wide].astype(np.float32)
    change = c - p
    room = np.where(change > 0, 255 - p, p)
    least = np.max(np.abs(change) / np.maximum(room, 1), axis=1)
    opacity = np.maximum(opacity_of(mask[wide]), least)
    alpha = np.ceil(np.where(opacity > _OPAQUE, 1, opacity.clip(0, 1)) * 255)
    share = np.maximum(alpha, 1)[:, None] / 255
    colour = np.clip(np.round(p + change / share), 0, 255)
    layer[wide] = np.concatenate([colour, alpha[:, None]], axis=1).astype(np.uint8)
    layer[layer[..., 3] == 0] = 0
    return layer


class TextOver:
    """Lays one layer over many frames, in place, touching only the pixels that the layer covers.

    layer: (H, W, 4) uint8, straight alpha.
    """

    def __init__(self, layer: np.ndarray):
        if layer.ndim != 3 or layer.shape[2] != 4 or layer.dtype != np.uint8:
            raise UsageError(f"layer is {layer.shape} {layer.dtype}; it must be (H, W, 4) uint8")
        self.size = layer.shape[:2]
        self._where = np.flatnonzero(layer[..., 3])
        share = layer.reshape(-1, 4)[self._where].astype(np.float32)
        alpha = share[:, 3:] / 255
        self._rest = 1 - alpha
        self._add = share[:, :3] * alpha

    def blend(self, frame: np.ndarray) -> np.ndarray:
        """frame: (H, W, 3) uint8, contiguous; changed in place and returned."""
        flat = self._flat(frame)
        flat[self._where] = (flat[self._where] * self._rest + self._add + 0.5).astype(np.uint8)
        return frame

    def blend_float(self, frame: np.ndarray) -> np.ndarray:
        """frame: (H, W, 3) float32 in 0..1, contiguous; changed in place and returned."""
        flat = self._flat(frame)
        flat[self._where] = flat[self._where] * self._rest + self._add / 255
        return frame

    def _flat(self, frame: np.ndarray) -> np.ndarray:
        if frame.shape != (*self.size, 3):
            raise UsageError(f"frame is {frame.shape}; the layer is {self.size[1]}x{self.size[0]}")
        if not frame.flags.c_contiguous:
            raise UsageError("frame is not contiguous; pass np.ascontiguousarray(frame)")
        return frame.reshape(-1, 3)


def text_over(frames: Iterable[np.ndarray], layer: np.ndarray) -> Iterator[np.ndarray]:
    """Frames (H, W, 3) uint8 with the layer over each at the same pixels; the given frames are left as they are."""
    over = TextOver(layer)
    for frame in frames:
        yield over.blend(np.array(frame, order="C"))
