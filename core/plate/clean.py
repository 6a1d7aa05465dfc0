"""Clean plates: what the picture was before the lettering was laid over it.

In this order: what shines through shadow and glow is recovered by taking their colour out again; what is hidden is
filled; the fill gets the grain of its surroundings and a soft rim. Knows fillers only by their descriptors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..errors import UsageError
from ..lettering.styles import VISIBLE, opacity_of, push_pull
from ..pixels import disc, grow
from . import registry
from .calibration import GRAIN, RIM, SEEING, TRIAL


@dataclass(frozen=True)
class Plate:
    """image: (H, W, 3) uint8, the cover outside the mask; filler: the one used; notes: what a person should know."""

    image: np.ndarray
    filler: str
    notes: tuple[str, ...] = ()


def clean_plate(
    cover: np.ndarray, mask: np.ndarray, filler: str = "auto", seed: int = 0, folders: Sequence[Path] = ()
) -> Plate:
    """Take the lettering off: fill what the mask covers.

    cover: (H, W, 3) uint8 sRGB; mask: (H, W) float 0..1 as from `glyph_mask` (see there;
    a plain 0/1 mask works too: nothing shines through then). Outside the mask and a rim of 3 px the plate is the cover.
    filler: a name from `registry.names`, or "auto": a preferred one (a network) where it is ready, else whichever fills
    holes of this shape best in a piece of the picture beside the lettering. `seed` decides what is random in a filler.

    Raises:
        UsageError: unknown filler, or mask of another size. ModelError: the model of the filler is missing or damaged.
    """
    if mask.shape != cover.shape[:2]:
        raise UsageError(f"mask is {mask.shape}, cover is {cover.shape[:2]}; they must be of one size")
    if filler != "auto":
        registry.filler(filler)
    covered = mask > 0
    if not covered.any():
        return Plate(cover.copy(), "none", ("nothing to take off",))
    rim = grow(covered, RIM.wide)
    smooth = _roughness(cover.astype(np.float32), rim) < RIM.smooth**2
    hole = grow(covered, 1) | (rim & smooth)
    seen, hole = _see_through(cover, mask, hole)
    notes: tuple[str, ...] = ()
    if filler == "auto":
        filler = _preferred(folders) or _better_on_trial(seen, hole, seed)
        notes = (f"filler chosen: {filler}",)
    chosen = registry.filler(filler)
    edge = np.zeros_like(hole) if chosen.meets_rim else grow(hole, 1) & ~hole
    filled = chosen.fill(seen, hole | edge, seed=seed, folders=folders)
    filled[edge] = np.round((filled[edge].astype(np.float32) + seen[edge]) / 2).astype(np.uint8)
    if chosen.grainless:
        filled = _with_grain(filled, cover, hole, seed)
    return Plate(_true_to_cover(filled, cover, mask), filler, notes)


def _preferred(folders: Sequence[Path]) -> str | None:
    ready = [known.name for known in registry.fillers(folders) if known.ready]
    return next((name for name in ready if registry.filler(name).preferred), None)


def _true_to_cover(filled: np.ndarray, cover: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Keep the fill within VISIBLE levels of the cover where the mask says that lettering did not change it: at the
    rim of strokes. What the fill gets wrong there would have to be in the layer, and stand still around the letters."""
    rim = (mask == 0) & (filled != cover).any(-1)
    seen = cover[rim].astype(np.float32)
    filled[rim] = np.clip(filled[rim], seen - VISIBLE, seen + VISIBLE).clip(0, 255).round().astype(np.uint8)
    return filled


def _see_through(cover: np.ndarray, mask: np.ndarray, hole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take the colour of shadow and glow out where the picture shines through.

    Returns (picture, hole): the cover with those pixels recovered, and what is still hidden. A recovered pixel is
    (cover - a F) / (1 - a), weighed against the smooth fill by what each is expected to err (Wiener): the first by
    doubt about a, the second by how rough the picture around is. Soft edges of strokes stay in the hole: one pixel
    wide, their opacity is known too badly.
    """
    opacity = opacity_of(mask)
    shining = (opacity > 0) & ~grow(opacity > SEEING.stroke, 2) & (opacity < SEEING.hidden)
    # ribbons are soft edges of an outline: as badly known as those of strokes
    shining = cv2.morphologyEx(shining.astype(np.uint8), cv2.MORPH_OPEN, disc(2)) > 0
    if np.count_nonzero(shining) < SEEING.fewest:
        return cover, hole
    picture = cover.astype(np.float32)
    smooth = push_pull(picture, hole)
    rough = _roughness(picture, hole)
    share = np.where(shining, opacity, 0)
    total = cv2.GaussianBlur(share[..., None] * (picture - (1 - share[..., None]) * smooth), (0, 0), SEEING.nearby)
    colours = np.clip(total / (cv2.GaussianBlur(share * share, (0, 0), SEEING.nearby) + 1e-6)[..., None], 0, 255)
    a, seen, guess, colour = opacity[shining][:, None], picture[shining], smooth[shining], colours[shining]
    behind = np.clip((seen - a * colour) / (1 - a), 0, 255)
    clear = (1 - a)[:, 0]
    unsure = np.minimum(SEEING.doubt, SEEING.doubt_share * a[:, 0])
    doubt = (unsure * np.abs(colour - guess).max(1) / clear) ** 2 + (SEEING.noise / clear) ** 2
    trust = (rough[shining] / (rough[shining] + doubt))[:, None]
    picture[shining] = trust * behind + (1 - trust) * guess
    seen_through = np.zeros_like(hole)
    seen_through[shining] = trust[:, 0] > SEEING.trusted
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8), hole & ~seen_through


def _roughness(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Variance of the picture at scales under 6 px, spread from outside the hole into it: (H, W) float32."""
    known = (~hole).astype(np.float32)

    def spread(part: np.ndarray, sigma: float) -> np.ndarray:
        weight = cv2.GaussianBlur(known, (0, 0), sigma) + 1e-4
        wide = (slice(None), slice(None), None) if part.ndim == 3 else (slice(None), slice(None))
        return cv2.GaussianBlur(part * known[wide], (0, 0), sigma) / weight[wide]

    return spread(((picture - spread(picture, SEEING.fine)) ** 2).mean(-1), SEEING.spread)


def _better_on_trial(picture: np.ndarray, hole: np.ndarray, seed: int) -> str:
    """Cut the hole's own shape out of a piece of known picture nearby and fill it in every way; one trial says little,
    so diffusion must be beaten clearly.

    Without texture to continue there is nothing to try: it is diffusion where the surroundings vary by less than
    `TRIAL.calm`.
    """
    if np.median(_roughness(picture.astype(np.float32), hole)[hole]) < TRIAL.calm**2:
        return "diffusion"
    rows, columns = np.nonzero(hole)
    height, width = (min(TRIAL.side, side) for side in hole.shape)
    middle = len(rows) // 2
    y, x = (
        int(np.clip(v - s // 2, 0, side - s))
        for v, s, side in zip((rows[middle], columns[middle]), (height, width), hole.shape, strict=True)
    )
    shape = hole[y : y + height, x : x + width]
    best: tuple[int, int, int] | None = None
    for top in range(0, hole.shape[0] - height + 1, height // 4):
        for left in range(0, hole.shape[1] - width + 1, width // 4):
            if not (shape & hole[top : top + height, left : left + width]).any():
                away = abs(top - y) + abs(left - x)
                best = min(best, (away, top, left)) if best else (away, top, left)
    if best is None:
        return "diffusion"
    piece = picture[best[1] : best[1] + height, best[2] : best[2] + width]
    other = hole[best[1] : best[1] + height, best[2] : best[2] + width]
    cut = shape | other
    error = {}
    for name in registry.names():
        one = registry.filler(name)
        if one.trial or name == "diffusion":
            made = one.fill(piece, cut, seed=seed, folders=()).astype(np.float32)
            error[name] = float(((made - piece)[shape] ** 2).mean())
    better = [name for name in error if error[name] < registry.filler(name).trial * error["diffusion"]]
    return min(better, key=lambda name: error[name], default="diffusion")


def _with_grain(filled: np.ndarray, cover: np.ndarray, hole: np.ndarray, seed: int) -> np.ndarray:
    """Give a smooth fill the grain of its surroundings: fine residue of the cover, taken from beside the hole."""
    picture = cover.astype(np.float32)
    ring = grow(hole, GRAIN.ring) & ~grow(hole, 1)
    if not ring.any():
        return filled
    residue = picture - cv2.medianBlur(cover, 5)
    level = 1.48 * np.median(np.abs(residue[ring]))
    if level < GRAIN.least:
        return filled
    residue = np.clip(residue, -GRAIN.outlier * level, GRAIN.outlier * level)
    residue[hole] = 0
    random = np.random.default_rng(seed)
    rows, columns = np.nonzero(hole)
    grain = np.zeros((len(rows), 3), np.float32)
    open_ = np.ones(len(rows), bool)
    reach = max(16, max(hole.shape) // 12)
    for _ in range(GRAIN.tries):
        down, right = random.integers(-reach, reach + 1, 2)
        y = np.clip(rows + down, 0, hole.shape[0] - 1)
        x = np.clip(columns + right, 0, hole.shape[1] - 1)
        take = open_ & ~hole[y, x]
        grain[take] = residue[y[take], x[take]]
        open_ &= ~take
    out = filled.astype(np.float32)
    out[rows, columns] += grain
    return np.clip(out + 0.5, 0, 255).astype(np.uint8)
