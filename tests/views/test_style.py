"""Words for a style: the trigger once, Korean in English, and what is refused; what a model begins with."""

import numpy as np
import pytest
from coverloop.core.errors import CoverError, UsageError
from coverloop.core.views.fit import denoise, working_picture, working_size
from coverloop.core.views.style import style_prompt


@pytest.mark.parametrize(
    ("words", "prompt"),
    [
        ("a fox in the snow", "hanji style. a fox in the snow"),
        ("a fox, hanji style, in the snow", "hanji style. a fox, in the snow"),
        ("HANJI STYLE. a fox hanji style", "hanji style. a fox"),
        ("밤하늘에 별이 빛나는 바다, 안개", "hanji style. the night sky, stars, light, the sea, fog"),
        (
            "고양이가 지붕 위에 있는 한옥 마을 저녁",
            "hanji style. a cat, a roof, a traditional Korean house, a village, at dusk",
        ),
        ("a lighthouse, 푸른 바다", "hanji style. a lighthouse, blue, the sea"),
        ("", "hanji style."),
    ],
)
def test_the_trigger_goes_in_front_once_and_korean_becomes_english(words, prompt):
    styled = style_prompt(words, "hanji style")
    assert styled.prompt == prompt and styled.notes == ()
    assert styled.prompt.lower().count("hanji style") == 1


def test_what_the_glossary_does_not_know_is_named():
    styled = style_prompt("뷁뷁 호랑이")
    assert styled.prompt == "a tiger" and styled.notes == ("not in the glossary and left out: 뷁뷁; say it in English",)


def test_an_encoder_that_reads_hangul_gets_it_as_it_is():
    assert style_prompt("뷁뷁 호랑이", "ink", reads_hangul=True) == ("ink. 뷁뷁 호랑이", ())


@pytest.mark.parametrize(
    ("words", "trigger", "message"),
    [
        ("  ", "", "words and trigger are empty"),
        ("뷁뷁", "", "nothing of '뷁뷁' is in the glossary"),
        ("a nude", "", "cannot be generated"),
        ("sea", "(a:1.4)", "has characters other than"),
        ("x" * 5000, "", "shorten it to 4000"),
    ],
)
def test_words_that_say_nothing_or_too_much_are_refused(words, trigger, message):
    with pytest.raises(UsageError, match=message):
        style_prompt(words, trigger)


@pytest.mark.parametrize("size", [(1080, 1080), (64, 64), (3000, 1000), (333, 517), (8192, 2100)])
@pytest.mark.parametrize("multiple", [8, 16])
def test_the_working_size_keeps_shape_and_area(size, multiple):
    wide, high = working_size(*size, 0.4, multiple)
    assert wide % multiple == 0 and high % multiple == 0
    assert abs(wide / high - size[0] / size[1]) < 0.06 * size[0] / size[1]
    assert abs(wide * high / (0.4 * 2**20) - 1) < 0.06


def test_a_picture_of_8000_px_is_brought_down():
    assert working_picture(np.zeros((8000, 8000, 3), np.uint8), 0.4, 8).shape == (648, 648, 3)


@pytest.mark.parametrize("size", [(8, 8), (8400, 8400), (5000, 1000)])
def test_pictures_that_cannot_be_drawn_are_named(size):
    with pytest.raises(CoverError, match=f"a picture of {size[0]}x{size[1]}"):
        working_size(*size, 0.4, 8)


def test_words_alone_take_all_the_noise():
    assert (denoise(0.0, True), denoise(1.0, True), denoise(0.3, False)) == (0.0, 1.0, 1.0)
    with pytest.raises(UsageError, match=r"strength 1\.2"):
        denoise(1.2, True)
