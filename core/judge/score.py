"""Judging a loop: is the join visible, does anything jump or stall, is the cover kept, does the lettering hold still.

Works on decoded frames (judge the file people get, not the frames before the encode). Nothing here knows how the loop
was made. What each figure may be is in `core.judgement`; the step ratios are those of Schodl et al., Video Textures
(2000), made into a ring.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from ..errors import ClipError
from ..parallel import in_order
from ..pixels import reduced, resized
from .limits import LIMITS as LIMITS
from .limits import Judgement
from .plot import plot as plot

MIN_FRAMES = 4
STILL = 0.02
"""Grey levels: a median step under this is a still picture, and ratios are taken against it instead."""


@dataclass(frozen=True)
class _Seen:
    """What is kept of one frame. grey: (h, w) float32, shorter side 256 px; sharpness: variance of the Laplacian at 512
    px; print: tells it from other frames; apart: mean and largest difference in the lettering."""

    grey: np.ndarray
    sharpness: float
    print: bytes
    apart: tuple[float, float] | None


def score(
    frames: Iterable[np.ndarray],
    *,
    fps: float | Fraction,
    cover: np.ndarray | None = None,
    lettering: np.ndarray | None = None,
) -> Judgement:
    """Judge one turn of a loop.

    frames: 4 or more of (H, W, 3) uint8 RGB: an array, or an iterable that is read once and of which little is kept.
    cover: (h, w, 3) uint8, of the same shape as a picture up to 2 %. lettering: (h, w) float 0..1, where letters are.

    Raises:
        ClipError: fewer than 4 frames, another dtype, or a cover or mask of another shape.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise ClipError(f"{fps} frames per second; it must be above 0")
    checked = _checked(frames)
    first = next(checked, None)
    if first is None:
        raise ClipError(_TOO_FEW.format(0))
    height, width = first.shape[:2]
    letters = None if lettering is None else _fitted(lettering.astype(np.float32), width, height, "mask")
    reference = first if cover is None else _fitted(cover, width, height, "cover")
    core = _Lettering(reference, None if letters is None else _glyph_core(letters))
    ssim, psnr, colour = (None, None, None) if cover is None else _first_frame(first, reference, letters)

    seen = list(in_order(lambda frame: _look(frame, core), itertools.chain([first], checked)))
    if len(seen) < MIN_FRAMES:
        raise ClipError(_TOO_FEW.format(len(seen)))
    grey = np.stack([one.grey for one in seen])
    apart = [one.apart for one in seen if one.apart is not None]
    mean_diff, max_diff = (max(values) for values in zip(*apart, strict=True)) if apart else (None, None)
    steps, median = ring_steps(grey)
    ratios = steps / max(median, STILL)
    luma = np.abs(np.diff(grey.mean((1, 2)), append=grey[0].mean()))
    return Judgement(
        frames=len(seen),
        fps=float(fps),
        width=width,
        height=height,
        seam_ratio=float(ratios[-1]),
        largest_step=float(ratios.max()),
        largest_step_at=int(ratios.argmax()),
        smallest_step=float(ratios.min()),
        median_step=median,
        tile_seam=_tile_seam(grey, median),
        duplicates=len(seen) - len({one.print for one in seen}),
        palindrome=_palindrome(grey),
        flicker=_flicker(grey),
        luma_jump=float(max(0.0, luma[-1] - np.percentile(luma[:-1], 95))),
        drift=_drift(grey),
        sharpness=_sharpness(np.array([one.sharpness for one in seen])),
        first_frame_ssim=ssim,
        first_frame_psnr=psnr,
        first_frame_colour=colour,
        lettering_mean_diff=mean_diff,
        lettering_max_diff=max_diff,
        steps=tuple(float(ratio) for ratio in ratios),
        **_motion(grey, float(fps), 1080 / min(grey.shape[1:])),
    )


def _look(frame: np.ndarray, core: _Lettering) -> _Seen:
    whole = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    sharp = reduced(whole, 512)
    # Rounding at 256 px would make stalls of its own on pictures whose steps are under a grey level.
    return _Seen(
        grey=reduced(whole.astype(np.float32), 256),
        sharpness=float(cv2.Laplacian(sharp, cv2.CV_32F).var()),
        print=hashlib.blake2b(sharp.tobytes(), digest_size=16).digest(),
        apart=core.apart(whole),
    )


_TOO_FEW = f"the clip has {{}} frames; a loop needs at least {MIN_FRAMES} to be judged"


def _checked(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    shape = None
    for frame in frames:
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or shape not in (None, frame.shape):
            raise ClipError(f"a frame is {frame.dtype} {frame.shape}; all must be (H, W, 3) uint8 of one size")
        if min(frame.shape[:2]) < 32:
            raise ClipError(f"frames are {frame.shape[1]}x{frame.shape[0]}; the shorter side must be at least 32 px")
        shape = frame.shape
        yield frame


def ring_steps(grey: np.ndarray) -> tuple[np.ndarray, float]:
    """(N, h, w) float -> ((N,) mean absolute step from each frame to the next on the ring, their median)."""
    steps = np.array([np.abs(grey[(i + 1) % len(grey)] - frame).mean() for i, frame in enumerate(grey)])
    return steps, float(np.median(steps))


def _fitted(image: np.ndarray, width: int, height: int, name: str) -> np.ndarray:
    if abs(image.shape[1] / image.shape[0] / (width / height) - 1) > 0.02:
        raise ClipError(f"the {name} is {image.shape[1]}x{image.shape[0]}, the clip {width}x{height}; crop it to match")
    return resized(image, width, height, cv2.INTER_CUBIC)


def _tile_seam(grey: np.ndarray, median: float) -> float:
    tiles = np.empty((len(grey), 4, 4), np.float32)
    for i, frame in enumerate(grey):
        step = np.abs(grey[(i + 1) % len(grey)] - frame)
        tiles[i] = cv2.resize(step, (4, 4), interpolation=cv2.INTER_AREA)
    usual = np.maximum(np.percentile(tiles[:-1], 95, axis=0), max(0.5 * median, STILL))
    return float((tiles[-1] / usual).max())


def _palindrome(grey: np.ndarray) -> float:
    every = math.ceil(len(grey) / 480)
    points = np.stack([cv2.resize(f, (32, 32), interpolation=cv2.INTER_AREA).ravel() for f in grey[::every]])
    points = points - points.mean(0)
    power = (points**2).sum(1)
    distance = np.sqrt(np.maximum(power[:, None] + power[None] - 2 * points @ points.T, 0))
    typical = float(distance.mean())
    if typical < 32 * STILL:
        return 1.0  # a still picture plays neither way; smallest_step and motion tell
    n = len(points)
    times = np.arange(n)
    return float(min(distance[times, (centre - times) % n].mean() for centre in range(n)) / typical)


def _flicker(grey: np.ndarray) -> float:
    n = len(grey)
    slow = np.stack([np.mean([grey[(t + k) % n] for k in range(-2, 3)], axis=0) for t in range(0, n, 2)])
    still = np.ptp(slow, axis=0) < 2.0
    if not still.any():
        return 0.0
    total = 0.0
    for t in range(n):
        quick = grey[t] - (grey[t - 1] + grey[(t + 1) % n]) / 2
        total += float((quick[still] ** 2).mean())
    return math.sqrt(total / n)


def _drift(grey: np.ndarray) -> float:
    count = min(3, len(grey) // 2)
    change = grey[-count:].mean(0) - grey[:count].mean(0)
    return float(np.abs(cv2.resize(change, (4, 3), interpolation=cv2.INTER_AREA)).max())


_NO_DETAIL = 1.0  # Laplacian variance of rounding noise: on a picture without detail nothing can be blurred


def _sharpness(values: np.ndarray) -> float:
    """values: (N,) variance of each frame's Laplacian. The least of them, beside those of the frames around it."""
    n, reach = len(values), max(4, len(values) // 8)
    around = [k for k in range(-reach, reach + 1) if abs(k) > 2]
    usual = np.array([np.median(values[[(t + k) % n for k in around]]) for t in range(n)])
    return float(((values + _NO_DETAIL) / (usual + _NO_DETAIL)).min())


def _motion(grey: np.ndarray, fps: float, scale: float) -> dict[str, float]:
    n = len(grey)
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # pyright: ignore[reportAttributeAccessIssue]
    bytes_ = [np.round(frame).astype(np.uint8) for frame in grey]
    # a sixth of a second apart: slow motion is a few hundredths of a pixel from frame to frame, too little for flow
    apart = max(1, min(round(fps / 6), n // 4))
    starts = np.unique(np.linspace(0, n, min(n, 16), endpoint=False).astype(int))
    flows = [dis.calc(bytes_[t], bytes_[(t + apart) % n], None) for t in starts]
    speed = np.mean([np.hypot(*np.moveaxis(flow, 2, 0)) for flow in flows], axis=0) * (fps / apart * scale)
    chosen = {n - 2, n - 1, 0} | {int(t) for t in np.linspace(1, n - 3, min(n - 3, 8))}
    needed = sorted({t % n for t in itertools.chain(chosen, (t + 1 for t in chosen))})
    pairs = {t: dis.calc(bytes_[t], bytes_[(t + 1) % n], None) for t in needed}
    residual = {t: _residual(grey[t], grey[(t + 1) % n], pairs[t]) for t in needed}
    turning = {t: float(np.hypot(*np.moveaxis(pairs[(t + 1) % n] - pairs[t], 2, 0)).mean()) for t in chosen}
    away = [t for t in chosen if t not in (n - 2, n - 1)]
    return {
        "seam_residual": residual[n - 1] / max(float(np.median([residual[t] for t in away])), 0.1),
        "seam_acceleration": max(turning[n - 2], turning[n - 1])
        / max(float(np.median([turning[t] for t in away])), 0.01),
        "motion_mean": float(speed.mean()),
        "motion_p95": float(np.percentile(speed, 95)),
        "active_area": float((speed >= 2.0).mean()),
    }


def _residual(a: np.ndarray, b: np.ndarray, flow: np.ndarray) -> float:
    y, x = np.mgrid[: a.shape[0], : a.shape[1]].astype(np.float32)
    back = cv2.remap(b, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return float(np.abs(back - a).mean())


def ssim_map(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Structural similarity of two (H, W) grey pictures, 0..255, per pixel; Wang et al. 2004, Gaussian window 1.5."""
    a, b = a.astype(np.float32), b.astype(np.float32)

    def blur(image: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(image, (11, 11), 1.5)

    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b, cov = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2, blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return (2 * mean_a * mean_b + c1) * (2 * cov + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))


def _first_frame(first: np.ndarray, cover: np.ndarray, letters: np.ndarray | None) -> tuple[float, float, float]:
    weight = np.ones(first.shape[:2], np.float32)
    if letters is not None:
        reach = 2 * max(5, round(min(first.shape[:2]) / 200)) + 1  # 5: the radius of SSIM's window
        weight -= cv2.dilate((letters > 0.1).astype(np.float32), np.ones((reach, reach), np.uint8))
    if not weight.any():
        weight[:] = 1
    total = float(weight.sum())
    similar = ssim_map(cv2.cvtColor(first, cv2.COLOR_RGB2GRAY), cv2.cvtColor(cover, cv2.COLOR_RGB2GRAY))
    apart = (first.astype(np.float32) - cover) * weight[..., None]
    error = float((apart**2).sum()) / (3 * total)
    psnr = 100.0 if error < 1e-5 else min(100.0, 10 * math.log10(255**2 / error))
    colour = float(np.abs(apart.sum((0, 1), dtype=np.float64)).max() / total)
    return float((similar * weight).sum() / total), psnr, colour


_CORE = 64  # px: a mean over fewer tells the noise of one of them


def _glyph_core(letters: np.ndarray) -> np.ndarray | None:
    """(H, W) bool: inside the strokes, two pixels at 1080 from their edge; whole strokes where those are thinner.

    Strokes are where a mask of `core/lettering` is (nearly) opaque, so without shadow and glow, through which a picture
    may be seen to move; a plain mask is taken from 0.5.
    """
    inside = (letters > 0.95).astype(np.uint8)
    inside = inside if inside.any() else (letters > 0.5).astype(np.uint8)
    steps = max(1, round(min(letters.shape) / 540))
    core = cv2.erode(inside, np.ones((3, 3), np.uint8), iterations=steps)
    core = core if np.count_nonzero(core) >= _CORE else inside
    return core.astype(bool) if core.any() else None


class _Lettering:
    """What of a frame differs from the reference where letters are."""

    def __init__(self, reference: np.ndarray, core: np.ndarray | None):
        self.empty = core is None
        if core is not None:
            rows, columns = np.flatnonzero(core.any(1)), np.flatnonzero(core.any(0))
            self._box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            self._inside = core[self._box]
            self._truth = self._of(cv2.cvtColor(reference, cv2.COLOR_RGB2GRAY)).astype(np.int16)

    def _of(self, grey: np.ndarray) -> np.ndarray:
        return grey[self._box][self._inside]

    def apart(self, grey: np.ndarray) -> tuple[float, float] | None:
        """(mean, largest) absolute difference of a frame, (H, W) uint8, in grey levels; None without lettering."""
        if self.empty:
            return None
        differences = np.abs(self._of(grey) - self._truth)
        return float(differences.mean()), float(differences.max())
