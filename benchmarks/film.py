"""How long a film of 60 s at 720p takes, and in how much memory: one cover, a song, 20 lines of LRC.

usage: film.py [COVER] [--lines N]

Prints one JSON line. On Linux and macOS.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import songs

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cover", nargs="?", type=Path, default=ROOT / "assets" / "cover.png")
    parser.add_argument("--lines", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["COVERLOOP_STORE"] = str(Path(name) / "store")
        from coverloop.orchestrator.verbs.film import Asked, make_film
        from rich.console import Console

        song = songs.write(Path(name) / "song.flac", songs.make(96.0, 4, 1, 60.0).sound)
        starts = [6.0 + 50.0 * number / asked.lines for number in range(asked.lines)]
        lines = (f"[00:{start:05.2f}]rain over the sea {n}, 바다에 비" for n, start in enumerate(starts))
        (words := Path(name) / "words.lrc").write_text("\n".join(lines), "utf-8")
        out, begun, cpu = Path(name) / "film.mp4", time.monotonic(), time.process_time()
        film, console = Asked(words, out, song, (asked.cover,), backend="offline"), Console(quiet=True)
        made = make_film(film, console)
        took, cpu = time.monotonic() - begun, time.process_time() - cpu
        again = time.monotonic()
        make_film(film, console)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        told = {"film_s": made["seconds"], "scenes": len(made["scenes"]), "seconds": took, "cpu_seconds": cpu}
        told |= {"again_seconds": time.monotonic() - again, "peak_gb": peak / 1e9, "mb": out.stat().st_size / 1e6}
    print(json.dumps({name: round(value, 2) for name, value in told.items()}))


if __name__ == "__main__":
    main()
