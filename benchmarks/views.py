"""What comparing two pictures takes, beside SSIM at their full size, which people take for it.

usage: python benchmarks/views.py [--size 1080] [--pairs 20]

Prints one JSON line: median seconds for a pair by this project and by SSIM alone, at one thread and at two.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import cv2
import numpy as np
from coverloop.core.views.consistency import _ssim, compare


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=1080)
    parser.add_argument("--pairs", type=int, default=20)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (2, 40, 40, 3), np.uint8)
    one, other = (cv2.resize(picture, (asked.size, asked.size), interpolation=cv2.INTER_CUBIC) for picture in small)
    greys = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) for picture in (one, other)]
    told = {}
    for threads in (1, 2):
        cv2.setNumThreads(threads)
        told[f"{threads} threads"] = {
            "coverloop": median(asked.pairs, lambda: compare(one, other)),
            "ssim at full size": median(asked.pairs, lambda: _ssim(*greys)),
        }
    print(json.dumps({"size": asked.size, "pairs": asked.pairs, "seconds": told}))


def median(times: int, work) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return round(statistics.median(taken), 4)


if __name__ == "__main__":
    main()
