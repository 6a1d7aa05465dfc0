"""What a loop costs on this machine: `python benchmarks/ambient.py [COVER] [--size 1080] [--effects 8]`.

Starts the embedded ComfyUI, renders the cover mirrored (which loads the models), then the cover itself, which is
measured, and prints one JSON line: seconds per stage and node, peak memory of the server, and how motion and encode
together compare with encoding the same frames alone (`ratio`). `--effects` plays that many, 1 to 8, in place of those
that suit the cover.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from coverloop.core.image import read_cover
from coverloop.core.video.decode import decode
from coverloop.core.video.encode import encode
from coverloop.orchestrator.job import check
from coverloop.orchestrator.job.manifest import load_workflow
from coverloop.orchestrator.job.request import make_job, open_cover
from coverloop.orchestrator.job.retry import render_cover
from coverloop.orchestrator.job.run import Renderer
from coverloop.orchestrator.server import embedded
from coverloop.orchestrator.server.client import Comfy
from PIL import Image

EFFECTS = (  # dear ones and cheap ones, in the order in which `--effects` takes them
    {"kind": "parallax", "depth": "vertical"},
    {"kind": "sway"},
    {"kind": "light"},
    {"kind": "particles"},
    {"kind": "clouds", "region": {"mask": "all"}},
    {"kind": "ripple", "region": {"mask": "all"}},
    {"kind": "fog"},
    {"kind": "grain"},
)
ROOT = Path(__file__).resolve().parent.parent


def peak_gb(pid: int) -> float | None:
    """Peak resident memory of a process; None where /proc does not tell."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    return round(int(text.split("VmHWM:")[1].split()[0]) / 1e6, 3)


def encode_alone(path: Path, folder: Path) -> float:
    """Seconds to encode the frames of `path` once more."""
    clip = decode(path)
    began = time.perf_counter()
    encode(clip.frames, folder / "again.mp4", fps=clip.fps)
    return time.perf_counter() - began


def mirrored(cover: Path, folder: Path) -> Path:
    """Another cover of the same kind: the warm-up leaves nothing in ComfyUI's cache that the measured run would use."""
    path = folder / "mirrored.png"
    Image.fromarray(read_cover(cover).image[:, ::-1]).save(path, compress_level=1)
    return path


def measure(cover: Path, given: dict, workflow_id: str) -> dict:
    workflow = load_workflow(workflow_id)
    began = time.perf_counter()
    with embedded.start() as server, Comfy(server.url) as comfy, tempfile.TemporaryDirectory() as scratch:
        start = time.perf_counter() - began
        facts, versions = check.require(comfy, workflow)
        for path in (mirrored(cover, Path(scratch)), cover):
            picture = open_cover(path)
            job = make_job(picture, workflow, given, versions)
            made = render_cover(Renderer(comfy, workflow, facts), job, picture, Path(scratch) / "loop")
        timings = made.record["timings"]
        alone = encode_alone(made.video, Path(scratch))
        nodes = timings["nodes"]
        both = sum(s for name, s in nodes.items() if name.split()[0] in ("CoverLoopAmbient", "CoverLoopSave"))
        return {
            "benchmark": "ambient",
            "cover": cover.name,
            "workflow": workflow.id,
            **{name: value for name, value in given.items() if name != "recipe"},
            "start_seconds": round(start, 2),
            "submit_to_deliverable": timings["total"],
            "motion_and_encode": round(both, 3),
            "encode_alone": round(alone, 3),
            "ratio": round(both / alone, 2),
            "server_peak_gb": peak_gb(server.process.pid),
            "stages": {name: timings[name] for name in ("upload", "server", "download", "judge")},
            "nodes": nodes,
            "effects": [effect["kind"] for effect in json.loads(given["recipe"])["effects"]]
            if "recipe" in given
            else "own",
            "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
            "passed": made.passed,
            "problems": list(made.problems),
            "video_bytes": made.video.stat().st_size,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cover", nargs="?", type=Path, default=ROOT / "assets" / "cover.png")
    parser.add_argument("--workflow", default="ambient_loop")
    parser.add_argument("--size", type=int, default=1080)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--fps", type=float, default=24.0)
    parser.add_argument("--effects", type=int, choices=range(1, len(EFFECTS) + 1))
    options = parser.parse_args()
    given = {"size": options.size, "seconds": options.seconds, "fps": options.fps}
    if options.effects:
        given["recipe"] = json.dumps(
            {"keep": ["borders", "lines", "faces", "tone"], "effects": EFFECTS[: options.effects]}
        )
    print(json.dumps(measure(options.cover, given, options.workflow)))


if __name__ == "__main__":
    main()
