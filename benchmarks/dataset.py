"""Videos made into clips for training, beside FFmpeg scaling and encoding the same. Prints one JSON line.

usage: python benchmarks/dataset.py [--clips 8] [--size 1920x1080] [--workers 2]

What you would do instead is `ffmpeg -vf fps=24,scale=... -c:v libx264` for each file and set: it makes as many frames
of the same size at the same quality and speed of the encoder, and looks at nothing. `coverloop dataset prepare` looks
at each source first (still, cut, flicker, camera, closes, lettering, duplicates). FFmpeg is that of `imageio-ffmpeg`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from coverloop.core.video.encode import PRESET, encode
from coverloop.training.calibration import MAKING


def scene(seed: int, width: int, height: int, count: int = 96):
    """Things on circles before a texture: a loop of 96 frames."""
    rng = np.random.default_rng(seed)
    ground = np.zeros((height, width, 3), np.float32)
    for cell, strength in ((160, 60), (40, 30), (8, 8)):
        noise = rng.normal(0, 1, (height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        ground += strength * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    ground = np.clip(ground + rng.uniform(90, 150, 3), 0, 255).astype(np.uint8)
    things = [(rng.uniform(0.2, 0.8, 2), rng.uniform(0.05, 0.14), rng.uniform(0, 6.3)) for _ in range(7)]
    for i in range(count):
        picture = ground.copy()
        for number, (place, reach, phase) in enumerate(things):
            turn = phase + 2 * np.pi * i / count
            at = (place + reach * np.array([np.cos(turn), np.sin(turn)])) * (width, height)
            cv2.circle(picture, tuple(int(v) for v in at), height // 9, (30 * number, 200 - 20 * number, 90), -1)
        yield picture


def ours(folder: Path, out: Path, workers: int) -> dict[str, list[dict[str, object]]]:
    command = [sys.executable, "-m", "coverloop.orchestrator.cli", "dataset", "prepare", str(folder), "--out", str(out)]
    done = subprocess.run([*command, "--workers", str(workers), "--json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def theirs(folder: Path, out: Path, rows: list[dict[str, object]]) -> None:
    """The same files, in the sizes and lengths that were made, one source after the other as FFmpeg uses all cores."""
    out.mkdir()
    for row in rows:
        files: dict[str, dict[str, int]] = row["files"]  # type: ignore[assignment]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-stream_loop", "1", "-i"]
        command += [str(folder / str(row["source"])), "-filter_complex"]
        parts = [f"[0:v]fps=24,split={len(files)}" + "".join(f"[{name}0]" for name in files)]
        for name, told in files.items():
            parts.append(f"[{name}0]scale={told['width']}:{told['height']}:flags=area[{name}]")
        command.append(";".join(parts))
        for name, told in files.items():
            command += ["-map", f"[{name}]", "-frames:v", str(told["frames"]), "-an", "-c:v", "libx264"]
            command += ["-preset", PRESET, "-crf", str(MAKING.crf), "-pix_fmt", "yuv420p"]
            command.append(str(out / f"{row['clip']}.{name}.mp4"))
        subprocess.run(command, check=True)


def timed(work) -> tuple[dict[str, float], object]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    made = work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": round(time.monotonic() - began, 1), "cpu_s": round(cpu, 1)}, made


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    asked = parser.parse_args()
    width, height = map(int, asked.size.split("x"))
    with tempfile.TemporaryDirectory() as temp:
        folder = Path(temp) / "in"
        folder.mkdir()
        for number in range(asked.clips):
            encode(scene(number, width, height), folder / f"{number}.mp4", fps=24)
        first, told = timed(lambda: ours(folder, Path(temp) / "ours", asked.workers))
        rows = [row for row in told["rows"] if row["kept"]]  # type: ignore[index]
        second, _ = timed(lambda: theirs(folder, Path(temp) / "theirs", rows))
        again, _ = timed(lambda: ours(folder, Path(temp) / "again", asked.workers))
    ratio = second["wall_s"] / min(first["wall_s"], again["wall_s"])
    told = {"clips": asked.clips, "kept": len(rows), "size": asked.size, "prepare": [first, again], "ffmpeg": second}
    print(json.dumps({**told, "of_ffmpegs_speed": round(ratio, 2)}))


if __name__ == "__main__":
    main()
