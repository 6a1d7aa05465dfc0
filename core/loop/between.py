"""Pictures between two pictures. One descriptor for every interpolator: `name`, `between` for one gap, `fill` for many.

`FlowWarp` needs no weights; `Rife` runs a network whose file the caller gives. Neither knows of clips or loops. Both
only say where each pixel comes from and in what shares; `draw` makes the picture.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from ..errors import ClipError
from ..parallel import in_order
from .draw import Pair
from .flow import Motion, Way
from .grain import Grain
from .planes import OnDevice, OnHost, Plane, Planes

if TYPE_CHECKING:
    import torch


class Gap(NamedTuple):
    """Two pictures, (H, W, 3) uint8 RGB of one size, and when pictures between them are wanted."""

    a: np.ndarray
    b: np.ndarray
    times: tuple[float, ...]
    """0..1."""
    seed: int = 0
    """For their grain."""


class Interpolator(Protocol):
    name: str

    def between(
        self, a: np.ndarray, b: np.ndarray, times: Sequence[float], grain: Grain | None = None, seed: int = 0
    ) -> list[np.ndarray]:
        """One gap; see `Gap` and `fill`."""
        ...

    def fill(self, gaps: Iterable[Gap], grain: Grain | None = None) -> Iterator[list[np.ndarray]]:
        """For each gap one (H, W, 3) uint8 picture for each time.

        grain: what the pictures have of their own, and each new one gets of its own (another one for another seed).
        """
        ...


class FlowWarp:
    """Both pictures warped along optical flow and blended where both are seen; see `flow`."""

    name = "flow warp (DIS)"

    def __init__(self, planes: Planes | None = None) -> None:
        """planes: where pictures are drawn; the flow itself is found by OpenCV."""
        self._planes = planes or OnHost()

    def between(
        self, a: np.ndarray, b: np.ndarray, times: Sequence[float], grain: Grain | None = None, seed: int = 0
    ) -> list[np.ndarray]:
        _check(a, b)
        pair, way = Pair(a, b, grain, seed, self._planes), Way(a, b, self._planes)
        return [pair.drawn(way.at(float(time)), float(time)) for time in times]

    def fill(self, gaps: Iterable[Gap], grain: Grain | None = None) -> Iterator[list[np.ndarray]]:
        yield from in_order(lambda gap: self.between(gap.a, gap.b, gap.times, grain, gap.seed), gaps)


_RIFE_TIMES = (0.25, 0.5, 0.75)
"""Times that RIFE is asked for. In between, and from there to the ends, the motion is taken to go on evenly: it snaps
short ways to whole pixels, and near the ends it gives a or b themselves, a stall and then a jump."""
_BATCH_PIXELS = 8_000_000
"""Of the pictures that a network on an accelerator is asked for at once."""


class Rife:
    """RIFE 4.0, 4.25 or 4.26 from a weights file; see `rife`. device: "cpu", "cuda", "mps" or a torch device.

    The network finds the motion; the picture is drawn from it here, since its own last step samples bilinearly, which
    halves the finest detail.

    Raises:
        ModelError: the file is missing, is not a state dict, or holds another version.
    """

    def __init__(self, path: str | Path, device: Any = "cpu", ready: Callable[[], None] | None = None) -> None:
        """ready: called before the network is used, to bring it to its device where somebody else keeps it."""
        from . import rife

        self.network = rife.load(path, "cpu" if ready else device)
        self._multiple = rife.MULTIPLE
        self._device = device
        self._planes = planes_on(device)
        self.ready = ready
        self.name = f"RIFE {self.network.version}"

    def between(
        self, a: np.ndarray, b: np.ndarray, times: Sequence[float], grain: Grain | None = None, seed: int = 0
    ) -> list[np.ndarray]:
        return next(self.fill([Gap(a, b, tuple(times), seed)], grain))

    def fill(self, gaps: Iterable[Gap], grain: Grain | None = None) -> Iterator[list[np.ndarray]]:
        def draw(asked: tuple[Gap, dict[float, Plane]]) -> list[np.ndarray]:
            gap, speeds = asked
            pair = Pair(gap.a, gap.b, grain, gap.seed, self._planes)
            return [pair.drawn(_motion_at(float(time), speeds), float(time)) for time in gap.times]

        yield from in_order(draw, self._asked(gaps))  # the network asks on while threads draw

    def _asked(self, gaps: Iterable[Gap]) -> Iterator[tuple[Gap, dict[float, Plane]]]:
        """Gaps, each with what the network says of it: (H, W, 5) speeds towards a and b and share of b, by time."""
        if self.ready is not None:
            self.ready()
        rest = iter(gaps)
        for first in rest:
            size = 1
            if str(self._device) != "cpu":
                size = max(1, _BATCH_PIXELS // (first.a.shape[0] * first.a.shape[1] * len(_RIFE_TIMES)))
            chunk = [first, *itertools.islice(rest, size - 1)]
            for gap in chunk:
                _check(gap.a, gap.b)
            asks = [(i, node) for i, gap in enumerate(chunk) for node in _nodes(gap.times)]
            answers = self._speeds([(chunk[i], node) for i, node in asks]) if asks else []
            told: list[dict[float, Plane]] = [{} for _ in chunk]
            for (i, node), speeds in zip(asks, answers, strict=True):
                told[i][node] = speeds
            yield from zip(chunk, told, strict=True)

    def _speeds(self, asks: Sequence[tuple[Gap, float]]) -> list[Plane]:
        import torch

        height, width = asks[0][0].a.shape[:2]
        first, second = (self._tensor([getattr(gap, side) for gap, _ in asks]) for side in ("a", "b"))
        times = torch.tensor([time for _, time in asks], device=first.device)[:, None, None, None]
        with torch.inference_mode():
            flow, mask = self.network.motion(first, second, times)
            both = torch.cat((flow[:, :2] / times, flow[:, 2:] / (1 - times), 1 - mask), 1)[..., :height, :width]
            speeds = both.permute(0, 2, 3, 1).contiguous()
            return list(speeds.cpu().numpy() if isinstance(self._planes, OnHost) else speeds)

    def _tensor(self, pictures: Sequence[np.ndarray]) -> torch.Tensor:
        import torch

        height, width = pictures[0].shape[:2]
        edges = ((0, 0), (0, -height % self._multiple), (0, -width % self._multiple), (0, 0))
        padded = np.pad(np.stack(pictures), edges, mode="edge")
        return torch.from_numpy(padded).to(self._device).permute(0, 3, 1, 2).contiguous().float() / 255


def _nodes(times: Sequence[float]) -> list[float]:
    """The times that the network is asked for so that all of these can be told."""
    needed = set()
    for time in times:
        at = min(max(float(time), _RIFE_TIMES[0]), _RIFE_TIMES[-1])
        upper = next(i for i, node in enumerate(_RIFE_TIMES) if node >= at)
        needed.add(_RIFE_TIMES[upper])
        if at < _RIFE_TIMES[upper]:
            needed.add(_RIFE_TIMES[upper - 1])
    return sorted(needed)


def _motion_at(time: float, told: dict[float, Plane]) -> Motion:
    """The motion at any time from what the network said at the times around it, which it goes on from evenly."""
    at = min(max(time, _RIFE_TIMES[0]), _RIFE_TIMES[-1])
    upper = next(i for i, node in enumerate(_RIFE_TIMES) if node >= at)
    speeds = told[_RIFE_TIMES[upper]]
    if at < _RIFE_TIMES[upper]:
        part = (_RIFE_TIMES[upper] - at) / (_RIFE_TIMES[upper] - _RIFE_TIMES[upper - 1])
        speeds = speeds + (told[_RIFE_TIMES[upper - 1]] - speeds) * part
    share = speeds[..., 4]
    if time < at:
        share = share * (time / at)
    elif time > at:
        share = 1 - (1 - share) * ((1 - time) / (1 - at))
    return Motion(speeds[..., 0:2] * time, speeds[..., 2:4] * (1 - time), share)


def _check(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape or a.dtype != np.uint8 or b.dtype != np.uint8 or a.ndim != 3 or a.shape[2] != 3:
        raise ClipError(
            f"pictures are {a.dtype} {a.shape} and {b.dtype} {b.shape}; give two (H, W, 3) uint8 of one size"
        )


def planes_on(device: Any) -> Planes:
    """Where pictures are drawn for frames that lie on this device: a torch device, or its name."""
    return OnHost() if str(device).partition(":")[0] == "cpu" else OnDevice(device)


def load_interpolator(weights: str | Path | None = None, device: Any = "cpu") -> Interpolator:
    """RIFE from a weights file, or the flow warp without one. Raises ModelError, see `Rife`."""
    return FlowWarp(planes_on(device)) if weights is None else Rife(weights, device)
