"""Fit `STROKES` of core/lettering/calibration.py: which of the detector's features tell stroke from what is beside it.

usage: python scripts/fit_strokes.py COVERS_DIR [--channels 48]

COVERS_DIR holds NAME.jpg (or .png), NAME.mask.png (0/255, the lettering) and NAME.json (items with style and box), as
benchmarks/lettering.py takes them. A logistic regression on pixels near lettering, shadows, glows and outlines left
out; channels are chosen by an L1 penalty and fitted again. Prints the table and how well it ranks pixels (AUC) on every
fifth cover, which it was not fitted on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch
from coverloop.core.image import read_cover
from coverloop.core.lettering import ppocr
from coverloop.core.lettering.calibration import FINDING

PLAIN = {"plain", "gradient", "rotated", "arc", "spaced", "stacked", "lowcontrast"}
PIXELS = 7000  # of each cover


def pixels(path: Path, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, channels) and coverage (N,) of pixels near the lettering of one cover."""
    name = path.name.removesuffix(".mask.png")
    picture = next(p for p in (path.with_name(name + end) for end in (".jpg", ".png")) if p.exists())
    cover = read_cover(picture).image
    lettering, parts = ppocr.features_of(cover, FINDING.sides[-1])
    rows, columns = parts[0].shape[1:]
    features = np.concatenate([[cv2.resize(one, (columns, rows)) for one in part] for part in parts])
    truth = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    coverage = cv2.resize(truth, (columns, rows), interpolation=cv2.INTER_AREA) / 255  # type: ignore[arg-type]
    chance = cv2.resize(lettering, (columns, rows), interpolation=cv2.INTER_AREA)
    near = cv2.dilate((chance > 0.3).astype(np.uint8), np.ones((25, 25))) > 0
    scale = columns / cover.shape[1]
    for item in json.loads(path.with_name(name + ".json").read_text(encoding="utf-8"))["items"]:
        if item["style"] not in PLAIN:
            x0, y0, x1, y1 = (round(v * scale) for v in item["box"])
            pad = (y1 - y0) // 3
            near[max(0, y0 - pad) : y1 + pad, max(0, x0 - pad) : x1 + pad] = False
    rows_at, columns_at = np.nonzero(near)
    pick = random.permutation(len(rows_at))[:PIXELS]
    return features[:, rows_at[pick], columns_at[pick]].T, coverage[rows_at[pick], columns_at[pick]]


def fit(x: torch.Tensor, y: torch.Tensor, penalty: float, steps: int = 2500) -> tuple[torch.Tensor, torch.Tensor]:
    weight, bias = torch.zeros(x.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    adam = torch.optim.Adam([weight, bias], 1e-2)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for _ in range(steps):
        some = torch.randint(0, len(x), (8192,))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(x[some] @ weight + bias, y[some])
        loss = loss + penalty * weight.abs().sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
        slower.step()
    return weight.detach(), bias.detach()


def auc(score: np.ndarray, true: np.ndarray) -> float:
    """Share of pairs of a true and a false pixel that are ranked rightly."""
    rank = np.empty(len(score))
    rank[np.argsort(score)] = np.arange(len(score))
    n = np.count_nonzero(true)
    return float((rank[true].sum() - n * (n - 1) / 2) / (n * (len(true) - n)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("covers", type=Path)
    parser.add_argument("--channels", type=int, default=48)
    given = parser.parse_args()
    random = np.random.default_rng(0)
    torch.manual_seed(0)
    covers = [pixels(path, random) for path in sorted(given.covers.glob("*.mask.png"))]
    fitted = [cover for i, cover in enumerate(covers) if i % 5]
    x, y = (torch.tensor(np.concatenate(part), dtype=torch.float32) for part in zip(*fitted, strict=True))
    spread = x.std(0) + 1e-3
    ranked, _ = fit(x / spread, y, 3e-3)
    best = ranked.abs().argsort(descending=True)[: given.channels].sort().values
    weight, bias = fit(x[:, best] / spread[best], y, 1e-5)
    table = [(int(c), round(float(w), 3)) for c, w in zip(best, weight / spread[best], strict=True)]
    kept = np.array([w for _, w in table], np.float32)
    areas = [
        auc(part[:, best.numpy()] @ kept, cover > 0.5)
        for part, cover in covers[::5]
        if len(cover) and 0 < (cover > 0.5).mean() < 1
    ]
    print(f"bias = {float(bias):.3f}")
    print(f"weights = {tuple(table)}")
    print(
        json.dumps(
            {"covers": len(covers), "pixels": len(x), "auc": round(float(np.mean(areas)), 3), "worst": min(areas)}
        )
    )


if __name__ == "__main__":
    main()
