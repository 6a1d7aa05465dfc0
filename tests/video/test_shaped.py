"""Pictures that go straight from decoder to coder are what the way over RGB makes of them."""

import av
import cv2
import numpy as np
import pytest
from coverloop.core.pixels import LUMA, middle
from coverloop.core.video.decode import upright
from coverloop.core.video.shaped import shaper
from made_clips import texture

_BAR = (20, 33, 21, 31)  # top, right, bottom, left


def picture(matrix, full=False, border=(0, 0, 0, 0), height=360, width=640):
    """A picture with the black of a border round it, as decoded, and what is inside of it, (h, w, 3) uint8.

    Smooth, since a part that begins at an even px may be one px off.
    """
    top, right, bottom, left = border
    inner = texture(np.random.default_rng(3), width - left - right, height - top - bottom)
    inner = np.clip(cv2.GaussianBlur(inner, (0, 0), 14), 40, 255).astype(np.uint8)
    whole = cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_CONSTANT)
    made = av.VideoFrame.from_ndarray(whole, format="rgb24")
    told = {"dst_colorspace": matrix, "dst_color_range": 2 if full else 1}
    made = made.reformat(format="yuv420p", **told)
    made.colorspace, made.color_range = matrix, told["dst_color_range"]
    return made, inner


def rgb(made):
    return upright(made).astype(np.float32)


@pytest.mark.parametrize(
    ("matrix", "full", "border"), [(1, False, (0,) * 4), (5, False, (0,) * 4), (1, True, (0,) * 4), (5, False, _BAR)]
)
@pytest.mark.parametrize("size", [(288, 512), (256, 320)])
def test_pictures_are_those_of_the_way_over_rgb(matrix, full, border, size):
    source, inner = picture(matrix, full, border)
    made = shaper(border, *size)(source)
    assert (made.format.name, made.height, made.width) == ("yuv420p", *size)
    assert (int(made.colorspace), int(made.color_range)) == (1, 1)
    off = np.abs(rgb(made) - middle(inner, *size))
    assert off.mean() < 1.5
    light = np.abs((rgb(made) - middle(inner, *size)) @ LUMA)
    for edge in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):  # no black line
        assert light[edge].mean() < 3


def test_what_the_scaler_does_not_know_goes_over_rgb():
    sources = [picture(1)[0] for _ in range(2)]
    for source in sources:
        source.colorspace = 8  # YCgCo
    expected = middle(upright(sources[0]), 288, 512)
    assert np.abs(rgb(shaper((0, 0, 0, 0), 288, 512)(sources[1])) - expected).mean() < 1.5
