"""The glyph mask against drawn lettering, the layer against the cover it was lifted from."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from coverloop.core.errors import CoverLoopError, UsageError
from coverloop.core.lettering.hold import held_over
from coverloop.core.lettering.ink import Ink, gaps
from coverloop.core.lettering.layer import TextOver, text_layer, text_over
from coverloop.core.lettering.line import Line, Scene, Words
from coverloop.core.lettering.mask import find_glyphs, glyph_mask
from coverloop.core.lettering.proof import edges_of, evidence, fails, held_shape
from coverloop.core.lettering.regions import TextRegion
from coverloop.core.lettering.styles import opacity_of
from lettered import coverage, lettered, over, picture

STYLES = ("plain", "outline", "shadow", "glow", "gradient", "rotated")


def agreement(mask, truth):
    hard = mask > 127 / 255
    near = cv2.dilate(hard.astype(np.uint8), np.ones((3, 3))) > 0
    return (near & truth).sum() / truth.sum(), (hard & truth).sum() / (hard | truth).sum()


def around(share, margin=4):
    """The region of drawn lettering: the box of its strokes."""
    rows, columns = np.nonzero(share > 0.5)
    x0, y0, x1, y1 = columns.min() - margin, rows.min() - margin, columns.max() + margin, rows.max() + margin
    return TextRegion(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), 0.99)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_is_masked_to_what_the_lettering_changed(style):
    made = lettered(style)
    recall, iou = agreement(glyph_mask(made.cover, [made.region]), made.truth)
    assert recall >= 0.95
    assert iou >= 0.8


def test_dark_lettering_on_a_rough_picture():
    made = lettered("plain", kind="rough", seed=3)
    recall, iou = agreement(glyph_mask(made.cover, [made.region]), made.truth)
    assert recall >= 0.9
    assert iou >= 0.6


def test_lettering_that_crosses_dark_and_light():
    """Mid grey type, brighter than one half of its ground and darker than the other."""
    share = coverage(384, "Slow Rivers", 48, (192, 192))
    ground = picture(kind="calm").astype(np.float32) * 0.25
    ground[:, 192:] += 190
    cover = (over(ground, share, np.array([125.0, 120, 130])) + 0.5).astype(np.uint8)
    region = lettered("plain").region
    recall, iou = agreement(glyph_mask(cover, [region]), np.abs(cover - ground).max(-1) > 10)
    assert recall >= 0.95
    assert iou >= 0.8


def test_lettering_that_is_nearly_as_dark_as_half_of_its_ground():
    """Brown type from a bright cup onto a violet shadow 20 levels from it: its strokes there are not lost."""
    share = coverage(384, "Slow Rivers", 48, (192, 192))
    ground = picture(kind="calm").astype(np.float32) * 0.05 + np.array([28.0, 0, 36])
    ground[:, :192] += 140
    cover = (over(ground, share, np.array([48.0, 22, 36])) + 0.5).astype(np.uint8)
    mask = glyph_mask(cover, [lettered("plain").region])
    inside = share > 0.95
    assert (mask > 0.9)[inside].mean() > 0.97
    assert ((mask > 0.5) & (share < 0.02)).sum() < 0.1 * inside.sum()


def test_black_and_white_shining_through_lettering():
    share = coverage(384, "Slow Rivers", 48, (192, 192))
    ground = np.zeros((384, 384, 3), np.float32) + 15
    ground[:, 240:] = 250
    cover = (over(ground, share * 0.9, np.array([60.0, 240, 190])) + 0.5).astype(np.uint8)
    assert (glyph_mask(cover, [lettered("plain").region]) > 0.5)[share > 0.95].mean() > 0.97


def test_lettering_in_its_own_dark_glow():
    """Grey type in a glow that ends up darker than it on one side and brighter on the other."""
    share = coverage(384, "Slow Rivers", 48, (192, 192))
    ground = np.repeat(np.linspace(90.0, 190, 384)[None, :, None], 384, 0) * np.ones(3)
    glow = np.clip(1.4 * cv2.GaussianBlur(share, (0, 0), 6), 0, 0.85)
    cover = (over(over(ground, glow, np.array([10.0, 10, 10])), share, np.array([70.0, 70, 70])) + 0.5).astype(np.uint8)
    mask = find_glyphs(cover, [lettered("plain").region], lift=np.ones((384, 384), bool)).mask
    recall, iou = agreement(mask, np.abs(cover - ground).max(-1) > 10)
    assert recall >= 0.9
    assert iou >= 0.8


@pytest.mark.parametrize("style", ["plain", "gradient"])
def test_letters_that_the_detector_left_out_are_followed_but_not_shapes_of_their_colour(style):
    made = lettered(style)
    cover = made.cover.copy()
    ink = cover[made.truth].max(0)
    cv2.rectangle(cover, (60, 245), (330, 300), ink.tolist(), -1)  # a bar of the same colour just below
    x0, y0 = np.min(made.region.polygon, axis=0)
    x1, y1 = np.max(made.region.polygon, axis=0)
    middle = (x0 + x1) / 2
    half = TextRegion(((x0, y0), (middle, y0), (middle, y1), (x0, y1)), 0.99)
    mask = glyph_mask(cover, [half]) > 0.5
    beyond = made.truth.copy()
    beyond[:, : int(middle) + 12] = False
    assert beyond.sum() > 300
    assert mask[beyond].mean() > 0.9
    assert mask[245:301, 60:331].mean() < 0.01


def test_letters_far_from_the_one_the_detector_saw_are_followed_from_letter_to_letter():
    """Hair-thin spaced type has hardly a pixel of its very colour: coverage tells, and what is found leads on."""
    clean = picture(kind="calm").astype(np.float32)
    share = np.zeros((384, 384), np.float32)
    for at, letter in enumerate("LIMEN"):
        cv2.putText(share, letter, (30 + 68 * at, 210), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 1.0, 1, cv2.LINE_AA)
    cover = (over(clean, share, np.array([245.0, 240, 225])) + 0.5).astype(np.uint8)
    mask = glyph_mask(cover, [around(share[:, :90])]) > 0.5
    assert mask[share > 0.5].mean() > 0.9
    assert (mask & (share < 0.02)).sum() < 0.2 * (share > 0.5).sum()


def test_white_lettering_over_bands_of_white_and_black():
    """The picture has more of the ink's colour than the ink: what the detector sees of the strokes decides."""
    y, x = np.mgrid[:384, :384].astype(np.float32)
    ground = np.stack([127.5 + 107.5 * np.clip(4 * np.sin((y + 0.5 * x) / 16), -1, 1)] * 3, -1)
    share = coverage(384, "Nocturne", 30, (192, 192))
    cover = (over(ground, share, np.array([250.0, 250, 250])) + 0.5).astype(np.uint8)
    region = around(share)
    recall, iou = agreement(glyph_mask(cover, [region]), np.abs(cover - ground).max(-1) > 10)
    assert recall >= 0.97
    assert iou >= 0.85


def test_a_deep_glow_on_paint_is_masked():
    """Rough paint hides how a glow fades, but nothing else darkens it by 80 levels all along a line."""
    paint = cv2.GaussianBlur(np.random.default_rng(3).normal(0, 1, (384, 384)).astype(np.float32), (0, 0), 5)
    clean = np.clip(150 + 43 * (paint / paint.std())[..., None] * np.array([1, 0.8, 0.6]), 0, 255)
    share = coverage(384, "Slow Rivers", 48, (192, 192))
    glow = np.clip(1.4 * cv2.GaussianBlur(share, (0, 0), 6), 0, 0.85)
    cover = over(over(clean, glow, np.array([10.0, 10, 10])), share, np.array([70.0, 70, 70]))
    cover = (cover + 0.5).astype(np.uint8)
    mask = find_glyphs(cover, [lettered("plain").region], lift=np.ones((384, 384), bool)).mask
    recall, iou = agreement(mask, np.abs(cover - clean).max(-1) > 10)
    assert recall >= 0.85
    assert iou >= 0.7


def test_two_lines_of_two_colours_in_one_region_have_each_their_own_style():
    clean = picture(kind="calm").astype(np.float32)
    high, low = (coverage(384, text, 40, (192, y)) for text, y in (("Tokyo Rain", 150), ("Jannabi", 200)))
    shadow = cv2.GaussianBlur(np.roll(low, (4, 4), (0, 1)), (0, 0), 1.6) * 0.6
    cover = over(
        over(over(clean, shadow, np.zeros(3)), low, np.array([245.0, 250, 245])), high, np.array([230.0, 90, 20])
    )
    cover = (cover + 0.5).astype(np.uint8)
    region = around(np.maximum(high, low))
    recall, iou = agreement(glyph_mask(cover, [region]), np.abs(cover - clean).max(-1) > 10)
    assert recall >= 0.95
    assert iou >= 0.8


def test_thin_dark_lettering_over_waves():
    """Strokes of two pixels over a picture with more dark and light of its own than they have."""
    y = np.mgrid[:384, :384][0].astype(np.float32)
    waves = 170 + 40 * np.sin(y / 6 + 2 * np.sin(np.mgrid[:384, :384][1] / 40))
    ground = np.stack([waves, waves * 0.9, waves * 0.7], -1).astype(np.float32)
    share = np.zeros((384, 384), np.float32)
    cv2.putText(share, "Eagle", (90, 210), cv2.FONT_HERSHEY_SIMPLEX, 2, 1.0, 2, cv2.LINE_AA)
    cover = (over(ground, share, np.array([40.0, 20, 60])) + 0.5).astype(np.uint8)
    region = around(share, 6)
    recall, iou = agreement(glyph_mask(cover, [region]), share > 0.3)
    assert recall >= 0.9
    assert iou >= 0.5


def test_thin_lettering_is_lifted_where_it_is_clear_and_held_where_it_runs_into_a_thing_of_its_colour():
    """All of it stays where it is; less than the whole line stands still for that."""
    share = np.zeros((384, 384), np.float32)
    cv2.putText(share, "Eagle", (90, 210), cv2.FONT_HERSHEY_SIMPLEX, 2, 1.0, 2, cv2.LINE_AA)
    ground = picture(kind="calm").astype(np.float32) * 0.2 + 170
    boat = np.zeros((384, 384), np.float32)
    cv2.ellipse(boat, (220, 222), (50, 22), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    ink = np.array([40.0, 20, 30])
    region = around(share, 6)
    plain, crossed = (
        find_glyphs((over(below, share, ink) + 0.5).astype(np.uint8), [region])
        for below in (ground, over(ground, boat, ink + 4))
    )
    assert not plain.held.any()
    assert (plain.mask > 0.5)[share > 0.9].mean() > 0.95
    assert ((crossed.mask > 0.5) | crossed.held)[share > 0.5].all()
    assert (crossed.mask > 0.5)[:, :140][share[:, :140] > 0.9].mean() > 0.95
    assert 0 < crossed.held.mean() < 0.05 and np.count_nonzero((crossed.mask > 0.5) & (share < 0.02)) < 150
    assert all(region.lift for region in (*plain.regions, *crossed.regions))


def test_strokes_that_stick_out_of_their_region_are_masked_to_their_ends():
    made = lettered("plain")
    rows, columns = np.nonzero(made.truth)
    x0, x1, y0, y1 = columns.min(), columns.max(), rows.min() + 11, rows.max()
    tight = TextRegion(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), 0.99)
    mask = glyph_mask(made.cover, [tight])
    cut = made.truth & (np.indices(made.truth.shape)[0] < y0 - 6)
    assert cut.sum() > 20
    assert (mask > 0.5)[cut].mean() > 0.9


def test_a_gap_in_a_stroke_is_closed_and_a_shred_of_picture_is_not_taken():
    crop = np.full((60, 120, 3), 200, np.float32)
    strokes = np.zeros((60, 120), bool)
    strokes[20:23, 10:80] = strokes[10:40, 10:13] = strokes[10:40, 77:80] = True
    crop[strokes] = 30 + np.random.default_rng(0).uniform(-6, 6, (np.count_nonzero(strokes), 1))
    crop[30:32, 90:110] = 60  # dark too, and thin, but it meets no stroke
    crop[36:38, 12:30] = 60  # meets one
    core = strokes.copy()
    core[:, 35:60] = False
    colour = np.broadcast_to(np.float32(30), crop.shape).copy()
    found = gaps(crop, np.ones((60, 120), bool), Ink(core, colour, 1.0, 1.0, 1.0, 0.0, 0.1))
    assert (found == (strokes & ~core)).all()


def test_a_shadow_is_masked_but_not_opaque():
    made = lettered("shadow")
    mask = glyph_mask(made.cover, [made.region])
    opacity = 2 * mask - 1
    shadow = (mask > 0.5) & (made.cover.max(-1) < 100)
    assert shadow.sum() > 200
    assert np.median(opacity[shadow]) < 0.8
    letters = made.cover.min(-1) > 220
    assert np.median(opacity[letters]) > 0.97


def test_a_dark_shadow_on_a_plain_light_ground_keeps_its_opacity():
    """On a plain ground the style has the strongest gradients there are; none of them is an edge of the picture."""
    ground = np.full((384, 384, 3), 170.0)
    share = coverage(384, "Slow Rivers", 48, (192, 192))
    shadow = cv2.GaussianBlur(np.roll(share, (4, 4), (0, 1)), (0, 0), 2) * 0.6
    cover = (over(over(ground, shadow, np.zeros(3)), share, np.array([250.0, 250, 250])) + 0.5).astype(np.uint8)
    mask = glyph_mask(cover, [around(share)])
    under = (shadow > 0.3) & (share < 0.02)
    assert np.abs(opacity_of(mask) - shadow)[under].mean() < 0.08
    recall, iou = agreement(mask, np.abs(cover - ground).max(-1) > 10)
    assert recall >= 0.98
    assert iou >= 0.9


def test_kept_regions_and_no_regions_leave_the_mask_empty():
    made = lettered("plain")
    kept = type(made.region)(made.region.polygon, 0.99, lift=False)
    assert find_glyphs(made.cover, [kept]).held[made.truth].mean() > 0.98
    assert not glyph_mask(made.cover, [kept]).any()
    assert not glyph_mask(made.cover, []).any()


def test_a_region_without_strokes_is_not_masked_but_nothing_moves_there():
    cover = picture(seed=5)
    region = lettered("plain").region
    doubtful = type(region)(region.polygon, 0.6)
    found = find_glyphs(cover, [doubtful])
    assert (found.mask > 0.5).mean() < 0.002
    inside = cv2.fillPoly(np.zeros(cover.shape[:2], np.uint8), [np.array(region.polygon, np.int32)], 1) > 0
    assert found.held[inside].mean() > 0.99
    assert found.held.sum() < 2 * inside.sum()


def test_regions_that_a_person_keeps_move_with_the_picture():
    made = lettered("plain")
    kept = type(made.region)(made.region.polygon, 0.6, lift=False, moves=True)
    assert not find_glyphs(made.cover, [kept]).held.any()


@pytest.mark.parametrize("style", STYLES)
def test_layer_over_plate_is_the_cover(style):
    made = lettered(style)
    mask = glyph_mask(made.cover, [made.region])
    plate = np.where((mask > 0)[..., None], made.clean, made.cover)
    layer = text_layer(made.cover, plate, mask)
    (again,) = text_over([plate], layer)
    assert np.abs(again.astype(int) - made.cover).max() <= 1


def test_layer_gives_the_cover_back_over_any_plate_and_mask():
    random = np.random.default_rng(0)
    cover, plate = random.integers(0, 256, (2, 64, 64, 3), np.uint8)
    mask = random.random((64, 64)).astype(np.float32)
    again = TextOver(text_layer(cover, plate, mask)).blend(plate.copy())
    assert np.abs(again.astype(int) - cover).max() <= 1


def test_layer_carries_no_halo_of_the_old_background():
    """Laid over another picture, the lifted lettering looks as if it had been drawn there."""
    made, other = lettered("shadow"), picture(seed=9)
    mask = glyph_mask(made.cover, [made.region])
    layer = text_layer(made.cover, made.clean, mask)
    moved = TextOver(layer).blend(other.copy()).astype(int)
    alone = lettered("shadow", seed=9).cover.astype(int)
    assert np.abs(moved - alone)[made.truth].mean() < 8
    opaque = made.cover.min(-1) > 220
    assert opaque.sum() > 500
    assert np.abs(moved - made.cover)[opaque].max() <= 4  # letters do not let the new picture through


def test_nothing_moves_behind_strokes_that_are_all_but_opaque():
    cover, plate = np.full((64, 64, 3), 220, np.uint8), np.full((64, 64, 3), 60, np.uint8)
    mask = np.tile(np.linspace(0.6, 1, 64, dtype=np.float32), (64, 1))
    layer = text_layer(cover, plate, mask)
    moved = text_over([np.full((64, 64, 3), 10, np.uint8)], layer)
    apart = np.abs(next(iter(moved)).astype(int) - cover)
    assert apart[mask > 0.96].max() <= 1
    assert apart[mask < 0.9].min() > 1


def test_text_over_leaves_the_frames_alone_and_floats_agree():
    made = lettered("glow")
    mask = glyph_mask(made.cover, [made.region])
    layer = text_layer(made.cover, made.clean, mask)
    frames = np.stack([made.clean, np.roll(made.clean, 3, 1)])
    before = frames.copy()
    out = list(text_over(frames, layer))
    assert (frames == before).all()
    floats = TextOver(layer).blend_float(np.ascontiguousarray(frames[1], np.float32) / 255)
    assert np.abs(floats * 255 - out[1]).max() <= 0.51
    assert (out[1][layer[..., 3] == 0] == frames[1][layer[..., 3] == 0]).all()


def test_sizes_must_agree():
    made = lettered("plain")
    with pytest.raises(UsageError, match="differ in size"):
        text_layer(made.cover, made.clean[:-2], np.zeros(made.truth.shape, np.float32))
    over = TextOver(np.zeros((8, 8, 4), np.uint8))
    with pytest.raises(UsageError, match="the layer is 8x8"):
        over.blend(np.zeros((9, 8, 3), np.uint8))
    with pytest.raises(CoverLoopError, match="not contiguous"):
        over.blend(np.zeros((8, 16, 3), np.uint8)[:, ::2])
    with pytest.raises(UsageError, match="must be"):
        TextOver(np.zeros((8, 8, 3), np.uint8))


def test_a_word_of_which_a_part_would_be_left_behind_is_held():
    made = lettered("plain")
    line, share = Line.of(made.region, (384, 384)), coverage(384, "Slow Rivers", 48, (192, 192))
    words = [Words(share, np.zeros_like(made.truth), np.s_[:384, :384], line.height)]
    half = made.truth & (np.arange(384) < 240)[None]
    scene = Scene(made.cover.astype(np.float32), share, share, line.area)
    whole, torn = (
        fails(evidence(scene, line, words, edges_of(made.cover), mask.astype(np.float32)))
        for mask in (made.truth, half)
    )
    assert whole == "" and "left beside its mask" in torn


def test_the_lines_of_a_drawing_are_not_lifted_for_the_letters_between_them():
    size = 384
    letters, rows = coverage(size, "CHI", 110, (192, 192)), np.arange(size)
    drawn = np.repeat((rows % 16 < 3)[:, None], size, 1) & (letters < 0.5)
    cover = np.full((size, size, 3), 225, np.uint8)
    cover[letters > 0.5], cover[drawn] = (230, 90, 40), (10, 10, 10)
    line = Line.of(around(letters, 12), (size, size))
    alpha = (drawn & line.area).astype(np.float32)
    words = [Words(alpha, np.zeros_like(drawn), np.s_[:size, :size], line.height)]
    scene = Scene(cover.astype(np.float32), 0.6 * letters + 0.15, 0.6 * letters, line.area)
    found = evidence(scene, line, words, edges_of(cover), alpha)
    assert found.left_edges == 0 and found.unlike < 0.3  # there are as many edges around
    assert "left beside its mask" in fails(replace(found, left_strokes=0.0))


def test_a_line_in_the_margin_of_one_that_is_held_is_lifted():
    cover, both, regions = picture(), np.zeros((384, 384)), []
    for text, height, y in (("MARS", 90, 170), ("the lazy song", 26, 228)):
        share = coverage(384, text, height, (192, y))
        cover = over(cover, share, np.array([250, 250, 245])).astype(np.uint8)
        regions.append(around(share, 1))
        both = np.maximum(both, share)
    name = replace(regions[0], lift=False)
    found = find_glyphs(cover, [name, regions[1]])
    below = (both > 0.5) & (np.arange(384) > 205)[:, None]
    assert [region.lift for region in found.regions] == [False, True]
    assert (found.mask > 0.5)[below].mean() > 0.95 and found.held[:205][both[:205] > 0.5].all()


def test_a_person_holds_and_lifts_with_a_brush():
    made = lettered("plain")
    whole, nothing = np.ones((384, 384), bool), np.zeros((384, 384), bool)
    held = find_glyphs(made.cover, [made.region], hold=whole)
    assert held.held.all() and not held.mask.any()
    kept = TextRegion(made.region.polygon, 0.99, lift=False)
    lifted = find_glyphs(made.cover, [kept], hold=nothing, lift=whole)
    assert (lifted.mask > 0.5)[made.truth].mean() > 0.9
    box = nothing.copy()
    x0, y0, x1, y1 = (int(v) for v in (*np.min(made.region.polygon, 0), *np.max(made.region.polygon, 0)))
    box[y0:y1, x0:x1] = True
    painted = find_glyphs(made.cover, [], lift=box)
    assert (painted.mask > 0.5)[made.truth].mean() > 0.9 and len(painted.regions) == 1


def test_held_lettering_comes_back_in_the_tone_of_the_frame():
    made = lettered("plain")
    held = np.zeros((384, 384), bool)
    held[160:225, 40:345] = True
    darker = np.clip(np.roll(made.cover, (3, 2), (0, 1)).astype(np.float32) * 0.8, 0, 255).astype(np.uint8)
    (again,) = held_over([darker], made.cover, held)
    inside = held & ~made.truth
    assert np.abs(again[inside].astype(float) - 0.8 * made.cover[inside]).mean() < 6
    assert again[made.truth & held].mean() > darker[made.truth & held].mean() + 10
    far = cv2.distanceTransform((~held).astype(np.uint8), cv2.DIST_L2, 5) > 20
    assert (again[far] == darker[far]).all()
    rim = cv2.dilate(held.astype(np.uint8), np.ones((9, 9))).astype(bool) & ~held
    assert np.abs(again[rim].astype(float) - darker[rim]).mean() < 4  # nobody sees where the patch begins
    with pytest.raises(UsageError, match="differ in size"):
        list(held_over([darker], made.cover, held[:-2]))


def test_of_display_type_that_is_held_the_letters_are_held_whole_and_not_the_picture_around():
    size, height = 384, 200
    cover = np.random.default_rng(0).integers(90, 130, (size, size, 3)).astype(np.uint8)
    share = coverage(size, "IO", height, (192, 192))
    cover = np.clip(cover * (1 - share[..., None]) + 240 * share[..., None], 0, 255).astype(np.uint8)
    region = TextRegion(((20.0, 20.0), (364.0, 20.0), (364.0, 364.0), (20.0, 364.0)), 0.99)
    line = Line.of(region, (size, size))
    rim = (share > 0.5) & ~(cv2.erode(share, np.ones((9, 9))) > 0.5)
    seen = 0.4 * rim.astype(np.float32)
    held = held_shape(Scene(cover.astype(np.float32), 0 * seen, seen, line.area), line, edges_of(cover))
    assert held[share > 0.5].all() and held.mean() < 0.6 * line.area.mean()
