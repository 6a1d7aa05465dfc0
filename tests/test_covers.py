"""`benchmarks/covers.py`: the same seed gives the same covers, and their truth is true."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from covers import make, write
from covers_type import STYLES, fonts


@pytest.fixture(scope="module")
def made():
    return [make(3, index, 320, [], [])[0] for index in range(6)]


def test_a_cover_depends_on_its_seed_and_number_alone(made):
    again, _ = make(3, 4, 320, [], [])
    assert np.array_equal(again.cover, made[4].cover) and again.words == made[4].words
    assert not np.array_equal(make(4, 4, 320, [], [])[0].cover, again.cover)


def test_what_differs_from_the_clean_picture_is_at_the_printed_words(made):
    kinds = set()
    for sheet in made:
        changed = np.abs(sheet.cover - sheet.clean).max(-1) > 10
        near = np.zeros(changed.shape, np.uint8)
        for word in sheet.words:
            kinds.add(word["kind"])
            quad = np.round(word["quad"]).astype(np.int32)
            assert quad.min() >= 0 and quad.max() < 320
            if word["kind"] in ("title", "artist", "credit"):
                own = np.zeros_like(near)
                cv2.fillPoly(own, [quad], 1)
                near = np.maximum(near, own)
                assert sheet.held[own > 0].any() or changed[own > 0].mean() > 0.02, word
        tall = 2 * round(0.12 * 320) + 1  # shadows and glows reach out of the words' boxes, arcs bulge
        assert not changed[cv2.dilate(near, np.ones((tall, tall), np.uint8)) == 0].any()
        assert not (changed & sheet.held).any()
    assert {"title", "artist"} <= kinds


def test_files_are_those_that_the_benchmark_reads(made, tmp_path):
    write(made[0], "drawn", tmp_path / "made000")
    cover, clean, mask = (cv2.imread(str(tmp_path / f"made000{end}.png")) for end in ("", ".clean", ".mask"))
    assert cover is not None and clean is not None and mask is not None
    assert np.array_equal(np.abs(cover.astype(int) - clean).max(-1) > 10, mask[..., 0] > 0)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_marks_the_letters(style):
    share = np.zeros((200, 200), np.float32)
    cv2.putText(share, "Ag", (30, 130), cv2.FONT_HERSHEY_DUPLEX, 3.0, 1.0, 12, cv2.LINE_AA)
    layers = STYLES[style](np.random.default_rng(1), share, np.array([240.0, 200, 90], np.float32), 70)
    marked = np.max([share_ for share_, _ in layers], axis=0)
    assert 0.2 < (marked > 0.5).sum() / (share > 0.5).sum() < 4 and marked.max() <= 1.0


def test_fonts_are_taken_by_name_from_any_folder(tmp_path):
    for name in ("b.ttf", "a.otf", "NotoEmoji.ttf", "c.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in fonts([tmp_path])] == ["a.otf", "b.ttf"]
