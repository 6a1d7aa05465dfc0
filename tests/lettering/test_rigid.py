"""Labels, codes and borders drawn on pictures, and pictures without any."""

import cv2
import numpy as np
import pytest
from coverloop.core.lettering.border import Border, border_mask, border_of
from coverloop.core.lettering.rigid import Kind, find_rigid, rigid_mask
from lettered import coverage, lettered, over, picture
from PIL import Image, ImageDraw, ImageFont


class Line:
    def __init__(self, box, text=None):
        x0, y0, x1, y1 = box
        self.polygon, self.text = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)], text


def overlap(piece, truth: np.ndarray) -> float:
    there = rigid_mask([piece], truth.shape)
    return (there & truth).sum() / (there | truth).sum()


def advisory(size=600, at=(470, 510), width=100) -> tuple[np.ndarray, list[Line], np.ndarray]:
    """A badge of three panels over a rough picture, its lines of type, and where it is."""
    cover = Image.fromarray(picture(size, "rough"))
    draw, height = ImageDraw.Draw(cover), round(0.62 * width)
    x, y = at
    draw.rectangle((x, y, x + width, y + height), fill=(10, 10, 10))
    draw.rectangle((x + 2, y + height * 0.3, x + width - 2, y + height * 0.72), fill=(250, 250, 250))
    lines = []
    for text, share, ink in (("PARENTAL", 0.16, 250), ("ADVISORY", 0.51, 10), ("EXPLICIT CONTENT", 0.86, 250)):
        font = ImageFont.load_default(size=width * (0.1 if len(text) > 8 else 0.155))
        middle = (x + width / 2, y + height * share)
        draw.text(middle, text, font=font, fill=(ink, ink, ink), anchor="mm")
        lines.append(Line(draw.textbbox(middle, text, font=font, anchor="mm"), text))
    truth = np.zeros((size, size), bool)
    truth[y : y + height + 1, x : x + width + 1] = True
    return np.asarray(cover), lines, truth


@pytest.mark.parametrize("size", [600, 1400])
def test_a_badge_of_several_panels_is_one_piece(size):
    cover, lines, truth = advisory(size, (round(0.78 * size), round(0.85 * size)), size // 6)
    (badge,) = find_rigid(cover, lines)
    assert badge.kind is Kind.BADGE and overlap(badge, truth) > 0.8


def test_a_turned_label_and_a_round_sticker():
    size = 512
    cover = picture(size).astype(np.float32)
    truth = np.zeros((size, size), np.uint8)
    cv2.fillPoly(truth, [cv2.boxPoints(((130, 120), (150, 60), -14)).astype(np.int32)], 1)
    disc = np.zeros((size, size), np.uint8)
    cv2.circle(disc, (380, 370), 60, 1, -1)
    cover[truth > 0] = (235, 120, 40)
    cover[disc > 0] = (250, 230, 60)
    for at in ((130, 120), (380, 370)):
        cover = over(cover, coverage(size, "NEW!", 36, at), np.array([20.0, 20, 20]))
    lines = [Line((85, 100, 175, 140)), Line((335, 350, 425, 390))]
    label, sticker = find_rigid(cover.astype(np.uint8), lines)[::-1]
    assert label.kind is Kind.BADGE and overlap(label, truth > 0) > 0.85
    assert sticker.kind is Kind.STICKER and overlap(sticker, disc > 0) > 0.85


def test_codes_need_no_line_of_type():
    cover = picture(640).copy()
    code = cv2.QRCodeEncoder.create().encode("https://example.org/a-record")  # pyright: ignore[reportAttributeAccessIssue]
    code = cv2.resize(np.pad(code, 2, constant_values=255), (120, 120), interpolation=cv2.INTER_NEAREST)
    cover[40:160, 460:580] = code[..., None]
    widths = np.random.default_rng(3).integers(1, 5, 60) * 2
    bars = np.repeat(np.arange(60) % 2 * 255, widths)[None, :, None]
    y, x = 500, 60
    cover[y - 6 : y + 86, x - 14 : x + bars.shape[1] + 14] = 255
    cover[y : y + 80, x : x + bars.shape[1]] = bars
    found = {piece.kind: np.asarray(piece.polygon) for piece in find_rigid(cover)}
    assert set(found) == {Kind.QR, Kind.BARCODE}
    for kind, box in ((Kind.QR, (460, 40, 580, 160)), (Kind.BARCODE, (x, y, x + bars.shape[1], y + 80))):
        assert np.abs(np.r_[found[kind].min(0), found[kind].max(0)] - box).max() < 24


@pytest.mark.parametrize("kind", ["calm", "rough"])
def test_nothing_is_found_where_nothing_is(kind):
    for seed in range(3):
        clean = picture(480, kind, seed)
        assert find_rigid(clean) == [] and border_of(clean) is None
    stripes = np.repeat(np.tile(np.repeat([40, 200], 6), 40)[None, :480], 480, 0).astype(np.uint8)
    assert find_rigid(np.repeat(stripes[..., None], 3, 2)) == []
    assert border_of(np.zeros((300, 300, 3), np.uint8)) is None


@pytest.mark.parametrize("style", ["plain", "outline", "shadow", "glow", "gradient"])
def test_plain_lettering_is_no_label(style):
    for kind in ("calm", "rough"):
        made = lettered(style, kind=kind)
        assert find_rigid(made.cover, [made.region]) == []


@pytest.mark.parametrize(
    "border", [Border(24, 24, 24, 24), Border(40, 0, 40, 0), Border(0, 18, 0, 18), Border(12, 30, 60, 30)]
)
def test_borders_are_measured_with_print_on_them(border):
    cover = picture(600, "rough").copy()
    where = border_mask(border, cover.shape)
    cover[where] = (238, 236, 228)
    cv2.putText(cover, "A SMALL CREDIT", (200, 595), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (20, 20, 20), 1, cv2.LINE_AA)
    found = border_of(cover)
    assert found is not None and np.abs(np.subtract(found, border)).max() <= 2
    assert (border_mask(found, cover.shape) ^ where).mean() < 0.02


def test_a_line_inside_a_border_is_part_of_it():
    cover = picture(600).copy()
    cover[border_mask(Border(30, 30, 30, 30), cover.shape)] = 245
    cv2.rectangle(cover, (31, 31), (568, 568), (10, 10, 10), 8)
    found = border_of(cover)
    assert found is not None and min(found) >= 34


def test_two_bars_are_a_border_where_they_are_alike():
    picture = np.random.default_rng(0).integers(90, 160, (300, 300, 3)).astype(np.uint8)
    picture[:12] = picture[-12:] = 20
    assert border_of(picture) == (12, 0, 12, 0)
    picture[-30:] = 20
    assert border_of(picture) is None


def test_rows_of_bricks_are_no_bands_of_a_border():
    wall = np.full((600, 600, 3), (150, 120, 90), np.uint8)
    for row, y in enumerate(range(0, 600, 40)):
        wall[y : y + 4] = (90, 130, 150)
        for x in range(row % 2 * 40, 600, 80):
            wall[y : y + 40, x : x + 4] = (90, 130, 150)
    wall[-4:] = (90, 130, 150)
    assert border_mask(border_of(wall), wall.shape).mean() < 0.02
