"""A loop of 3840x3840 written frame after frame, beside encoding its frames alone. Prints one JSON line.

usage: formats.py [--size 3840] [--seconds 8] [--fps 24]

Each part runs in a process of its own, whose peak of memory is its own. What you would do instead is to draw all frames
and hand them to an encoder: at this size they are 8.5 GB of bytes, four times that as ComfyUI's IMAGE.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def whole(cover: str, video: Path, size: int, count: int, fps: int) -> dict[str, float]:
    """Lettering off, motion, lettering back, encode, judge and check: all of a format."""
    from coverloop.core.formats.drawn import drawn, lift
    from coverloop.core.formats.make import make
    from coverloop.core.formats.reframe.choose import reframe
    from coverloop.core.formats.reframe.contents import Contents
    from coverloop.core.formats.registry import wanted
    from coverloop.core.image import fit, read_cover

    (one,) = wanted("apple-album.square")
    began = time.monotonic()
    lifted = lift(fit(read_cover(cover).image, size))
    decided = time.monotonic()
    turn = drawn(lifted, count=count, fps=Fraction(fps))
    over = reframe(Contents.of_shape(size, size), size, size, one.format.safe).ready(size, size)
    made = make(turn, one, over, video)
    ended = time.monotonic()
    missed = [line.said for line in made.lines if not line.met]
    return {"decide_s": decided - began, "frames_s": ended - decided, "misses": missed, "judge": made.judged.problems}


def alone(video: Path, size: int, count: int, fps: int) -> dict[str, float]:
    """The same frames, ready in memory, through the same encoder: a few of them, again and again."""
    from coverloop.core.formats.registry import wanted
    from coverloop.core.video.decode import opened
    from coverloop.core.video.write import write

    with opened(video, max_pixels=10**12) as clip:
        few = [frame for frame, _ in zip(clip.frames, range(12), strict=False)]
    few = few + few[-2:0:-1]
    frames = (few[i % len(few)] for i in range(count))
    (one,) = wanted("apple-album.square")
    began = time.monotonic()
    write(frames, video.with_name("alone.mp4"), one.format.coding, fps=fps)
    return {"encode_s": time.monotonic() - began}


def measured(part: str, *words: object) -> dict[str, float]:
    command = [sys.executable, __file__, "--part", part, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=3840)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--fps", type=int, default=24)
    parser.add_argument("--cover", default=str(ROOT / "assets" / "cover.png"))
    parser.add_argument("--part")
    parser.add_argument("--folder")
    asked = parser.parse_args()
    shape = (asked.size, asked.seconds * asked.fps, asked.fps)
    if asked.part:
        video = Path(asked.folder) / "cover.apple-album.square.mp4"
        name = video.with_name("cover")
        row = whole(asked.cover, name, *shape) if asked.part == "whole" else alone(video, *shape)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(json.dumps({**row, "peak_gb": round(peak, 2)}))
        return
    given = ("--size", asked.size, "--seconds", asked.seconds, "--fps", asked.fps, "--cover", asked.cover)
    with tempfile.TemporaryDirectory() as folder:
        streamed = measured("whole", *given, "--folder", folder)
        encoded = measured("alone", *given, "--folder", folder)
    times = streamed["frames_s"] / encoded["encode_s"]
    facts = {"benchmark": "formats", "size": asked.size, "frames": shape[1], "streamed": streamed, "alone": encoded}
    print(json.dumps({**facts, "times_the_encode": round(times, 2), "wanted": {"peak_gb": 4, "times_the_encode": 3}}))


if __name__ == "__main__":
    main()
