"""Where pixels go from one picture to another: optical flow, and where the pixels of a picture between come from.

Flow: DIS (Kroeger et al. 2016), OpenCV. The flow at a time between is found by inverting `p + t * flow(p)` with a
fixed-point iteration. A pixel whose flow there and back does not return (Sundaram et al. 2010) is covered in the other
picture.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from .planes import OnHost, Plane, Planes

FLOW_SIDE = 512
"""Flow is found at this shorter side at most: finer flow follows noise, and its time grows with the area."""


class Motion(NamedTuple):
    """Where the picture at one time between a and b comes from."""

    to_a: Plane
    """(h, w, 2): offset into a, in pixels of this size, at most FLOW_SIDE."""
    to_b: Plane
    share: Plane
    """(h, w) 0..1: how much of b."""


def find_flow(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(h, w, 2): where each pixel of a lies in b, (H, W, 3) uint8 both, in pixels of the flow's size."""
    return _flow(_grey(a), _grey(b))


def _grey(picture: np.ndarray) -> np.ndarray:
    scale = min(1.0, FLOW_SIDE / min(picture.shape[:2]))
    size = max(16, round(picture.shape[1] * scale)), max(16, round(picture.shape[0] * scale))
    return cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)


def _flow(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # pyright: ignore[reportAttributeAccessIssue]
    return dis.calc(a, b, None)  # its own for each pair: one alone is not safe in threads


class Way:
    """The way from one picture to another, (H, W, 3) uint8 both."""

    def __init__(self, a: np.ndarray, b: np.ndarray, planes: Planes | None = None) -> None:
        self._planes = planes or OnHost()
        greys = _grey(a), _grey(b)
        forth, back = self._planes.put(_flow(*greys)), self._planes.put(_flow(*greys[::-1]))
        self._lost = self._astray(forth, back), self._astray(back, forth)
        self._flows = self._mended(forth, self._lost[0]), self._mended(back, self._lost[1])

    def at(self, time: float) -> Motion:
        to_a, unsure_a = self._inverted(self._flows[0], time, self._lost[0])
        to_b, unsure_b = self._inverted(self._flows[1], 1 - time, self._lost[1])
        # nothing at the ends, so that the picture leaves a and arrives at b without a jump where flow has failed
        trust = 4 * time * (1 - time)
        weight_a = self._planes.exp(unsure_a * -trust) * (1 - time)
        weight_b = self._planes.exp(unsure_b * -trust) * time
        return Motion(to_a, to_b, weight_b / (weight_a + weight_b).clip(1e-6))

    def _astray(self, forth: Plane, back: Plane) -> Plane:
        """How far a pixel is from returning, 0 = returns, as a multiple of Sundaram's tolerance; smoothed over 5 px."""
        there = self._planes.sampled(back, forth)
        miss = ((forth + there) ** 2).sum(-1)
        size = (forth**2).sum(-1) + (there**2).sum(-1)
        return self._planes.blurred((miss / (0.01 * size + 0.5)).clip(0, 3), 0)

    def _mended(self, flow: Plane, lost: Plane) -> Plane:
        """Lost pixels take the flow of those around them that are not: a clean dissolve there, no torn edges."""
        trust = self._planes.exp(lost * -2.0)
        around = self._planes.blurred(flow * trust[..., None], _AROUND)
        around = around / self._planes.blurred(trust, _AROUND).clip(1e-4)[..., None]
        return around + (flow - around) * trust[..., None]

    def _inverted(self, flow: Plane, time: float, lost: Plane) -> tuple[Plane, Plane]:
        """For each pixel of the picture at `time`: the offset to where it came from, and how unsure that place is."""
        offset = before = flow * -time
        for _ in range(4):
            before, offset = offset, self._planes.sampled(flow, offset) * -time
        astray = ((offset - before) ** 2).sum(-1)  # where nothing comes from, the iteration does not settle
        unsure = self._planes.sampled(lost, offset) + astray.clip(0, 3)
        return offset, self._planes.blurred(unsure.clip(0, 3), 0)


_AROUND = 12.0
"""Pixels of the flow's size: as far as a lost one looks for others."""


def warped(planes: Planes, field: Plane, offset: Plane, size: tuple[int, int]) -> Plane:
    """`field` (pictures: (H, W, 3), Lanczos; (h, w): bilinear) sampled at x + offset, which is fitted to its `size`."""
    height, width = size
    scale = planes.put(np.array([width / offset.shape[1], height / offset.shape[0]], np.float32))
    full = planes.fitted(offset, height, width) * scale
    return planes.redrawn(field, full) if field.ndim == 3 else planes.sampled(field, full)
