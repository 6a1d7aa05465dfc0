"""The clips that closing is measured on: drawn here, nothing fetched. 512x512, 49 to 121 frames.

Each stands for a way in which generated clips fail to loop. `closes` says whether its motion comes back to where it
started within the clip, so that a cut can close it; the rest can only be led back by in-betweens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

SIZE = 512
_SOURCE = 1280


@dataclass(frozen=True)
class TestClip:
    name: str
    frames: np.ndarray
    """(N, 512, 512, 3) uint8"""
    closes: bool


def _scene(seed: int, shapes: int = 40) -> np.ndarray:
    """Dusk colours, texture at every scale and some hard-edged discs, (1280, 1280, 3) float 0..255."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((_SOURCE, _SOURCE, 3), np.float32)
    for octave in range(2, 9):
        side = 2**octave
        noise = rng.normal(size=(side, side, 3)).astype(np.float32)
        picture += cv2.resize(noise, (_SOURCE, _SOURCE), interpolation=cv2.INTER_CUBIC) * 26 / octave
    sky = np.linspace(0, 1, _SOURCE, dtype=np.float32)[:, None, None]
    picture += sky * np.float32([190, 110, 80]) + (1 - sky) * np.float32([40, 60, 120])
    for _ in range(shapes):
        centre = tuple(int(v) for v in rng.integers(0, _SOURCE, 2))
        colour = tuple(float(v) for v in rng.integers(0, 255, 3))
        cv2.circle(picture, centre, int(rng.integers(8, 60)), colour, -1, cv2.LINE_AA)
    return np.clip(picture, 0, 255)


def _field(seed: int) -> np.ndarray:
    """A smooth displacement field, (512, 512, 2), about unit size."""
    noise = np.random.default_rng(seed).normal(size=(5, 5, 2)).astype(np.float32)
    return cv2.resize(noise, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)


def _view(scene: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """The middle of the scene at half scale, displaced by `moved` (512, 512, 2) or (2,) pixels of the view."""
    x, y = np.meshgrid(np.arange(SIZE, dtype=np.float32), np.arange(SIZE, dtype=np.float32))
    left = (_SOURCE - 2 * SIZE) / 2
    shift = np.broadcast_to(np.asarray(moved, np.float32), (SIZE, SIZE, 2))
    picture = cv2.remap(
        cv2.GaussianBlur(scene, (0, 0), 0.8),
        2 * (x + shift[..., 0]) + left,
        2 * (y + shift[..., 1]) + left,
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT,
    )
    return np.clip(picture, 0, 255)


def _sway(scene: np.ndarray, count: int, period: float, reach: float, seed: int = 1) -> list[np.ndarray]:
    one, two, three = _field(seed), _field(seed + 50), _field(seed + 90)
    out = []
    for t in range(count):
        turn = 2 * np.pi * t / period
        moved = reach * (np.sin(turn) * one + (1 - np.cos(turn)) * two + 0.3 * np.sin(2 * turn) * three)
        out.append(_view(scene, moved))
    return out


def _pan(count: int, speed: float) -> list[np.ndarray]:
    scene = _scene(3)
    return [_view(scene, np.array([speed * t, 0.3 * speed * t])) for t in range(count)]


def _light(count: int, period: float) -> list[np.ndarray]:
    scene = _scene(4)
    height = cv2.GaussianBlur(scene.mean(-1), (0, 0), 3)[128:-128, 128:-128][::2, ::2]
    slope_y, slope_x = np.gradient(height)
    still = _view(scene, np.zeros(2))
    out = []
    for t in range(count):
        turn = 2 * np.pi * t / period
        lit = 1 + 0.12 * (slope_x * np.cos(turn) + slope_y * np.sin(turn))
        out.append(np.clip(still * np.clip(lit, 0.4, 1.8)[..., None], 0, 255))
    return out


def _flow(count: int) -> list[np.ndarray]:
    """Two layers of smoke that drift at different speeds over a still picture: it never comes back."""
    still = _view(_scene(5), np.zeros(2))
    layers = [_scene(6, 0).mean(-1) * 1.3, _scene(7, 0).mean(-1) * 1.3]
    out = []
    for t in range(count):
        parts = [
            cv2.warpAffine(layer, np.float32([[1, 0, -200 - t * speed], [0, 1, -300 + t * speed / 2]]), (SIZE, SIZE))
            for layer, speed in zip(layers, (2.1, 1.3), strict=True)
        ]
        smoke = np.clip((parts[0] + parts[1] - 200) / 220, 0, 0.8)[..., None]
        out.append(still * (1 - smoke) + 225 * smoke)
    return out


def _drift(count: int) -> list[np.ndarray]:
    """A sway, and a shape that crosses the picture one way."""
    frames = _sway(_scene(8), count, 45.0, 2.5, 8)
    for t, frame in enumerate(frames):
        centre = round((120 + 1.6 * t) * 16), round((300 - 0.5 * t) * 16)
        cv2.circle(frame, centre, 38 * 16, (235, 225, 190), -1, cv2.LINE_AA, 4)
    return frames


def _pop(count: int) -> list[np.ndarray]:
    """A loop in which a shape appears from one frame to the next."""
    frames = _sway(_scene(9), count, float(count), 3.0, 9)
    for frame in frames[count // 2 :]:
        cv2.rectangle(frame, (300, 260), (420, 400), (40, 60, 200), -1)
    return frames


def _corner(count: int) -> list[np.ndarray]:
    """A sway that closes, but for a sign in a corner that swings at a pace of its own and is elsewhere at the end."""
    frames = _sway(_scene(13), count, float(count), 3.0, 13)
    for t, frame in enumerate(frames):
        angle = 40 * np.sin(2 * np.pi * t / (0.62 * count))
        box = cv2.boxPoints(((410.0, 400.0), (110.0, 36.0), float(angle)))
        cv2.fillConvexPoly(frame, np.round(box * 16).astype(np.int32), (230, 215, 120), cv2.LINE_AA, 4)
    return frames


def _flat(count: int) -> list[np.ndarray]:
    """Paper-white with pale bands of one colour that flow on: hardly an edge, steps of a fraction of a level."""
    y = np.linspace(0, 1, SIZE, dtype=np.float32)[:, None]
    x = np.linspace(0, 1, SIZE, dtype=np.float32)[None]
    out = []
    for t in range(count):
        band = np.sin(2 * np.pi * (2 * y + 0.3 * x - t / 90)) + 0.6 * np.sin(2 * np.pi * (3 * x - y + t / 140))
        out.append(np.clip(236 + band[..., None] * np.float32([3.0, 4.0, 6.0]), 0, 255))
    return out


def _toned(frames: list[np.ndarray], seed: int) -> list[np.ndarray]:
    """Colour drift, and the flash after frame 0 that latent decoders leave."""
    last = len(frames) - 1
    gains = [np.array([1 + 0.09 * t / last, 1, 1 - 0.06 * t / last]) for t in range(last + 1)]
    for t, extra in ((1, 1.05), (2, 1.04), (3, 1.02)):
        gains[t] = gains[t] * extra
    return [np.clip(frame * gain, 0, 255) for frame, gain in zip(frames, gains, strict=True)]


def _flickering(frames: list[np.ndarray], seed: int) -> list[np.ndarray]:
    gains = 1 + 0.015 * np.random.default_rng(seed).normal(size=len(frames))
    return [np.clip(frame * gain, 0, 255) for frame, gain in zip(frames, gains, strict=True)]


MAKERS: dict[str, tuple[Callable[[], list[np.ndarray]], bool]] = {
    "sway": (lambda: _sway(_scene(1), 81, 64.0, 3.0, 1), True),
    "sway, odd period": (lambda: _sway(_scene(2), 97, 83.4, 4.0, 2), True),
    "sway, calm": (lambda: _sway(_scene(10), 121, 101.5, 1.2, 3), True),
    "pan": (lambda: _pan(73, 0.5), False),
    "rotating light": (lambda: _light(97, 72.0), True),
    "flowing smoke": (lambda: _flow(81), False),
    "one-way drift": (lambda: _drift(49), False),
    "pop": (lambda: _pop(72), True),
    "corner jumps": (lambda: _corner(80), True),
    "flat flow": (lambda: _flat(97), False),
    "colour drift": (lambda: _toned(_sway(_scene(11), 81, 70.0, 3.0, 4), 4), True),
    "flicker": (lambda: _flickering(_sway(_scene(12), 81, 68.0, 3.0, 5), 5), True),
}


def make(name: str) -> TestClip:
    """One clip of the set."""
    return TestClip(name, _grainy(MAKERS[name][0](), len(name)), MAKERS[name][1])


def sway(count: int, reach: float) -> np.ndarray:
    """A perfect loop of `count` frames, (count, 512, 512, 3) uint8."""
    return _grainy(_sway(_scene(1), count, float(count), reach, 1), 0)


def swaying(count: int) -> np.ndarray:
    """`count` frames, (count, 512, 512, 3) uint8, that sway over 83.4 of them."""
    return _grainy(_sway(_scene(2), count, 83.4, 4.0, 2), 16)


def _grainy(frames: list[np.ndarray], seed: int) -> np.ndarray:
    """With a little film grain, since clips from a model are never clean."""
    rng = np.random.default_rng(seed)
    grainy = [np.clip(np.round(frame + rng.normal(0, 1.0, frame.shape)), 0, 255).astype(np.uint8) for frame in frames]
    return np.stack(grainy)
