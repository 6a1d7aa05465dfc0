"""Make the README's moving picture and the template thumbnail from a rendered loop.

usage: readme_pictures.py out/demo/cover.mp4
Writes assets/loop.webp (animated, plays for ever) and workflows/ambient_loop_v4.jpg.
"""

import sys
from pathlib import Path

import numpy as np
from coverloop.core.image import fit
from coverloop.core.video.decode import decode
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SIDE, FPS, LIMIT = 400, 12, 1_600_000


def main() -> None:
    clip = decode(sys.argv[1])
    every = max(1, round(float(clip.fps) / FPS))
    frames = [Image.fromarray(fit(np.ascontiguousarray(frame), SIDE)) for frame in clip.frames[::every]]
    target = ROOT / "assets" / "loop.webp"
    for quality in range(80, 20, -10):
        frames[0].save(
            target,
            save_all=True,
            append_images=frames[1:],
            duration=round(1000 * every / float(clip.fps)),
            loop=0,
            quality=quality,
            method=6,
        )
        if target.stat().st_size <= LIMIT:
            break
    frames[0].save(ROOT / "workflows" / "ambient_loop_v4.jpg", quality=85)
    print(f"{target.name}: {target.stat().st_size / 1e6:.2f} MB, {len(frames)} frames")


if __name__ == "__main__":
    main()
