"""Draw the example cover: assets/cover.png, the same every time. Usage: python scripts/make_cover.py [FILE]

Everything is made here, by numbers: a dusk over still water, a low moon, clouds, hills in mist, reeds, and lettering in
the typeface that comes with Pillow. It has what a loop brings to life: sky, water, foliage, lights.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = 1400
HORIZON = 850
GRAIN = 0.4  # grey levels; more of it makes the file large
MOON = (905, 560, 118)  # x, y, radius
TITLE, ARTIST = "SLOW TIDE", "THE HOLLOW REEDS"
RNG = np.random.default_rng(7)
Y, X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)


def noise(stretch: float, size: float, octaves: int = 6) -> np.ndarray:
    """Fractal noise in 0..1, (SIZE, SIZE); features `size` px high and `stretch` times as wide."""
    total = np.zeros((SIZE, SIZE), np.float32)
    for octave in range(octaves):
        cell = size / 2**octave
        rows, columns = (int(SIZE / c) + 4 for c in (cell, cell * stretch))
        coarse = RNG.random((max(rows, 4), max(columns, 4))).astype(np.float32)
        total += cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC) * 0.55**octave
    low, high = np.percentile(total, (1, 99))
    return np.clip((total - low) / (high - low), 0, 1).astype(np.float32)


def step(values: np.ndarray, low: float, high: float) -> np.ndarray:
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def blend(picture: np.ndarray, colour: tuple[float, ...] | np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return picture + (np.asarray(colour, np.float32) - picture) * alpha[..., None]


def gradient(stops: list[tuple[float, tuple[int, int, int]]], position: np.ndarray) -> np.ndarray:
    places, colours = zip(*stops, strict=True)
    return np.dstack([np.interp(position, places, [c[i] for c in colours]) for i in range(3)]).astype(np.float32)


def sky() -> np.ndarray:
    stops = [
        (0, (17, 22, 58)),
        (0.3, (49, 45, 98)),
        (0.55, (123, 78, 128)),
        (0.78, (215, 122, 120)),
        (1, (250, 187, 136)),
    ]
    picture = gradient(stops, Y / HORIZON + 0.05 * (noise(3, 500, 3) - 0.5))
    mx, my, radius = MOON
    distance = np.hypot(X - mx, Y - my)
    picture += np.exp(-((distance / 420) ** 2))[..., None] * np.array([70, 42, 26], np.float32)
    stars = np.zeros((SIZE, SIZE), np.float32)
    for _ in range(260):
        x, y = RNG.integers(10, SIZE - 10), int(RNG.random() ** 1.6 * 520) + 8
        if 270 < x < SIZE - 270 and 110 < y < 390:
            continue  # the lettering's place
        cv2.circle(stars, (int(x), y), 1 if RNG.random() < 0.85 else 2, float(RNG.uniform(0.35, 1.0)), -1, cv2.LINE_AA)
    stars = cv2.GaussianBlur(stars, (0, 0), 0.8) + 0.6 * cv2.GaussianBlur(stars, (0, 0), 3)
    picture = blend(picture, (255, 246, 232), np.clip(stars, 0, 1) * (1 - step(Y, 330, 560)))
    disc = step(radius - distance, -1.2, 1.2)
    face = gradient([(0, (255, 246, 222)), (1, (255, 214, 170))], (Y - my + radius) / (2 * radius))
    face -= 16 * step(noise(1, 90, 4), 0.5, 0.9)[..., None]
    picture = blend(picture, face, disc)
    return clouds(picture, distance)


def clouds(picture: np.ndarray, moon_distance: np.ndarray) -> np.ndarray:
    for height, thickness, amount in ((250, 120, 0.5), (470, 95, 0.75), (640, 75, 0.85), (760, 45, 0.7)):
        body = noise(4.2, thickness * 1.5)
        band = np.exp(-(((Y - height) / thickness) ** 2))
        cover = step(body * 0.75 + band * 0.42, 0.62, 0.98) * amount * step(band, 0.02, 0.5)
        lit = np.clip(body - np.roll(body, -14, axis=0) + 0.35, 0, 1)
        shade = gradient([(0, (58, 46, 96)), (0.6, (150, 88, 128)), (1, (196, 112, 122))], Y / HORIZON)
        glow = np.exp(-((moon_distance / 360) ** 2))[..., None]
        tint = shade + lit[..., None] * np.array([96, 66, 52], np.float32) + glow * np.array([46, 30, 12], np.float32)
        picture = blend(picture, tint, cover)
    return picture


def hills(picture: np.ndarray) -> np.ndarray:
    layers = [(150, 300, (148, 96, 134)), (104, 210, (104, 72, 120)), (58, 150, (62, 50, 98))]
    for height, width, colour in layers:
        ridge = np.interp(
            np.arange(SIZE), np.linspace(-60, SIZE + 60, SIZE // width + 5), RNG.random(SIZE // width + 5)
        )
        ridge = cv2.GaussianBlur(ridge.astype(np.float32)[None], (0, 0), width * 0.16)[0]
        ridge += 0.05 * noise(1, 40, 5)[60]
        top = HORIZON - height * (0.25 + 0.95 * ridge)
        alpha = step(Y - top[None, :], -1.5, 1.5) * (Y < HORIZON)
        mist = step(Y, HORIZON - height * 0.75, HORIZON)[..., None] * 0.62
        picture = blend(picture, np.asarray(colour, np.float32) * (1 - mist) + np.array([242, 172, 142]) * mist, alpha)
    return picture


def water(picture: np.ndarray) -> np.ndarray:
    depth = np.clip((Y - HORIZON) / (SIZE - HORIZON), 0, 1)
    ripple = noise(9, 26, 4) - 0.5
    rows = HORIZON - (Y - HORIZON) * 0.92 + ripple * (6 + 95 * depth)
    columns = X + (noise(6, 30, 3) - 0.5) * (4 + 70 * depth)
    mirror = cv2.remap(
        picture.astype(np.float32),
        columns.astype(np.float32),
        rows.astype(np.float32),
        cv2.INTER_LINEAR,
        None,
        cv2.BORDER_REFLECT,
    )
    mirror = blend(mirror, (226, 128, 134), 0.85 * step(mirror.mean(2), 178, 215))  # a bright disc breaks up on water
    surface = blend(mirror * np.array([0.78, 0.76, 0.86], np.float32), (24, 24, 62), 0.12 + 0.62 * step(depth, 0.1, 1))
    streaks = step(noise(14, 13, 4), 0.62, 0.95)
    lane = np.exp(-(((X - MOON[0]) / (46 + 190 * depth)) ** 2))
    surface = blend(surface, (255, 214, 168), np.clip(streaks * lane * (0.95 - 0.35 * depth) + 0.10 * lane, 0, 1))
    surface = blend(surface, (216, 150, 150), 0.16 * step(noise(16, 10, 3), 0.6, 0.95) * (1 - depth))
    below = (Y >= HORIZON).astype(np.float32)
    return blend(picture, surface, below)


def boat(picture: np.ndarray) -> np.ndarray:
    """A small boat with a lantern, and its reflection."""
    x, y, s = 430, 985, 1.0
    canvas = Image.new("L", (SIZE * 2, SIZE * 2))
    draw = ImageDraw.Draw(canvas)
    hull = [(-92, -16), (-70, 8), (-40, 20), (44, 20), (76, 6), (100, -22), (60, -8), (0, -3), (-50, -7)]
    draw.polygon([((x + a * s) * 2, (y + b * s) * 2) for a, b in hull], fill=255)
    draw.line([(x * 2 + 56, y * 2 - 10), (x * 2 + 64, y * 2 - 190)], fill=255, width=7)
    draw.line([(x * 2 + 64, y * 2 - 186), (x * 2 + 100, y * 2 - 172)], fill=255, width=5)
    draw.polygon(
        [((x + a) * 2, (y + b) * 2) for a, b in [(-38, -4), (-32, -44), (-22, -58), (-8, -44), (2, -4)]], fill=255
    )
    draw.ellipse([(x - 31) * 2, (y - 78) * 2, (x - 11) * 2, (y - 57) * 2], fill=255)
    shape = np.asarray(canvas.resize((SIZE, SIZE), Image.Resampling.LANCZOS), np.float32) / 255
    flipped = np.zeros_like(shape)
    flipped[y + 18 : y + 118] = shape[y - 82 : y + 18][::-1]
    flipped = cv2.remap(flipped, X + 16 * (noise(6, 14, 3) - 0.5), Y, cv2.INTER_LINEAR)
    picture = blend(picture, (26, 22, 52), 0.62 * cv2.GaussianBlur(flipped, (0, 0), 2.2))
    picture = blend(picture, (21, 17, 40), shape)
    lx, ly = x + 50, y - 80
    for reach, colour in ((130, (70, 34, 8)), (40, (150, 92, 34)), (10, (255, 226, 150))):
        picture = picture + np.exp(-(((X - lx) ** 2 + (Y - ly) ** 2) / reach**2))[..., None] * np.array(
            colour, np.float32
        )
    lane = np.exp(-(((X - lx) / 22) ** 2)) * step(Y, y + 16, y + 40) * (1 - step(Y, y + 90, y + 240))
    return picture + (lane * step(noise(5, 9, 3), 0.45, 0.9))[..., None] * np.array([150, 88, 34], np.float32)


def reeds(picture: np.ndarray) -> np.ndarray:
    """Blades and seed heads along the lower border, thick at the sides, in three depths."""
    for depth, (count, tone, tall) in enumerate(
        ((230, (58, 44, 84), 210), (260, (36, 29, 62), 270), (230, (17, 15, 36), 330))
    ):
        canvas = Image.new("L", (SIZE * 2, SIZE * 2))
        draw = ImageDraw.Draw(canvas)
        for _ in range(count):
            across = RNG.beta(0.55, 0.75)
            x = (across * 1.06 - 0.03) * SIZE
            side = abs(across - 0.5) * 2
            height = tall * (0.28 + 0.95 * side**1.3) * RNG.uniform(0.55, 1.25)
            blade(draw, x, SIZE + 12, height, RNG.normal(0.06, 0.16), RNG.uniform(2.2, 4.6) + depth, RNG.random() < 0.2)
        alpha = np.asarray(canvas.resize((SIZE, SIZE), Image.Resampling.LANCZOS), np.float32) / 255
        rim = np.clip((SIZE - Y) / 420, 0, 1)[..., None] * np.array([46, 24, 34], np.float32)
        picture = blend(picture, np.asarray(tone, np.float32) + rim, alpha * (0.92 if depth < 2 else 1))
    return picture


def blade(draw: ImageDraw.ImageDraw, x: float, y: float, height: float, lean: float, width: float, head: bool) -> None:
    t = np.linspace(0, 1, 14)
    xs = x + height * lean * (0.4 * t + 1.5 * t**2.4)
    ys = y - height * (t - 0.18 * abs(lean) * t**3)
    half = width * (1 - t**1.5) / 2 + 0.35
    outline = [*zip(xs - half, ys, strict=True), *zip((xs + half)[::-1], ys[::-1], strict=True)]
    draw.polygon([(a * 2, b * 2) for a, b in outline], fill=255)
    if head:
        a, b, length = xs[-1], ys[-1], RNG.uniform(20, 36)
        draw.ellipse([(a - 4) * 2, (b - length) * 2, (a + 4) * 2, (b + 6) * 2], fill=255)


def paint(picture: np.ndarray) -> np.ndarray:
    """A painter's hand: paper, a little drag of the brush, soft vignette, fine grain."""
    drag = noise(2.5, 26, 4), noise(2.5, 26, 4)
    moved = cv2.remap(
        picture.astype(np.float32),
        X + 2.4 * (drag[0] - 0.5),
        Y + 2 * (drag[1] - 0.5),
        cv2.INTER_CUBIC,
        None,
        cv2.BORDER_REFLECT,
    )
    stroke = noise(7, 12, 4) - 0.5
    moved *= (1 + 0.075 * stroke)[..., None]
    far = np.hypot((X - SIZE / 2) / SIZE, (Y - SIZE * 0.52) / SIZE)
    moved *= (1 - 0.3 * step(far, 0.42, 0.8))[..., None]
    grain = cv2.GaussianBlur(RNG.standard_normal((SIZE, SIZE)).astype(np.float32), (0, 0), 0.7)
    return np.clip(moved + GRAIN * grain[..., None], 0, 255)


def lettering(picture: np.ndarray) -> np.ndarray:
    canvas = Image.fromarray(np.rint(picture).astype(np.uint8))
    draw = ImageDraw.Draw(canvas)
    spaced(draw, TITLE, SIZE / 2, 188, 118, 34, (255, 240, 222))
    spaced(draw, ARTIST, SIZE / 2, 336, 34, 17, (255, 222, 196))
    return np.asarray(canvas)


def spaced(
    draw: ImageDraw.ImageDraw, text: str, x: float, y: float, size: int, gap: float, colour: tuple[int, int, int]
) -> None:
    font = ImageFont.load_default(size)
    widths = [font.getlength(letter) for letter in text]
    x -= (sum(widths) + gap * (len(text) - 1)) / 2
    for letter, width in zip(text, widths, strict=True):
        draw.text((x, y), letter, font=font, fill=colour, anchor="lm")
        x += width + gap


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "assets" / "cover.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    picture = lettering(paint(reeds(boat(water(hills(sky()))))))
    Image.fromarray(picture).save(target, optimize=True)
    print(f"{target}: {SIZE}x{SIZE}, {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
