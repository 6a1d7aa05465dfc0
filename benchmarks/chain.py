"""What the nodes between decode and save take: tone, cut, close, retime, scale; beside encoding the same frames.

    python benchmarks/chain.py [--device cuda] [--cores 2] [--weights RIFE_FILE | --weights untrained] [--alike]

105 frames of 960x960, as Wan leaves them, become 96 of 1080x1080, by what the nodes call, from tensor to tensor.
Prints one JSON line: wall and CPU seconds of each step and of all together (`retime` is not called where the count is
the wanted one; `to 30 fps` is what it takes where it is), also as a ratio to encoding. `--cores`: take so many;
`--device`: where the frames lie. `--alike` does all of it with frames on the host, too, and says how far the pictures
are apart, in grey levels. `--weights untrained`: RIFE 4.0 whose weights are chance, which takes as long.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

COUNT, SIDE, WANTED, COVER = 105, 960, 96, 1080


class Clock:
    """Wall and CPU seconds of each step."""

    def __init__(self, wait: Callable[[], None]) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self._wait = wait

    def timed(self, name: str, work: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        made = work()
        self._wait()
        self.wall[name] = round(time.perf_counter() - wall, 2)
        self.cpu[name] = round(time.process_time() - cpu, 2)
        return made


def chain(images: Any, interpolator: Any, clock: Clock) -> tuple[Any, Any, Any]:
    """(N, H, W, 3) float images -> the cut, the loop and the scaled loop, each step as its node's `execute` does it."""
    from coverloop.core.loop.close import close
    from coverloop.core.loop.ring import best_cut
    from coverloop.core.loop.tone import tone_match
    from coverloop.nodes.tensors import clip_of, images_of, picture, scaled_images

    def toned() -> Any:
        frames = tone_match(clip := clip_of(images), cover=picture(images[:1]))[0]
        return images if frames is clip else images_of(frames, len(frames), images.device)

    def closed() -> Any:
        frames = close(clip_of(part), interpolator, length=WANTED)[0]
        return images_of(frames, len(frames), images.device)

    steady = clock.timed("tone", toned)
    cut = clock.timed("cut", lambda: best_cut(clip_of(steady), length=WANTED))
    part = steady[cut.start : cut.end]
    ring = clock.timed("close", closed)
    assert len(ring) == WANTED, len(ring)  # so Retime hands on what it was given
    scaled = clock.timed("scale", lambda: scaled_images(ring, COVER, COVER, lambda: None))
    return cut, ring, scaled


def retimed(images: Any, interpolator: Any) -> Any:
    from coverloop.core.loop.retime import retime
    from coverloop.nodes.tensors import clip_of, images_of

    frames = retime(clip_of(images), 120, interpolator)
    return images_of(frames, len(frames), images.device)


def encoded(images: Any) -> None:
    from coverloop.core.video.encode import encode
    from coverloop.nodes.tensors import frames_of

    with tempfile.TemporaryDirectory() as folder:
        encode(frames_of(images), Path(folder) / "loop.mp4", fps=24)


def measured(device: str, weights: str | None, alike: bool) -> dict[str, object]:
    import torch
    from coverloop.core.loop.between import load_interpolator

    def wait() -> None:
        if device.startswith("cuda"):
            torch.cuda.synchronize()

    host = a_clip()
    found = _untrained() if weights == "untrained" else weights
    interpolator = load_interpolator(found, device)
    images = host.to(device)
    chain(images, interpolator, Clock(wait))  # once to load what is loaded late, and to touch the memory
    clock = Clock(wait)
    cut, ring, scaled = chain(images, interpolator, clock)
    clock.timed("to 30 fps", lambda: retimed(ring, interpolator))
    clock.timed("encode", lambda: encoded(scaled))
    steps = ("tone", "cut", "close", "scale")
    told: dict[str, object] = {
        "device": torch.cuda.get_device_name() if device.startswith("cuda") else device,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "interpolator": interpolator.name,
        "wall_s": clock.wall,
        "cpu_s": clock.cpu,
        "together_wall_s": round(sum(clock.wall[step] for step in steps), 2),
        "to encoding": round(sum(clock.cpu[step] for step in steps) / clock.cpu["encode"], 2),
    }
    if alike:
        other_cut, _, other = chain(host, load_interpolator(found), Clock(wait))
        apart = torch.stack([(a.cpu() - b).abs().max() * 255 for a, b in zip(scaled, other, strict=True)])
        told |= {"same cut": cut == other_cut, "apart, most": round(float(apart.max()), 2)}
    return told


def a_clip() -> Any:
    """(105, 960, 960, 3) float32 0..1 that sways at a period of its own."""
    import cv2
    import torch
    from clips import swaying

    frames = torch.empty((COUNT, SIDE, SIDE, 3))
    for place, frame in zip(frames, swaying(COUNT), strict=True):
        place.copy_(torch.from_numpy(cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)) / 255)
    return frames


def _untrained() -> Path:
    import torch
    from coverloop.core.loop.rife import RIFE40

    torch.manual_seed(0)
    path = Path(tempfile.mkdtemp()) / "untrained.pkl"
    torch.save({key: 0.1 * value for key, value in RIFE40().state_dict().items()}, path)
    return path


def _without_comfyui() -> None:
    """The nodes' own tensor code, without the package's `__init__`, which asks for ComfyUI."""
    import coverloop

    nodes = types.ModuleType("coverloop.nodes")
    nodes.__path__ = [str(Path(coverloop.__path__[0]) / "nodes")]
    sys.modules["coverloop.nodes"] = nodes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--cores", type=int)
    parser.add_argument("--weights")
    parser.add_argument("--alike", action="store_true")
    chosen = parser.parse_args()
    if chosen.cores:  # before the libraries count them
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen.cores])
        os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(chosen.cores)
        import cv2

        cv2.setNumThreads(chosen.cores)
    _without_comfyui()
    print(json.dumps(measured(chosen.device, chosen.weights, chosen.alike)))


if __name__ == "__main__":
    main()
