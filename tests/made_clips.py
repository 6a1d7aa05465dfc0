"""Forty clips with their truth, made from a seed: loops, pans, cuts, flicker, stills, duplicates, letterboxed, odd
sizes, 12 to 60 frames a second, variable rates, HDR-tagged, with sound."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

SECONDS = Fraction(97, 24)


@dataclass(frozen=True)
class Made:
    """file: below the folder; why: the reason it must be dropped for, "" for kept; closes: is a loop."""

    file: str
    why: str = ""
    closes: bool = False
    twin: str = field(default="", compare=False)
    """Of two alike one is dropped; the other."""


Scene = Callable[[float], np.ndarray]
"""Seconds -> (H, W, 3) uint8."""


def texture(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    picture = np.zeros((height, width, 3), np.float32)
    for cell, strength in ((40, 60), (12, 30), (4, 8)):
        noise = rng.normal(0, 1, (height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        picture += strength * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return picture + rng.uniform(90, 150, 3).astype(np.float32)


def moving(seed: int, width: int = 160, height: int = 96, turn: float | None = None) -> Scene:
    """Things before a scene that stands: on circles of `turn` seconds, or, without, away and never back."""
    rng = np.random.default_rng(seed)
    scene = texture(rng, width, height)
    size = min(width, height)
    things = [
        (
            rng.uniform(0.2, 0.8, 2),
            rng.uniform(0.06, 0.14),
            rng.uniform(0, 6.28),
            rng.uniform(20, 235, 3),
            rng.integers(1, 3),
        )
        for _ in range(5)
    ]

    def at(t: float) -> np.ndarray:
        picture = scene.copy()
        for place, reach, phase, colour, turns in things:
            if turn is None:
                x, y = place[0] + 0.06 * (t - 2) * math.cos(phase), place[1] + 0.06 * (t - 2) * math.sin(phase)
            else:
                angle = phase + 2 * math.pi * int(turns) * t / turn
                x, y = place[0] + reach * math.cos(angle), place[1] + reach * math.sin(angle)
            centre = (round(x * width * 16), round(y * height * 16))
            cv2.circle(picture, centre, round(size * 0.11 * 16), colour.tolist(), -1, cv2.LINE_AA, 4)
        return np.clip(picture, 0, 255).astype(np.uint8)

    return at


def panned(seed: int, speed: float, zoom: float = 0.0, width: int = 160, height: int = 96) -> Scene:
    large = np.clip(texture(np.random.default_rng(seed), 3 * width, 2 * height), 0, 255).astype(np.uint8)

    def at(t: float) -> np.ndarray:
        scale = 1 + zoom * t
        way = np.array([[scale, 0, -10 - speed * t], [0, scale, -10 - 0.3 * speed * t]], np.float32)
        return cv2.warpAffine(large, way, (width, height), flags=cv2.INTER_LINEAR)

    return at


def cut_at(a: Scene, b: Scene, when: float) -> Scene:
    return lambda t: a(t) if t < when else b(t)


def flickering(scene: Scene, seed: int, by: float) -> Scene:
    gains = np.random.default_rng(seed).uniform(1 - by, 1 + by, 1000)
    return lambda t: np.clip(scene(t) * gains[round(t * 100)], 0, 255).astype(np.uint8)


def still(seed: int, grain: float) -> Scene:
    picture, rng = texture(np.random.default_rng(seed), 160, 96), np.random.default_rng(seed + 1)
    return lambda _: np.clip(picture + rng.normal(0, grain, picture.shape), 0, 255).astype(np.uint8)


def darkened(scene: Scene) -> Scene:
    return lambda t: (scene(t) * 0.12).astype(np.uint8)


def lettered(seed: int) -> Scene:
    below = moving(seed, 384, 256, float(SECONDS))

    def at(t: float) -> np.ndarray:
        picture = below(t) // 3
        for line, words in enumerate(("THE QUICK BROWN", "FOX JUMPS OVER", "THE LAZY DOG", "AND RUNS HOME")):
            cv2.putText(
                picture, words, (14, 54 + 58 * line), cv2.FONT_HERSHEY_DUPLEX, 1.2, (245, 245, 245), 3, cv2.LINE_AA
            )
        return picture

    return at


def barred(scene: Scene, vertical: int, across: int = 0) -> Scene:
    return lambda t: cv2.copyMakeBorder(
        scene(t), vertical, vertical, across, across, cv2.BORDER_CONSTANT, value=(0, 0, 0)
    )


def write(
    path: Path,
    scene: Scene,
    *,
    fps: float = 24,
    seconds: float = float(SECONDS),
    times: Iterator[float] | None = None,
    codec: str = "libx264",
    crf: int = 20,
    transfer: int = 1,
    sound: bool = False,
) -> None:
    """times: of uneven frames, seconds; else `fps`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    when = list(times) if times is not None else [i / fps for i in range(round(seconds * fps))]
    base = Fraction(1, 1000) if times is not None else 1 / Fraction(fps).limit_denominator(1001)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        first = scene(0.0)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv444p" if first.shape[0] % 2 or first.shape[1] % 2 else "yuv420p"
        stream.codec_context.time_base = base
        stream.codec_context.color_trc = transfer
        if codec == "libx264":
            stream.options = {"crf": str(crf), "preset": "ultrafast"}
        voice = container.add_stream("aac", rate=44100) if sound else None
        for number, t in enumerate(when):
            picture = av.VideoFrame.from_ndarray(scene(t), format="rgb24")
            picture.pts, picture.time_base = round(t / base) if times is not None else number, base
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
        if voice is not None:
            samples = np.zeros((1, 44100), np.float32)
            tone = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            tone.sample_rate, tone.pts = 44100, 0
            container.mux(voice.encode(tone))
            container.mux(voice.encode(None))


def uneven(seed: int, seconds: float) -> Iterator[float]:
    """Times as a phone writes them: some frames late, some lost."""
    rng, t = np.random.default_rng(seed), 0.0
    while t < seconds:
        yield t
        t += float(rng.choice([0.033, 0.033, 0.034, 0.05, 0.1]))


def make(folder: Path, n: int = 0) -> list[Made]:
    """n: added to all seeds, for clips on which nothing was set."""
    turn = float(SECONDS)
    made: list[Made] = []

    def add(truth: Made, scene: Scene, **how) -> None:
        write(folder / truth.file, scene, **how)
        made.append(truth)

    for seed in range(4):
        add(Made(f"loops/loop {seed}.mp4", closes=True), moving(n + seed, turn=4.0), seconds=4.0)
    add(Made("loops/고리 🌊.mp4", closes=True), moving(n + 4, turn=4.0), seconds=4.0)
    add(Made("loops/short turn.mp4", closes=True), moving(n + 5, turn=2.5), seconds=2.5)
    for fps in (12, 25, 29.97, 50, 60):
        add(Made(f"rates/{fps}.mp4", closes=True), moving(n + round(10 + fps), turn=4.0), fps=fps, seconds=4.0)
    add(Made("rates/once again.mkv", closes=True), moving(n + 6, turn=4.0), seconds=97 / 24)
    for seed in range(3):
        add(Made(f"open/{seed}.mov"), moving(n + 20 + seed), seconds=4.5)
    for seed in range(2):
        add(Made(f"uneven/{seed}.mp4"), moving(n + 30 + seed), times=uneven(n + seed, 5), fps=30)
    add(Made("pans/slow.mp4", "camera"), panned(n + 40, 12), seconds=turn)
    add(Made("pans/fast.mp4", "camera"), panned(n + 41, 40), seconds=turn)
    add(Made("pans/zoom.mp4", "camera"), panned(n + 42, 0, 0.06), seconds=turn)
    add(Made("pans/back.webm", "camera"), panned(n + 43, 20), seconds=turn, codec="libvpx-vp9", fps=25)
    for seed, when in enumerate((2.0, 0.7, 3.2)):
        add(
            Made(f"cuts/{seed}.mp4", "cut"),
            cut_at(moving(n + 50 + seed), moving(n + 60 + seed), when),
            seconds=turn,
        )
    for seed, by in enumerate((0.06, 0.2)):
        add(
            Made(f"flicker/{seed}.mp4", "flicker"),
            flickering(moving(n + 70 + seed), n + seed, by),
            seconds=turn,
        )
    for seed, grain in enumerate((0.0, 3.0, 8.0)):
        add(Made(f"stills/{seed}.mp4", "still"), still(n + 80 + seed, grain), seconds=turn)
    add(Made("again/worse.mp4", "duplicate", twin="loops/loop 0.mp4"), moving(n, turn=4.0), seconds=4.0, crf=32)
    add(
        Made("again/other rate.mp4", "duplicate", twin="loops/loop 1.mp4"),
        moving(n + 1, turn=4.0),
        seconds=4.0,
        fps=30,
    )
    ring = moving(n + 2, turn=4.0)
    add(
        Made("again/later.avi", "duplicate", twin="loops/loop 2.mp4"),
        lambda t: ring(t + 1),
        seconds=4.0,
        codec="mpeg4",
    )
    add(Made("bars/wide.mp4", closes=True), barred(moving(n + 90, 192, 96, 4.0), 14), seconds=4.0)
    add(Made("bars/narrow.mp4", closes=True), barred(moving(n + 91, 144, 108, 4.0), 0, 24), seconds=4.0)
    add(Made("sizes/odd.mkv", closes=True), moving(n + 92, 173, 131, 4.0), seconds=4.0)
    add(Made("sizes/tall.mp4", closes=True), moving(n + 93, 110, 198, 4.0), seconds=4.0)
    add(Made("tags/hdr.mp4", closes=True), moving(n + 94, turn=4.0), seconds=4.0, transfer=16)
    add(Made("tags/sound.mp4", closes=True), moving(n + 95, turn=4.0), seconds=4.0, sound=True)
    add(Made("dark/night.mp4", "dark"), darkened(moving(n + 96, turn=4.0)), seconds=4.0)
    add(Made("words/page.mp4", "lettering"), lettered(n + 97), seconds=4.0)
    return made
