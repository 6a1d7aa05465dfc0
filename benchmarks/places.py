"""Finished loops, written for every place: would it take them, does the judge pass them, and does MediaInfo agree?

usage: places.py LOOP... [--preset P,...] [--way auto] [--out out/places]

MediaInfo is the second opinion on what a file is (codec, profile, size, frames, rate, length); its wheel carries the
library: pip install pymediainfo. Prints a JSON line for each file and writes a sheet for each loop: the first frame in
every shape.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from coverloop.core.formats.make import Made
from coverloop.core.formats.registry import names
from coverloop.core.video.facts import Facts, read_facts
from coverloop.orchestrator.verbs.export import export_loops
from pymediainfo import MediaInfo

SAME = {  # MediaInfo's name of a codec -> FFmpeg's
    "AVC": "h264",
    "HEVC": "hevc",
    "ProRes": "prores",
    "VP9": "vp9",
    "AV1": "avif",
    "GIF": "gif",
    "WebP": "webp",
}
_SIDE = 300


def second_opinion(path: Path, facts: Facts) -> list[str]:
    """What MediaInfo reads otherwise than `read_facts`. Pictures that move it describes by their first one."""
    tracks = MediaInfo.parse(str(path)).tracks
    seen = next(track for track in tracks if track.track_type in ("Video", "Image"))
    told: dict[str, tuple[Any, Any]] = {
        "codec": (SAME.get(str(seen.format), seen.format), facts.codec),
    }
    if seen.width:  # of a WebP that moves it says none
        told |= {"width": (seen.width, facts.width), "height": (seen.height, facts.height)}
    if seen.track_type == "Video" and facts.kind in ("mp4", "mov", "webm", "hls"):
        if seen.frame_count:
            told["frames"] = (int(seen.frame_count), facts.frames)
        if seen.duration:
            told["seconds"] = (round(float(seen.duration) / 1000, 1), round(float(facts.seconds), 1))
        told["rate"] = (round(float(seen.frame_rate or 0)), round(facts.fps))
        told["pixels"] = (f"{seen.chroma_subsampling} {seen.bit_depth}", _pixels(facts))
    sound = [track.track_type for track in tracks if track.track_type == "Audio"]
    return [f"{name}: {mine} here, {theirs} there" for name, (theirs, mine) in told.items() if theirs != mine] + sound


def _pixels(facts: Facts) -> str:
    chroma = next(told for told in ("444", "422", "420") if told in facts.pixels)
    depth = next((told for told in ("10", "12") if facts.pixels.endswith((f"{told}le", f"{told}be"))), "8")
    return f"{':'.join(chroma)} {depth}"


def row(made: Made) -> dict[str, Any]:
    media = made.video.with_suffix(".mp4") if made.video.suffix == ".m3u8" else made.video
    figures = made.judged.turn.figures
    return {
        "file": made.video.name,
        "turns": made.turns,
        "seam": round(figures["seam_ratio"] or 0, 2),
        "largest": round(figures["largest_step"] or 0, 2),
        "joins": [round(join, 2) for join in made.judged.joins],
        "place": [f"{line.rule}: {line.said}" for line in made.lines if not line.met],
        "judge": made.judged.problems,
        "mediainfo": second_opinion(media, read_facts(made.video)),
        "notes": list(made.notes),
    }


def sheet(made: list[Made], path: Path) -> None:
    tiles = []
    for one in made:
        picture = cv2.imread(str(one.poster))
        scale = _SIDE / max(picture.shape[:2])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        tile = np.full((_SIDE + 24, _SIDE + 8, 3), 255, np.uint8)
        tile[: small.shape[0], : small.shape[1]] = small
        cv2.putText(tile, one.wanted.id, (2, _SIDE + 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
        tiles.append(tile)
    across = 5
    tiles += [np.full_like(tiles[0], 255)] * (math.ceil(len(tiles) / across) * across - len(tiles))
    rows = [np.hstack(tiles[i : i + across]) for i in range(0, len(tiles), across)]
    cv2.imwrite(str(path), np.vstack(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loops", type=Path, nargs="+")
    parser.add_argument("--preset", default=",".join(names()))
    parser.add_argument("--way", default="auto")
    parser.add_argument("--out", type=Path, default=Path("out/places"))
    given = parser.parse_args()
    for loop in given.loops:
        made = []
        for preset in given.preset.split(","):
            new = export_loops([loop], [preset], given.out, way=given.way)
            made += new
            for one in new:
                print(json.dumps(row(one), ensure_ascii=False), flush=True)
        sheet(made, given.out / f"{loop.stem}.png")


if __name__ == "__main__":
    main()
