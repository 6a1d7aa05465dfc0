"""Finding and reading, with the real detector and reader, on covers drawn here."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from coverloop.core.errors import CoverError, ModelError, UsageError
from coverloop.core.lettering import find, ppocr
from coverloop.core.lettering.find import find_text, straighten
from coverloop.core.lettering.pieces import merged, pieces_of
from coverloop.core.lettering.regions import TextRegion, decide_lift
from lettered import coverage, lettered, over, picture

pytestmark = pytest.mark.networks

INK = np.array([245.0, 240, 225])


def inside(regions, alpha):
    """Share of the lettering that lies inside the regions."""

    area = np.zeros(alpha.shape, np.uint8)
    for region in regions:
        cv2.fillPoly(area, [np.round(region.polygon).astype(np.int32)], 1)
    return (area[alpha > 0.5] > 0).mean()


@pytest.fixture(scope="module")
def found():
    """One cover with a title, a rotated line, spaced and stacked type; its regions, each with its truth."""

    size = 512
    cover = picture(size, seed=2).astype(np.float32)
    title = coverage(size, "Slow Rivers", 60, (200, 60))
    spaced = coverage(size, "FERNS", 34, (340, 440), spaced=True)
    turn = cv2.getRotationMatrix2D((170, 260), 25, 1)
    rotated = cv2.warpAffine(coverage(size, "Night Swim", 44, (170, 260)), turn, (size, size))
    stacked = np.max([coverage(size, c, 46, (450, 130 + 56 * i)) for i, c in enumerate("SEA")], axis=0)
    for alpha in (title, spaced, rotated, stacked):
        cover = over(cover, alpha, INK)
    return np.clip(cover + 0.5, 0, 255).astype(np.uint8), (title, rotated, stacked, spaced)


@pytest.fixture(scope="module")
def regions(found):
    return find_text(found[0])


def test_every_line_is_found_as_one_region(found, regions):
    assert len(regions) == 4
    for alpha in (found[1][0], found[1][1], found[1][3]):
        assert sum(inside([region], alpha) > 0.95 for region in regions) == 1
    assert inside(regions, found[1][2]) > 0.6  # of stacked letters some; the rest is followed by its ink


def test_lines_are_read_in_order(regions):
    texts = [region.text for region in regions]
    assert texts[0] == "Slow Rivers"
    assert "Night Swim" in texts
    assert texts[-1] is not None and texts[-1].replace(" ", "") == "FERNS"


def test_letters_are_trusted_and_noise_is_not():
    line = np.repeat((255 * coverage(420, "Golden Hour", 60, (210, 210))[162:258, 20:400, None]).astype(np.uint8), 3, 2)
    noise = np.random.default_rng(0).integers(0, 256, line.shape, np.uint8)
    read, none = ppocr.read_lines([line, noise])
    assert read.text == "Golden Hour" and read.trust > 0.9
    assert none.trust < 0.6


def test_signs_one_below_the_other_are_read_side_by_side():
    column = np.max([coverage(300, sign, 60, (150, 50 + 66 * i)) for i, sign in enumerate("LIME")], axis=0)
    cover = over(np.full((300, 300, 3), 60.0), column, INK).astype(np.uint8)
    box = TextRegion(((110, 15), (190, 15), (190, 285), (110, 285)), 0.9, angle=90.0)
    assert "LIME" in [reading.text for reading in ppocr.read_lines(list(find._ways(find.straighten(cover, box))))]


def test_angles_follow_the_type(regions):
    title, rotated = (next(r for r in regions if r.text == text) for text in ("Slow Rivers", "Night Swim"))
    assert abs(title.angle) < 4
    assert rotated.angle == pytest.approx(-25, abs=4)
    stacked = [region for region in regions if abs(region.angle) > 80]
    assert len(stacked) == 1
    column = straighten(np.zeros((512, 512, 3), np.uint8), stacked[0])
    assert column.shape[0] > 2 * column.shape[1]


def test_polygons_are_clockwise_and_inside_the_cover(regions):
    for region in regions:
        x, y = np.array(region.polygon).T
        assert (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() > 0
        assert x.min() >= 0 and y.min() >= 0 and x.max() <= 511 and y.max() <= 511
        assert 0.5 < region.confidence <= 1


def test_a_picture_without_lettering_has_no_regions():
    assert find_text(picture(320, seed=1)) == []


def test_only_pictures_are_searched():
    with pytest.raises(CoverError, match="needs"):
        find_text(np.zeros((32, 32), np.uint8))
    with pytest.raises(CoverError, match="float64"):
        find_text(np.zeros((32, 32, 3)))


def test_missing_weights_say_what_to_install(monkeypatch):
    monkeypatch.setattr(ppocr.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install --no-deps rapidocr"):
        ppocr.weights("PP-OCRv6_det_small.onnx")


def test_damaged_weights_are_told(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match="damaged"):
        ppocr.session(tmp_path / "net.onnx")


def square(x, side, text=None):
    return TextRegion(((x, 0), (x + side, 0), (x + side, side), (x, side)), 0.9, text)


def test_regions_survive_json():
    region = TextRegion(((1.5, 2), (30, 2), (30, 12.25)), 0.75, "푸른 밤", -12.5, False, "sign")
    again = TextRegion.from_dict(region.to_dict())
    assert again.text == "푸른 밤" and again.lift is False and again.angle == -12.5 and again.reason == "sign"
    assert np.abs(np.array(again.polygon) - np.array(region.polygon)).max() <= 0.06


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"polygon": 3},
        {"polygon": [[1, 2], [3, 4]]},
        {"polygon": [[1, 2], [3, 4], ["x", 1]]},
        {"polygon": [[0, 0], [1, 0], [float("nan"), 1]]},
        [1],
    ],
)
def test_what_is_no_region_is_refused(data):
    with pytest.raises(UsageError, match="not a text region"):
        TextRegion.from_dict(data)


def test_lettering_is_lifted_unless_tiny_and_unread():
    cover = np.zeros((600, 600, 3), np.uint8)
    decided = decide_lift(cover, [square(0, 300, "TITLE"), square(400, 10), square(500, 10, "EP")])
    assert [region.lift for region in decided] == [True, False, True]
    assert all(region.reason for region in decided)
    assert decide_lift(cover, []) == []


def test_a_person_wins_over_the_default():
    cover = np.zeros((600, 600, 3), np.uint8)
    regions = [square(0, 300, "Night Swim"), square(400, 10), square(450, 100, "EP")]
    assert [r.lift for r in decide_lift(cover, regions, keep="all")] == [False, False, False]
    assert [r.lift for r in decide_lift(cover, regions, lift="all")] == [True, True, True]
    assert [r.lift for r in decide_lift(cover, regions, keep=[0, "ep"], lift=[1])] == [False, True, False]
    assert [r.lift for r in decide_lift(cover, regions, keep="all", lift=["swim"])] == [True, False, False]
    assert [r.moves for r in decide_lift(cover, regions, keep=[0, 1], hold=[1])] == [True, False, False]


@pytest.mark.parametrize("which", [[3], [-1], ["nowhere"]])
def test_overrides_that_match_nothing_are_told(which):
    with pytest.raises(UsageError):
        decide_lift(np.zeros((60, 60, 3), np.uint8), [square(0, 30, "EP")], keep=which)


def seen(*boxes, shape=(240, 480)):
    """What the detector would see: a rectangle (left, top, right, bottom) of chance 0.95 for each box."""
    chance = np.zeros(shape, np.float32)
    for x0, y0, x1, y1 in boxes:
        chance[y0:y1, x0:x1] = 0.95
    return ppocr.Seen(chance, chance, 1.0, 1.0)


def seen_twice(small, large):
    first = merged([], pieces_of(small.lettering, small.lettering.shape))
    return merged(first, pieces_of(large.lettering, large.lettering.shape))


def test_display_type_that_falls_apart_when_seen_large_is_one_line():
    pieces = seen_twice(seen((40, 40, 440, 160)), seen((50, 50, 120, 150), (300, 60, 420, 150), (180, 90, 200, 100)))
    assert len(pieces) == 1
    assert pieces[0].mask[100, 250]


def test_lines_that_run_together_when_seen_small_are_lines():
    lines = [(40, 40, 440, 64), (40, 72, 440, 96), (40, 104, 440, 128)]
    assert len(seen_twice(seen((40, 40, 440, 128)), seen(*lines))) == 3


def test_small_type_seen_only_large_is_found():
    assert len(seen_twice(seen(), seen((40, 40, 200, 52)))) == 1


@pytest.mark.parametrize(("side", "looked_at"), [(60, 320), (96, 480), (192, 960)])
def test_a_small_cover_is_looked_at_up_to_five_times_its_size(side, looked_at):
    seen = find.looks(np.zeros((side, side, 3), np.uint8))
    assert seen[-1].lettering.shape == (looked_at, looked_at)


def test_a_very_large_cover_is_searched_in_tiles():
    """Credits of 14 px on a cover whose longer side is 2400 px."""
    cover = np.full((640, 2400, 3), 90, np.uint8)
    share = np.zeros(cover.shape[:2], np.float32)
    share[500:564, 1500:1900] = coverage(400, "produced by june", 20, (200, 32))[:64]
    regions = find_text(np.clip(over(cover.astype(np.float32), share, INK) + 0.5, 0, 255).astype(np.uint8))
    assert [region.text for region in regions] == ["produced by june"]
    assert inside(regions, share) > 0.95


def test_the_detector_tells_strokes_from_their_ground():
    """Of a pixel inside a stroke and one beside it, the stroke's is the likelier one, nine times in ten."""
    made = lettered("plain", kind="rough", seed=3)
    strokes = find.looks(made.cover)[-1].strokes
    share = cv2.resize(made.truth.astype(np.float32), strokes.shape[::-1], interpolation=cv2.INTER_AREA)
    near = cv2.dilate((share > 0).astype(np.uint8), np.ones((25, 25))) > 0
    inside, beside = strokes[near & (share > 0.9)], strokes[near & (share < 0.1)]
    assert (inside[::9, None] > beside[::9]).mean() > 0.9


def test_threads_do_not_mix_what_the_detector_sees():
    covers = [lettered("plain", kind=kind).cover for kind in ("calm", "rough")]
    alone = [ppocr.see(cover, 320).strokes for cover in covers]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda cover: ppocr.see(cover, 320).strokes, covers))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


@pytest.mark.parametrize("change", ["as it is", "noise", "JPEG"])
def test_what_is_found_does_not_hang_on_a_grey_level(found, regions, change):
    cover = found[0]
    if change == "noise":
        cover = np.clip(cover.astype(int) + np.random.default_rng(1).integers(-1, 2, cover.shape), 0, 255)
    elif change == "JPEG":
        cover = cv2.imdecode(cv2.imencode(".jpg", cover, [cv2.IMWRITE_JPEG_QUALITY, 92])[1], cv2.IMREAD_COLOR)
    again = find_text(np.ascontiguousarray(cover, np.uint8))
    # (the stack of single letters is the one that the detector sees now as one piece, now as two)
    lines = [[region.text for region in some if len(region.text or "") > 2] for some in (again, regions)]
    assert lines[0] == lines[1] == ["Slow Rivers", "Night Swim", "FERNS"]
