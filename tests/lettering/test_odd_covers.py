"""Covers that nobody expects: nothing crashes, and nothing is lifted or held in part."""

import sys
from pathlib import Path

import numpy as np
import pytest
from coverloop.core.lettering.find import find_text
from coverloop.core.lettering.mask import find_glyphs
from coverloop.core.lettering.regions import TextRegion, decide_lift
from coverloop.core.plate.clean import clean_plate

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import covers_odd
from covers_odd import Odd, torn


def side_by_side(size: int, *kinds) -> Odd:
    """Four odd things on one cover, so that the detector looks once."""
    made = [kind(np.random.default_rng(1), size) for kind in kinds]
    apart = [np.where(one.parts, one.parts + np.sign(one.parts) * 1000 * k, 0) for k, one in enumerate(made)]
    covers = [one.cover for one in made]
    return Odd(*(np.vstack([np.hstack(four[:2]), np.hstack(four[2:])]) for four in (covers, apart)))


@pytest.mark.parametrize(
    "odd",
    [
        side_by_side(300, covers_odd.wrong_way_round, covers_odd.codes, covers_odd.sheet_music, covers_odd.crossword),
        side_by_side(200, covers_odd.newspaper, covers_odd.one_letter, covers_odd.only_lettering, covers_odd.codes),
    ],
    ids=["the wrong way round, a code, music, a crossword", "a newspaper, one letter, lettering alone, a code"],
)
def test_nothing_is_torn(odd):
    glyphs = find_glyphs(odd.cover, decide_lift(odd.cover, find_text(odd.cover)))
    clean_plate(odd.cover, glyphs.mask)
    assert torn(odd, glyphs.mask, glyphs.held) == 0


def test_the_columns_of_a_page_are_held_and_its_headline_is_not():
    def line(y: float, high: float) -> TextRegion:
        return TextRegion(((20, y), (220, y), (220, y + high), (20, y + high)), 0.9, text="word by word")

    page = [line(5 + 6 * row, 4) for row in range(70)] + [line(440, 12)]
    decided = decide_lift(np.zeros((480, 240, 3), np.uint8), page)
    assert [region.lift for region in decided] == [False] * 70 + [True]
    assert all(region.lift for region in decide_lift(np.zeros((480, 240, 3), np.uint8), page[:30]))
    assert decide_lift(np.zeros((480, 240, 3), np.uint8), page, lift="all")[0].lift
