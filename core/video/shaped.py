"""Decoded pictures cut and scaled to what is coded, by FFmpeg's own cropping and scaling: no picture goes through RGB.

That takes a tenth of the time of cutting and scaling RGB. What libswscale cannot bring to Rec.709 does go through RGB.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
from av.filter import Graph
from av.video.reformatter import VideoReformatter

from ..pixels import middle
from .colour import SCALED, is_plain, matrix_of
from .decode import turns_of, upright

_REC709, _LIMITED, _FULL = 1, 1, 2  # H.273; FFmpeg's names of ranges


def shaper(border: tuple[int, int, int, int], height: int, width: int) -> Callable[[av.VideoFrame], av.VideoFrame]:
    """What makes pictures of one video `height` x `width`, yuv420p, Rec.709, limited range: upright, without the border
    (top, right, bottom, left px of the upright picture), the largest middle part of that shape, by area averaging."""
    cutters: dict[tuple[int, int, str], Graph] = {}
    scaler = VideoReformatter()  # one for all: setting it up takes as long as scaling

    def shaped(picture: av.VideoFrame) -> av.VideoFrame:
        if turns_of(picture) or not is_plain(picture):
            return _through_rgb(picture, border, height, width)
        key = picture.width, picture.height, picture.format.name
        if key not in cutters:
            cutters[key] = _cutter(picture, border, height, width)
        cutters[key].vpush(picture)
        full = picture.format.name.startswith("yuvj") or int(picture.color_range) == _FULL
        return scaler.reformat(
            *(cutters[key].vpull(), width, height, "yuv420p"),
            src_colorspace=matrix_of(picture),
            dst_colorspace=_REC709,
            interpolation=SCALED,
            src_color_range=_FULL if full else _LIMITED,
            dst_color_range=_LIMITED,
        )

    return shaped


def _through_rgb(picture: av.VideoFrame, border: tuple[int, int, int, int], height: int, width: int) -> av.VideoFrame:
    whole, (top, right, bottom, left) = upright(picture), border
    inner = whole[top : whole.shape[0] - bottom, left : whole.shape[1] - right]
    made = av.VideoFrame.from_ndarray(np.ascontiguousarray(middle(inner, height, width)), format="rgb24")
    return made.reformat(format="yuv420p", dst_colorspace=_REC709, dst_color_range=_LIMITED)


def _cutter(picture: av.VideoFrame, border: tuple[int, int, int, int], height: int, width: int) -> Graph:
    top, right, bottom, left = border
    # The grid of coded colour is two pixels wide: what is cut ends on it, inwards.
    top, left = top + top % 2, left + left % 2
    inner_high, inner_wide = picture.height - top - bottom, picture.width - left - right
    scale = max(height / inner_high, width / inner_wide)
    high, wide = (min(inner_high, round(height / scale)), min(inner_wide, round(width / scale)))
    high, wide = high - high % 2, wide - wide % 2
    down, across = top + (inner_high - high) // 4 * 2, left + (inner_wide - wide) // 4 * 2
    graph = Graph()
    given = graph.add_buffer(
        width=picture.width, height=picture.height, format=picture.format, time_base=Fraction(1, 24)
    )
    cut, end = graph.add("crop", f"{wide}:{high}:{across}:{down}"), graph.add("buffersink")
    given.link_to(cut)
    cut.link_to(end)
    graph.configure()
    return graph
