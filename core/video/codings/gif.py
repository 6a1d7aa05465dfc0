"""GIF: one palette for the whole turn, and dots that stay where they are, so that what is still does not flicker.

Its frames are held together in memory, a byte a pixel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from ...errors import ClipError
from ..coding import Coding, Written
from ..stills import delays

_STEP = 10
"""ms: the times of a GIF are whole steps of it."""
_SAMPLES, _SAMPLE_SIDE = 12, 120
"""Frames that the palette is taken from, and the most px of a side."""
_BITS = 6
"""A channel, of the table that finds the nearest colour."""
_DITHER = 14.0
"""Grey levels, from end to end: about what neighbouring colours of 256 lie apart."""


def write(frames: Iterable[np.ndarray], path: Path, coding: Coding, facts: Written) -> None:
    held = list(frames)
    if not held:
        raise ClipError("no frames to encode; a loop needs at least one")
    pictures = list(_indexed(held, _palette(held, coding.colours)))
    words = [facts.words[name] for name in ("title", "artist", "comment") if facts.words.get(name)]
    pictures[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=delays(len(pictures), facts.rate, _STEP),
        loop=0,
        disposal=1,
        optimize=False,
        comment=" | ".join(words).encode(),
    )


def _palette(frames: list[np.ndarray], colours: int) -> Image.Image:
    """One palette of all frames, by median cut and k-means."""
    chosen = frames[:: max(1, len(frames) // _SAMPLES)]
    wide = np.concatenate(
        [frame[:: -(-frame.shape[0] // _SAMPLE_SIDE), :: -(-frame.shape[1] // _SAMPLE_SIDE)] for frame in chosen]
    )
    settled = wide.shape[0] * wide.shape[1] // 200  # samples that may still change colour: the last rounds show nothing
    return Image.fromarray(np.ascontiguousarray(wide)).quantize(colours, Image.Quantize.MEDIANCUT, kmeans=settled)


def _indexed(frames: list[np.ndarray], palette: Image.Image) -> Iterator[Image.Image]:
    height, width = frames[0].shape[:2]
    dots = (_ordered(8) - 0.5) * _DITHER + (256 >> _BITS) / 2
    pattern = np.tile(dots, (-(-height // 8), -(-width // 8)))[:height, :width, None].astype(np.float32)
    nearest = _nearest(palette)
    for frame in frames:
        cell = np.clip(frame + pattern, 0, 255).astype(np.int32) >> (8 - _BITS)
        index = nearest[(cell[..., 0] << 2 * _BITS) + (cell[..., 1] << _BITS) + cell[..., 2]]
        picture = Image.fromarray(index)
        picture.putpalette(palette.getpalette() or [])
        yield picture


def _nearest(palette: Image.Image) -> np.ndarray:
    """(2^(3 * _BITS),) uint8: the palette's colour for each cell of RGB, by a 3-D table."""
    table = palette.convert("P")
    levels = np.arange(1 << _BITS, dtype=np.uint8) << (8 - _BITS)
    cells = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(1, -1, 3)
    return np.asarray(Image.fromarray(cells).quantize(palette=table, dither=Image.Dither.NONE)).ravel()


def _ordered(size: int) -> np.ndarray:
    """(size, size) float32, 0..1: Bayer's matrix (1973), every value once."""
    matrix = np.zeros((1, 1), np.float32)
    while len(matrix) < size:
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    return (matrix + 0.5) / matrix.size
