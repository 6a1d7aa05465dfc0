"""Loops whose words hold, drift, tear, fade or lie under light, told from the words' outlines alone."""

import cv2
import numpy as np
import pytest
from coverloop.core.errors import ClipError
from coverloop.core.judge.reading import edits, misread
from coverloop.core.judge.registry import rules
from coverloop.core.judge.rules import Word
from coverloop.core.judge.score import score
from coverloop.core.video.decode import decode
from coverloop.core.video.encode import encode
from lettered import coverage, over
from moving import path

SIZE, FRAMES = 512, 24
HELD = rules()["lettering_moved"].high
TURN = 2 * np.pi * np.arange(FRAMES) / FRAMES
BOX = ((80.0, 215.0), (432.0, 215.0), (432.0, 297.0), (80.0, 297.0))
INK = np.array([245, 240, 225], np.float32)


@pytest.fixture(scope="module")
def behind() -> np.ndarray:
    """A picture that moves gently on a circle, (N, H, W, 3) float."""
    return path([(2 * np.sin(t), 2 - 2 * np.cos(t)) for t in TURN], SIZE).astype(np.float32) * 0.5 + 20


@pytest.fixture(scope="module")
def letters() -> np.ndarray:
    return coverage(SIZE, "Slow Rivers", 64, (SIZE // 2, SIZE // 2))


def lay(behind, letters, shift=lambda t: 0.0, strength=lambda t: 1.0, part=1.0) -> np.ndarray:
    """`letters` over a picture; the rightmost `part` of them goes `shift` px to the right."""
    made = np.clip(behind + 0.5, 0, 255).astype(np.uint8)
    lines = slice(SIZE // 2 - 64, SIZE // 2 + 64)  # nothing is written elsewhere
    x, y = np.meshgrid(np.arange(SIZE, dtype=np.float32), np.arange(128, dtype=np.float32))
    moves = x > SIZE * (1 - part) if part < 1 else x >= 0
    for frame, below, t in zip(made, behind, TURN, strict=True):
        there = np.where(moves, x - np.float32(shift(t)), x)
        share = cv2.remap(letters[lines], there, y, cv2.INTER_CUBIC).clip(0, 1) * np.float32(strength(t))
        frame[lines] = np.clip(over(below[lines], share, INK) + 0.5, 0, 255).astype(np.uint8)
    return made


def judged(frames, **given):
    return score(frames, fps=12, words=[Word(BOX, "Slow Rivers")], **given)


def test_a_word_that_holds_over_a_moving_picture_passes_also_from_a_file(behind, letters, tmp_path):
    loop = lay(behind, letters)
    assert judged(loop, cover=loop[0]).lettering_moved == 0.0
    encode(loop, tmp_path / "loop.mp4", fps=12)
    from_file = judged(decode(tmp_path / "loop.mp4").frames, cover=loop[0])
    assert from_file.lettering_moved <= 0.01
    assert from_file.details["lost_words"] == []


@pytest.mark.parametrize(
    "fault",
    [
        {"shift": lambda t: 1 - np.cos(t)},  # two pixels
        {"shift": lambda t: 1.5 - 1.5 * np.cos(t), "part": 0.5},
        {"strength": lambda t: 0.6 + 0.4 * np.cos(t)},
        {"strength": lambda t: float(not 1 < t < 2)},
    ],
    ids=["drifts", "half of it drifts", "fades", "is gone for a while"],
)
def test_a_word_is_lost_when_it(fault, behind, letters):
    loop = lay(behind, letters, **fault)
    told = judged(loop, cover=loop[0])
    assert told.lettering_moved > 4 * HELD
    assert [word["text"] for word in told.to_dict()["lost_words"]] == ["Slow Rivers"]
    assert any(problem.startswith("lettering moved: ") for problem in told.problems)


def test_light_over_a_word_does_not_move_it(behind, letters):
    loop = lay(behind, letters).astype(np.float32)
    x = np.arange(SIZE)[None, :, None]
    for frame, t in zip(loop, TURN, strict=True):
        frame *= 0.75 + 0.3 * np.exp(-(((x - SIZE * (0.5 + 0.4 * np.sin(t))) / 90) ** 2))
        frame += 25 * np.sin(t)
    loop = loop.clip(0, 255).astype(np.uint8)
    assert judged(loop, cover=loop[0]).lettering_moved <= HELD


def test_what_passes_in_front_is_no_fault_of_the_word(behind, letters):
    loop = lay(behind, letters)
    for i, frame in enumerate(loop):
        cv2.circle(frame, (i * SIZE // FRAMES, 250), 5, (250, 250, 250), -1, cv2.LINE_AA)
    assert judged(loop, cover=loop[0]).lettering_moved <= HELD


def test_words_are_told_one_by_one_in_pixels_of_a_cover_of_another_size(behind, letters):
    loop = lay(behind, letters, shift=lambda t: 3 * np.sin(t), part=0.5)
    loop[:, :60, :80] = 90
    left = ((80, 215), (250, 215), (250, 297), (80, 297))
    right = ((265, 215), (432, 215), (432, 297), (265, 297))
    flat = ((10, 10), (60, 10), (60, 40), (10, 40))
    twice = [Word([(2 * x + 60.5, 2 * y + 0.5) for x, y in outline]) for outline in (left, right, flat)]
    large = cv2.resize(loop[0], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    wide = np.pad(large, ((0, 0), (60, 60), (0, 0)))
    (lost,) = score(loop, fps=12, cover=wide, words=twice).details["lost_words"]
    assert lost["moved"] > 0.2 and lost["box"] == (265, 215, 432, 297)
    assert score(loop, fps=12, cover=wide, words=twice[:1]).lettering_moved <= HELD
    assert score(loop, fps=12, cover=wide, words=twice[2:]).lettering_moved is None
    assert score(loop, fps=12, cover=wide).lettering_moved is None


def test_a_word_reads_in_the_loop_as_on_the_cover(behind, letters, tmp_path):
    loop = lay(behind, letters)
    encode(loop, tmp_path / "loop.mp4", fps=12)
    told = judged(decode(tmp_path / "loop.mp4").frames, cover=loop[0])
    assert told.words_read == 1 and told.words_misread == 0
    unread = score(loop, fps=12, cover=loop[0], words=[Word(BOX)])
    assert unread.words_read is None and unread.words_misread is None


@pytest.mark.parametrize("frames", [range(FRAMES), range(8, 12)], ids=["always", "for a sixth of the loop"])
def test_a_word_that_becomes_another_is_told(frames, behind, letters):
    cover = lay(behind, letters)[0]
    another = lay(behind, coverage(SIZE, "Slim Ravens", 64, (SIZE // 2, SIZE // 2)))
    loop = lay(behind, letters)
    loop[list(frames)] = another[list(frames)]
    told = judged(loop, cover=cover)
    assert told.words_misread == 1
    assert told.to_dict()["misread_words"] == [{"text": "Slow Rivers", "reads": "Slim Ravens"}]
    assert any(problem.startswith("words read otherwise than on the cover: ") for problem in told.problems)


def test_what_hides_a_word_for_a_frame_does_not_make_it_misread(behind, letters):
    loop = lay(behind, letters)
    cover = loop[0].copy()
    loop[7, 200:300, 150:350] = 128
    assert judged(loop, cover=cover).words_misread == 0


@pytest.mark.parametrize(
    ("said", "read", "differs"),
    [
        ("SILICA GEL", "silica gel", False),
        ("June & the kites", "June the Kites", False),
        ("SILICA GEL", "SILICA GE1", False),
        ("SILICA GEL", "SILICA", True),
        ("EP", "ER", True),
        ("푸른 밤", "푸른밤", False),
        ("푸른 밤", "푸른 방", True),
        ("VOID", "", True),
    ],
)
def test_a_reading_may_differ_by_a_sign_of_five(said, read, differs):
    assert misread(said, read) is differs


def test_edits_are_counted():
    assert edits("kitten", "sitting") == 3 and edits("", "ab") == 2 and edits("same", "same") == 0


@pytest.mark.parametrize("polygon", [((1, 1), (2, 2)), ((1, 1), (float("nan"), 2), (3, 3)), ((1, 2, 3),) * 3])
def test_an_outline_that_is_none_is_refused(polygon, behind, letters):
    with pytest.raises(ClipError, match="3 or more points"):
        score(lay(behind, letters), fps=12, words=[Word(polygon, "A")])
