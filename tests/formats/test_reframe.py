"""A cover in another shape: what matters stays whole and where it can be seen, the rest goes on without a seam."""

import numpy as np
import pytest
from coverloop.core.errors import UsageError
from coverloop.core.formats.preset import NO_SIGNS, Shares
from coverloop.core.formats.reframe.choose import reframe
from coverloop.core.formats.reframe.contents import Box, Contents
from coverloop.core.formats.reframe.layout import Way
from moving import sky

SAFE = Shares(0.05, 0.12, 0.05, 0.30)


def contents(picture, words=(), faces=(), subject=None, hidden=None):
    nothing = np.zeros(picture.shape[:2], np.float32)
    return Contents(
        picture,
        picture,
        nothing if hidden is None else hidden,
        nothing if subject is None else subject,
        tuple(words),
        tuple(faces),
    )


def crowd(size=256):
    """Broad stripes that every edge cuts."""
    across = np.sin(np.arange(size) / 14)[None, :] + np.sin(np.arange(size) / 14)[:, None]
    return np.repeat(np.uint8(128 + 55 * across)[..., None], 3, axis=2)


def blob(size=256, middle=(0.5, 0.5), radius=0.15):
    y, x = np.mgrid[:size, :size] / size
    return (np.hypot(y - middle[0], x - middle[1]) < radius).astype(np.float32)


def test_its_own_shape_is_only_scaled():
    made = reframe(contents(sky()), 512, 512, SAFE)
    assert made.way is Way.OWN and made.ready(64, 64).over(sky()).shape == (64, 64, 3)


def test_a_ground_that_goes_on_is_extended_without_a_seam():
    picture = sky()
    made = reframe(contents(picture, [Box(0.02, 0.4, 0.98, 0.5)]), 480, 270, SAFE)
    assert made.way is Way.EXTEND
    tall = made.ready(480, 270).over(picture).astype(float)
    rows = tall.mean((1, 2))
    edge = made.layout.top
    assert np.abs(np.diff(rows)).max() < 3, "a step where the ground begins"
    usual = np.abs(np.diff(tall[edge + 4 : edge + 60], axis=0)).mean()
    assert np.abs(tall[edge] - tall[edge - 1]).mean() < 1.5 * usual
    assert rows[0] < rows[edge], "the gradient goes on, it does not turn back"


def test_what_the_edge_cuts_gets_the_backdrop_and_stays_whole():
    made = reframe(contents(crowd(), [Box(0.02, 0.4, 0.98, 0.5)]), 480, 270, SAFE)
    assert made.way is Way.BACKDROP and "a crop is no way" in made.reason
    tall = made.ready(480, 270).over(crowd())
    at = made.layout
    assert at.top >= 0 and at.left >= 0 and at.top + at.tall <= 480 and at.left + at.broad <= 270
    assert tall[0].std() > 1 or tall[-1].std() > 1, "a bar"


def test_a_crop_where_nothing_that_matters_is_cut():
    made = reframe(contents(crowd(), subject=blob(radius=0.2)), 400, 300, NO_SIGNS)
    assert made.way is Way.CROP
    assert (made.layout.tall, made.layout.top) == (400, 0) and made.layout.broad == 400
    aside = reframe(contents(crowd(), subject=blob(middle=(0.5, 0.1), radius=0.09)), 400, 300, NO_SIGNS)
    assert aside.way is not Way.CROP and "subject is cut" in aside.reason


def test_a_crop_follows_a_face_to_the_side():
    made = reframe(contents(crowd(), faces=[Box(0.7, 0.3, 0.95, 0.6)]), 400, 300, NO_SIGNS)
    assert made.way is Way.CROP and made.layout.keeps(Box(0.7, 0.3, 0.95, 0.6), NO_SIGNS)
    assert made.layout.left < -50


@pytest.mark.parametrize("size", [(480, 270), (400, 300), (270, 480), (300, 300)])
@pytest.mark.parametrize("way", ["extend", "backdrop"])
def test_lettering_stays_inside_the_safe_area(size, way):
    words = [Box(0.0, 0.02, 0.6, 0.1), Box(0.3, 0.9, 1.0, 0.99)]
    for cover in (sky(), sky()[:200], sky()[:, :170]):
        made = reframe(contents(cover, words), *size, SAFE, way)
        if made.way is not Way.OWN:
            assert all(made.layout.keeps(box, Shares(0.0, 0.0, 0.0, 0.0)) for box in words)
            assert made.ready(*size).over(cover).shape == (*size, 3)
    tall = reframe(contents(sky(), words), 480, 270, SAFE, "extend")
    assert all(tall.layout.keeps(box, SAFE) for box in words)


def test_extended_frames_of_a_loop_are_a_loop_and_the_same_ground_gives_the_same_picture():
    picture = sky()
    ready = reframe(contents(picture), 480, 270, SAFE, "extend").ready(480, 270)
    frames = [np.roll(picture, shift, axis=1) for shift in (0, 3, 6, 9, 6, 3)]
    made = [ready.over(frame) for frame in frames]
    assert np.array_equal(made[1], made[5]) and np.array_equal(made[0], ready.over(picture))


def test_lettering_at_the_edge_is_not_mirrored():
    picture, hidden = sky(), np.zeros((256, 256), np.float32)
    lettered = picture.copy()
    lettered[2:12, 60:200] = 255
    hidden[:16, 50:210] = 1
    told = Contents(lettered, picture, hidden, hidden * 0, (), ())
    ready = reframe(told, 480, 270, NO_SIGNS, "extend").ready(480, 270)
    assert ready.over(lettered)[: ready.layout.top].max() < 140


def test_an_extreme_shape_gets_whole_covers_too():
    wide = np.ascontiguousarray(np.tile(sky(128), (1, 3, 1)))
    for size in ((480, 270), (270, 270), (270, 480)):
        made = reframe(contents(wide, [Box(0.05, 0.3, 0.95, 0.6)]), *size, NO_SIGNS)
        assert made.layout.keeps(Box(0.05, 0.3, 0.95, 0.6), NO_SIGNS)
        assert made.ready(*size).over(wide).shape == (*size, 3)


def test_an_unknown_way_is_told():
    with pytest.raises(UsageError, match=r"'stretch': no such way .* auto, extend, backdrop, crop"):
        reframe(contents(sky()), 480, 270, SAFE, "stretch")
