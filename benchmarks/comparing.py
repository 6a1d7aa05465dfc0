"""How often `coverloop compare` is sure by chance, and how often it finds a real difference, on drawn figures.

Prints one JSON line. usage: comparing.py [--runs 300]
"""

import argparse
import json

import numpy as np
from coverloop.training.steadiness import conclude


def sure(rng, runs, covers, combinations, gap):
    """Share of runs that are sure of some combination (gap 0) or of the right one."""
    found = 0
    for _ in range(runs):
        noise = np.abs(rng.normal(0, 0.2, (covers, combinations))) ** 1.5  # skewed: most loops are well, some are not
        table = rng.normal(0.5, 0.3, (covers, 1)) + noise
        table[:, 1] -= gap
        told = conclude(table, [str(number) for number in range(combinations)], [True] * combinations)
        found += told["sure"] and (not gap or told["steadiest"] == "1")
    return round(found / runs, 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    runs = parser.parse_args().runs
    rng = np.random.default_rng(1)
    counts = (6, 8, 12, 20)
    chance = {f"{c} combinations": {n: sure(rng, runs, n, c, 0) for n in counts} for c in (2, 3, 6)}
    power = {f"{gap} less": {n: sure(rng, runs, n, 3, gap) for n in counts} for gap in (0.1, 0.2)}
    print(json.dumps({"runs": runs, "sure by chance": chance, "sure of the right one of 3": power}))


if __name__ == "__main__":
    main()
