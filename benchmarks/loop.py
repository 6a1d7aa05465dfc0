"""Closing measured side by side: nothing, a cross-fade, the reference graph's arithmetic, and `close_clip`.

    python benchmarks/loop.py [--clips NAME ...] [--ways WAY ...] [--weights RIFE_FILE] [--memory]

Prints one JSON line for each clip and way: figures of the frames and of the decoded file (H.264 as `core/video` writes
it; figures as in `core/judge`, and `join`), and CPU and wall seconds. `sharpness` is that of the worst frame anywhere;
`join` that of the worst frame of the join, against the frames on both sides of the join and not those inside it.
`--memory` closes 97 frames of 1024x1024 and prints the peak. `--retime` takes perfect 24-frame loops to 30 and 60
frames and prints their steps beside those of the loop itself and of the same motion drawn at that rate. `--seconds` is
the wanted length. What all of it takes beside an encode: `chain.py`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from clips import MAKERS, make, sway
from coverloop.core.judge.score import score
from coverloop.core.loop.between import Gap, Interpolator, load_interpolator
from coverloop.core.loop.grain import Grain
from coverloop.core.loop.retime import retime
from coverloop.core.loop.ring import close_clip
from coverloop.core.pixels import fine_detail
from coverloop.core.video.decode import decode
from coverloop.core.video.encode import encode

FPS = 24


class AsPublished:
    """RIFE as other packs run it: the network's own picture."""

    def __init__(self, weights: Path) -> None:
        from coverloop.core.loop import rife

        self._network = rife.load(weights)
        self.name = f"RIFE {self._network.version}"

    def between(
        self, a: np.ndarray, b: np.ndarray, times: Sequence[float], grain: Grain | None = None, seed: int = 0
    ) -> list[np.ndarray]:
        import torch

        pair = [torch.from_numpy(p.transpose(2, 0, 1)[None].copy()).float() / 255 for p in (a, b)]
        with torch.inference_mode():
            pictures = [self._network(*pair, time)[0].permute(1, 2, 0).numpy() for time in times]
        return [np.clip(np.round(picture * 255), 0, 255).astype(np.uint8) for picture in pictures]

    def fill(self, gaps: Iterable[Gap], grain: Grain | None = None) -> Iterator[list[np.ndarray]]:
        return (self.between(gap.a, gap.b, gap.times, grain, gap.seed) for gap in gaps)


def nothing(frames: np.ndarray, interpolator: Interpolator) -> np.ndarray:
    return frames


def cross_fade(frames: np.ndarray, interpolator: Interpolator, over: int = 12) -> np.ndarray:
    """The last `over` frames fade into what comes before the first kept one: the usual ffmpeg recipe."""
    weight = (np.arange(1, over + 1) / (over + 1))[:, None, None, None]
    faded = (1 - weight) * frames[-over:] + weight * frames[:over]
    return np.concatenate([frames[over:-over], np.round(faded).astype(np.uint8)])


def multiplied(frames: np.ndarray, by: int, interpolator: Interpolator) -> np.ndarray:
    """RIFE VFI as the packs do it: (N - 1) * by + 1 frames, the ends kept."""
    times = [k / by for k in range(1, by)]
    parts = []
    for a, b in itertools.pairwise(frames):
        parts += [a, *interpolator.between(a, b, times)]
    return np.stack([*parts, frames[-1]])


def reference(frames: np.ndarray, interpolator: Interpolator) -> np.ndarray:
    """The reference graph: TrimBatchEnds 2/4, PrepareLoopFrames, RIFE x4, AssembleLoopFrames, RollFrames 1, RIFE x2,
    UnrollFrames, RIFE_FPS_Resample 48 -> 30."""
    trimmed = frames[2:-4]
    seam = multiplied(np.stack([trimmed[-1], trimmed[0]]), 4, interpolator)
    assembled = np.concatenate([trimmed, seam[1:-1]])
    doubled = multiplied(np.roll(assembled, 1, axis=0), 2, interpolator)
    unrolled = np.roll(doubled, -2, axis=0)
    count = math.floor((len(unrolled) - 1) * 30 / 48) + 1
    out = []
    for k in range(count):
        place = min(k * 48 / 30, len(unrolled) - 1)
        i, part = int(place), place % 1
        out.append(unrolled[i] if part == 0 else interpolator.between(unrolled[i], unrolled[i + 1], [part])[0])
    return np.stack(out)


def ours(frames: np.ndarray, interpolator: Interpolator) -> np.ndarray:
    count = None if WANTED["seconds"] is None else round(WANTED["seconds"] * FPS)
    closed, report = close_clip(frames, FPS, max_start=0, interpolator=interpolator, count=count)
    MADE["close"] = report.inserted
    return closed


WANTED: dict[str, float | None] = {"seconds": None}
MADE = {"nothing": 0, "cross-fade": 12, "reference graph": 5}
"""Frames at the end that each way makes for the join; `close` tells of its own."""
WAYS: dict[str, Callable[[np.ndarray, Interpolator], np.ndarray]] = {
    "nothing": nothing,
    "cross-fade": cross_fade,
    "reference graph": reference,
    "close": ours,
}


def figures(frames: np.ndarray, made: int = 0) -> dict[str, float]:
    judged = score(frames, fps=FPS)
    names = ("seam_ratio", "largest_step", "smallest_step", "tile_seam", "seam_residual", "sharpness")
    return {**{name: round(getattr(judged, name), 2) for name in names}, "join": round(join_sharpness(frames, made), 2)}


def join_sharpness(frames: np.ndarray, made: int) -> float:
    """Lowest Laplacian variance of the last `made` frames and of one more on each side, against that of the next frames
    (an eighth of the clip) before and after the join, from the one to the other in a straight line."""
    values = np.array([fine_detail(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY)).var() for f in frames])
    reach, count = max(4, len(frames) // 8), made + 2
    ring = np.roll(values, -1)  # the join lies at the end now
    before, after = float(np.median(ring[-count - reach : -count])), float(np.median(ring[:reach]))
    return float((ring[-count:] / np.linspace(before, after, count)).min())


def decoded(frames: np.ndarray) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "loop.mp4"
        encode(frames, path, fps=FPS)
        return decode(path).frames


def peak_memory(interpolator: Interpolator) -> dict[str, float]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    small = make("sway, odd period").frames
    large = np.empty((len(small), 1024, 1024, 3), np.uint8)
    for i, frame in enumerate(small):
        large[i] = np.kron(frame, np.ones((2, 2, 1), np.uint8))
    del small
    started = time.process_time()
    closed = close_clip(large, FPS, max_start=0, count=96, interpolator=interpolator)[0]
    scale = 1e3 if sys.platform != "darwin" else 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = round(time.process_time() - started, 1)
    return {"frames": len(closed), "peak_mb": round(peak / scale), "start_mb": round(before / scale), "cpu_s": seconds}


def retimed(interpolator: Interpolator) -> Iterator[dict[str, object]]:
    for reach in (1.0, 3.0):
        own = sway(24, reach)
        for count in (30, 60):
            made = retime(own, count, interpolator)
            shown = {"itself": own, "retimed": made, "decoded": decoded(made), "drawn so": sway(count, reach)}
            line = {}
            for name, frames in shown.items():
                judged = score(frames, fps=FPS)
                line[name] = [round(v, 2) for v in (judged.largest_step, judged.smallest_step, judged.sharpness)]
            yield {"retime": f"sway of {reach:g} px", "frames": count, "largest, smallest, sharpness": line}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", nargs="*", default=list(MAKERS), choices=list(MAKERS), metavar="NAME")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS), metavar="WAY")
    parser.add_argument("--weights", type=Path, help="RIFE weights; without, optical flow")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--retime", action="store_true")
    parser.add_argument("--seconds", type=float, help="wanted length; without, what closes by itself")
    chosen = parser.parse_args()
    interpolator = load_interpolator(chosen.weights)
    if chosen.memory:
        print(json.dumps({"memory": peak_memory(interpolator), "interpolator": interpolator.name}))
        return
    if chosen.retime:
        for line in retimed(interpolator):
            print(json.dumps({**line, "interpolator": interpolator.name}), flush=True)
        return
    WANTED["seconds"] = chosen.seconds
    published = interpolator if chosen.weights is None else AsPublished(chosen.weights)
    for name in chosen.clips:
        clip = make(name)
        for way in chosen.ways:
            cpu, wall = time.process_time(), time.perf_counter()
            closed = WAYS[way](clip.frames, published if way == "reference graph" else interpolator)
            line = {
                "clip": name,
                "closes": clip.closes,
                "way": way,
                "interpolator": interpolator.name,
                "frames": len(closed),
                "cpu_s": round(time.process_time() - cpu, 1),
                "wall_s": round(time.perf_counter() - wall, 1),
            }
            print(
                json.dumps(
                    {
                        **line,
                        "before_encoding": figures(closed, MADE[way]),
                        "decoded": figures(decoded(closed), MADE[way]),
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
