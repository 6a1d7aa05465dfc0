"""Words over pictures: which font has them, that all of them are there, and that they can be read."""

import sys
from pathlib import Path

import numpy as np
import pytest
from coverloop.core.errors import UsageError
from coverloop.core.film.captions import Setting, find_font, settable, share_at

FONT = Path(sys.prefix) / "weights" / "NanumGothic.ttf"  # put there by the set-up


def light(values):
    """Relative luminance of sRGB levels (WCAG 2.1)."""
    share = values / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("ground", [255, 128, 0, "stripes"])
@pytest.mark.parametrize("card", [False, True])
def test_words_are_read_over_any_ground_and_stand_within_the_safe_area(ground, card):
    picture = np.zeros((360, 640, 3), np.uint8)
    picture[:] = 255 * (np.arange(640)[None, :, None] // 4 % 2) if ground == "stripes" else ground
    setting = Setting(FONT, 640, 360, card)
    (text,) = setting.split("밤바다에 비가 내리고 rain is falling")
    stamp, made = setting.stamp(text), picture.copy()
    stamp.over(made)
    signs = np.zeros((360, 640), np.float32)
    signs[stamp.box] = stamp.signs
    rows, columns = np.nonzero(signs > 0.1)
    assert rows.min() > 36 and rows.max() < 324 and columns.min() > 64 and columns.max() < 576
    near = signs[rows.min() : rows.max(), columns.min() : columns.max()]
    part = made[rows.min() : rows.max(), columns.min() : columns.max(), 0].astype(float)
    worst = light(part[near == 0].max())
    assert (light(part[near > 0.95].min()) + 0.05) / (worst + 0.05) > 4.5


def test_parts_of_a_line_are_the_line():
    setting = Setting(FONT, 640, 360)
    line = "I remember every word you said " * 6 + "아주긴낱말" * 30
    parts = setting.split(line)
    assert len(parts) > 2 and "".join("".join(parts).split()) == "".join(line.split())
    assert setting.split("short") == ["short"]


def test_signs_that_a_font_lacks():
    assert settable("안녕 hello é Ж あ", FONT) == ("안녕 hello é Ж あ", ())
    assert settable("안녕 😀\u200d!", FONT) == ("안녕 !", ("😀",))
    with pytest.raises(UsageError, match=r"NanumGothic.ttf has no signs for ส ว .*\(Thai\); give --font"):
        settable("hello สวัสดี", FONT)


def test_fonts_that_are_none(tmp_path, monkeypatch):
    monkeypatch.delenv("COVERLOOP_FONT", raising=False)
    assert find_font().name == "NanumGothic.ttf" and find_font(FONT) == FONT
    (tmp_path / "no.ttf").write_text("no font")
    with pytest.raises(UsageError, match="is no font that can be read"):
        find_font(tmp_path / "no.ttf")
    monkeypatch.setenv("COVERLOOP_FONT", str(tmp_path / "missing.ttf"))
    with pytest.raises(UsageError, match="missing"):
        find_font()


def test_a_line_comes_and_goes_within_a_frame_of_its_times_and_is_whole_up_to_a_cut():
    assert [share_at(at, 100, 150, 200) for at in range(98, 102)] == [0, 0, 0.5, 1]
    assert [share_at(at, 100, 150, 200) for at in range(147, 151)] == [1, 1, 0.5, 0]
    assert share_at(199, 100, 200, 200) == 1
    assert all(share_at(at, 100, 150, 200) == 0 or share_at(at, 150, 180, 200) == 0 for at in range(140, 160))
