"""What Wan 2.2 wants of a clip: its size and its number of frames."""

import numpy as np
import pytest
from coverloop.core.errors import UsageError
from coverloop.core.pixels import resized
from coverloop.core.wan import clip


@pytest.mark.parametrize(
    ("cover", "size"),
    [
        ((1080, 1080), (960, 960)),
        ((1920, 1080), (1248, 704)),
        ((1080, 1920), (704, 1248)),
        ((1080, 1350), (864, 1088)),
        ((3000, 3000), (960, 960)),
        ((300, 300), (960, 960)),
    ],
)
def test_the_clip_has_the_trained_area_and_the_cover_s_shape(cover, size):
    assert clip.size_for(*cover, 0.9) == size


@pytest.mark.parametrize("width", range(200, 4000, 333))
@pytest.mark.parametrize("megapixels", [0.1, 0.4, 0.9])
def test_every_clip_size_is_legal_and_near_what_was_asked(width, megapixels):
    wide, high = clip.size_for(width, 1000, megapixels)
    assert wide % 32 == 0 and high % 32 == 0
    assert wide * high == pytest.approx(megapixels * 1e6, rel=0.25)
    assert wide / high == pytest.approx(width / 1000, rel=0.1)


def test_the_length_is_4n_plus_1_and_spares_what_was_asked():
    assert clip.length_for(4.0, 9) == 105
    for seconds in (0.5, 1.0, 3.95, 5.0):
        for spare in (0, 6, 9):
            length = clip.length_for(seconds, spare)
            assert length % 4 == 1 and 0 <= length - seconds * 24 - spare < 4
    with pytest.raises(UsageError, match="seconds=nan"):
        clip.length_for(float("nan"), 0)


def test_scaling_there_and_back_keeps_the_size():
    plate = np.zeros((1080, 1350, 3), np.uint8)
    start = clip.start_picture(plate, 0.9)
    assert start.shape == (864, 1088, 3)
    assert resized(start, 1350, 1080).shape == plate.shape
