"""A part of the picture that the join cannot make goes there and back through its own frames, while the rest goes on.

In-betweens of a thing that is elsewhere at the end show it twice, half as strong. As in Liao et al., "Automated Video
Looping with Progressive Dynamism" (2013), whose pixels have each a start and a period of their own; the way back is of
Video Textures' kind (Schodl et al. 2000), and needs no picture that the clip does not have.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import cv2
import numpy as np

from ..pixels import disc, fine_detail, ring_steps
from .calibration import LOCAL, OWN
from .flow import find_flow
from .local import tile_steps
from .seen import Seen, smaller


def detail(seen: Seen) -> np.ndarray:
    """(N, rows, columns): energy of what is fine, of tiles and those beside them."""
    height, width = seen.grey.shape[1:]
    side = min(height, width) / LOCAL.grid
    size = max(1, round(width / side)), max(1, round(height / side))
    fine = (fine_detail(picture) ** 2 for picture in seen.grey)
    return np.stack([cv2.blur(cv2.resize(one, size, interpolation=cv2.INTER_AREA), (3, 3)) for one in fine])


def find_blurred(fine: np.ndarray, drawn: Collection[int]) -> np.ndarray:
    """(rows, columns) bool: where frames that were drawn have lost so much of their detail that the picture shows it.

    fine: as `detail` tells it of the ring. drawn: indices of frames.
    """
    count, reach = len(fine), max(4, len(fine) // 8)
    blurred = np.zeros(fine.shape[1:], bool)
    for k in drawn:
        sides = [_nearest(k, way, count, drawn)[:reach] for way in (-1, 1)]
        usual = np.median(fine[[i for side in sides for i in side]], axis=0)
        lost = usual - fine[k]
        blurred |= (lost > OWN.lost * usual) & (lost > OWN.shows * usual.sum() / 9)
    return blurred


def _nearest(k: int, way: int, count: int, drawn: Collection[int]) -> list[int]:
    """The frames of the clip before (way -1) or after k on the ring, from the nearest on."""
    return [i for step in range(1, count) if (i := (k + way * step) % count) not in drawn]


def there_and_back(length: int, most: int) -> list[int] | None:
    """The clip's frames that a part shows in a loop of this length, from frame 0 out and back to it; two alike where it
    turns (at the far end three, where the length is odd). None where the clip is too short.

    most: its last frame. The step across the join is one of motion, since a rest there would be seen in the whole.
    """
    far = (length - 2) // 2
    return [0, *(min(k - 1, length - k, far) for k in range(1, length))] if 0 < far <= most else None


def own_ways(ring: np.ndarray, seen: Seen, drawn: Collection[int], clip: np.ndarray) -> tuple[np.ndarray, Seen, int]:
    """The ring, (N, H, W, 3) uint8, with the parts that its drawn frames blur going their own ways, as seen, and how
    many those parts are.

    drawn: indices of frames of the ring that are not the clip's. clip: frames of one motion whose first is the ring's
    first, which stays as it is. A part goes its own way only where it is sharper then, no step jumps and
    nothing streams.
    """
    done = 0
    order = there_and_back(len(ring), len(clip) - 1)
    fine = detail(seen)
    blurred = find_blurred(fine, drawn)
    if order is None or not blurred.any() or blurred.mean() > LOCAL.largest_share:
        return ring, seen, done
    number, parts = cv2.connectedComponents(_grown(blurred, 1).astype(np.uint8))
    for part in range(1, number):
        tiles = blurred & (parts == part)
        box = _box(_grown(tiles, OWN.reach), ring.shape[1:3])
        pictures = clip[(order, *box)]
        mask = _mask(ring[(slice(None), *box)], pictures, tiles, ring.shape[1:3], box)
        if mask is None or _one_way(clip[(slice(None), *box)], mask[..., 0] > 0.5) > OWN.one_way:
            continue
        tried = ring.copy()
        for frame, new in zip(tried[1:], pictures[1:], strict=True):
            below = frame[box]
            frame[box] = np.round(below + (new.astype(np.float32) - below) * mask)
        mended = Seen(np.stack([smaller(frame) for frame in tried]))
        told = detail(mended)
        if _sharpness(told, tiles) > _sharpness(fine, tiles) and _even(mended, seen, tiles):
            ring, seen, fine, done = tried, mended, told, done + 1
    return ring, seen, done


def _one_way(clip: np.ndarray, inside: np.ndarray) -> float:
    """0..1, how far what passes each place passes it in one direction: 1 for what falls or streams, which would rise on
    its way back, and little for what swings. clip: (N, h, w, 3) uint8; inside: (h, w) bool, the part."""
    flows = [find_flow(smaller(a), smaller(b)) for a, b in zip(clip[:-1:2], clip[1::2], strict=False)]
    where = cv2.resize(inside.astype(np.uint8), flows[0].shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    ways = np.stack([flow[where] for flow in flows])
    return float(
        np.linalg.norm(ways.mean(0), axis=-1).sum() / max(float(np.linalg.norm(ways, axis=-1).mean(0).sum()), 1e-6)
    )


def _even(seen: Seen, before: Seen, tiles: np.ndarray) -> bool:
    """No step of the part jumps, nor one of the whole that did not."""
    part = tile_steps(seen.grey)[:, tiles].mean(1)
    largest, was = (float(steps.max() / middle) for steps, middle in map(ring_steps, (seen.grey, before.grey)))
    return float(part.max()) <= OWN.jump * float(np.median(part)) and largest <= max(was, OWN.uneven)


def _sharpness(fine: np.ndarray, tiles: np.ndarray) -> float:
    course = fine[:, tiles].mean(1)
    return float(course.min() / np.median(course))


def _grown(tiles: np.ndarray, by: int) -> np.ndarray:
    return cv2.dilate(tiles.astype(np.uint8), np.ones((2 * by + 1, 2 * by + 1), np.uint8)) > 0


def _box(tiles: np.ndarray, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a picture of this shape that hold the tiles."""
    found = []
    for axis in (0, 1):
        at = np.flatnonzero(tiles.any(1 - axis))
        side = shape[axis] / tiles.shape[axis]
        found.append(slice(math.floor(at[0] * side), math.ceil((at[-1] + 1) * side)))
    return found[0], found[1]


def _mask(
    ring: np.ndarray,
    pictures: np.ndarray,
    tiles: np.ndarray,
    shape: tuple[int, ...],
    box: tuple[slice, slice],
) -> np.ndarray | None:
    """(h, w, 1) float 0..1, of the box: the part, and of what is around it as much as leaves a border where both are
    most alike; None where they are not, as where the part leaves the box."""
    whole = cv2.resize(tiles.astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST)[box] > 0
    side = min(shape) / LOCAL.grid
    apart = np.zeros(whole.shape, np.float32)
    for frame, new in zip(ring, pictures, strict=True):
        apart = np.maximum(apart, cv2.blur(cv2.absdiff(frame, new).max(-1).astype(np.float32), (9, 9)))
    height, width = ring.shape[1:3]
    edge = np.ones((height, width), bool)
    rim = max(2, round(side / 3))
    edge[
        rim * (box[0].start > 0) : height - rim * (box[0].stop < shape[0]),
        rim * (box[1].start > 0) : width - rim * (box[1].stop < shape[1]),
    ] = False
    apart[edge] = 0
    core = cv2.erode(whole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    chosen = whole
    low, high = 0.0, float(apart.max())
    for _ in range(10):
        level = (low + high) / 2
        _, areas = cv2.connectedComponents(((apart > level) | core).astype(np.uint8))
        part = np.isin(areas, np.unique(areas[core]))
        if part[cv2.dilate(edge.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0].any():
            low = level
        else:
            high, chosen = level, part
    if high > OWN.border * float(np.percentile(apart[chosen], 90)):
        return None
    soft = max(1.0, side / 8)
    grown = cv2.dilate(chosen.astype(np.uint8), disc(soft))
    return cv2.GaussianBlur(grown.astype(np.float32), (0, 0), soft / 2)[..., None]
