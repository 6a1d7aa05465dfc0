"""Where pixels go from one picture to another: optical flow, and where the pixels of a picture between come from.

Flow: DIS (Kroeger et al. 2016), OpenCV. The flow at a time between is found by inverting `p + t * flow(p)` with a
fixed-point iteration. A pixel whose flow there and back does not return (Sundaram et al. 2010) is covered in the other
picture.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

FLOW_SIDE = 512
"""Flow is found at this shorter side at most: finer flow follows noise, and its time grows with the area."""


class Motion(NamedTuple):
    """Where the picture at one time between a and b comes from."""

    to_a: np.ndarray
    """(h, w, 2): offset into a, in pixels of this size, at most FLOW_SIDE."""
    to_b: np.ndarray
    share: np.ndarray
    """(h, w) 0..1: how much of b."""


def find_flow(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(h, w, 2): where each pixel of a lies in b, (H, W, 3) uint8 both, in pixels of the flow's size."""
    scale = min(1.0, FLOW_SIDE / min(a.shape[:2]))
    size = max(16, round(a.shape[1] * scale)), max(16, round(a.shape[0] * scale))
    grey = [cv2.resize(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA) for p in (a, b)]
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # pyright: ignore[reportAttributeAccessIssue]
    return dis.calc(grey[0], grey[1], None)  # its own for each pair: one alone is not safe in threads


class Way:
    """The way from one picture to another, (H, W, 3) uint8 both."""

    def __init__(self, a: np.ndarray, b: np.ndarray) -> None:
        forth, back = find_flow(a, b), find_flow(b, a)
        self._lost = _lost(forth, back), _lost(back, forth)
        self._flow = _mended(forth, self._lost[0]), _mended(back, self._lost[1])

    def at(self, time: float) -> Motion:
        return _shared(*self._flow, *self._lost, time)


def _shared(forth: np.ndarray, back: np.ndarray, lost_a: np.ndarray, lost_b: np.ndarray, time: float) -> Motion:
    to_a, unsure_a = _inverted(forth, time, lost_a)
    to_b, unsure_b = _inverted(back, 1 - time, lost_b)
    # nothing at the ends, so that the picture leaves a and arrives at b without a jump where flow has failed
    trust = 4 * time * (1 - time)
    weight_a, weight_b = (1 - time) * np.exp(-trust * unsure_a), time * np.exp(-trust * unsure_b)
    return Motion(to_a, to_b, weight_b / np.maximum(weight_a + weight_b, 1e-6))


def grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return x, y


def _sample(field: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _lost(forth: np.ndarray, back: np.ndarray) -> np.ndarray:
    """How far a pixel is from returning, 0 = returns, as a multiple of Sundaram's tolerance; smoothed over 5 pixels."""
    x, y = grid(*forth.shape[:2])
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
    x, y = grid(*flow.shape[:2])
    offset = before = -time * flow
    for _ in range(4):
        before, offset = offset, -time * _sample(flow, x + offset[..., 0], y + offset[..., 1])
    astray = ((offset - before) ** 2).sum(-1)  # where nothing comes from, the iteration does not settle
    unsure = _sample(lost, x + offset[..., 0], y + offset[..., 1]) + np.minimum(astray, 3.0)
    return offset, cv2.GaussianBlur(np.minimum(unsure, 3.0), (5, 5), 0)


def warped(field: np.ndarray, offset: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`field` (pictures: (H, W, 3), Lanczos; (h, w): bilinear) sampled at x + offset; both fitted to `size`."""
    height, width = size
    scale = np.array([width / offset.shape[1], height / offset.shape[0]], np.float32)
    kernel = cv2.INTER_LINEAR if offset.shape[0] <= height else cv2.INTER_AREA
    x, y = grid(height, width)
    full = cv2.resize(offset, (width, height), interpolation=kernel) * scale
    how = cv2.INTER_LANCZOS4 if field.ndim == 3 else cv2.INTER_LINEAR
    return cv2.remap(field, x + full[..., 0], y + full[..., 1], how, borderMode=cv2.BORDER_REFLECT_101)
