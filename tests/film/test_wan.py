"""Which clips a film needs: as long as its scenes, in Wan's lengths, each going on where it must."""

import numpy as np
import pytest
from coverloop.core.film.shots import shots_by_rules
from coverloop.core.film.text import words_of
from coverloop.core.film.timing import Caption, Scene
from coverloop.core.film.wan import clips_of, joined

SHOTS = shots_by_rules(words_of("[A]\nthe sea at dawn\n\n[B]\nhe stabbed him\n\n[C]\na white horse runs\n"))
A, REFUSED, C = 0, 1, 2


def scene(first, last, *shots, at=()):
    return Scene(first, last, shots, tuple(Caption("words", start / 24, last / 24, shot) for shot, start in at))


@pytest.mark.parametrize("frames", [1, 2, 5, 24, 120, 121, 122, 125, 241, 242, 999, 7200])
@pytest.mark.parametrize("again", [False, True])
def test_clips_show_exactly_their_scenes_in_lengths_that_wan_makes(frames, again):
    scenes = [scene(0, frames, A), scene(frames, 2 * frames, A if again else C)]
    for number, clips in enumerate(clips_of(scenes, SHOTS, 0, covered=True)):
        assert sum(clip.shown for clip in clips) == frames
        assert all(clip.frames % 4 == 1 and 5 <= clip.frames <= 121 and clip.last < clip.frames for clip in clips)
        assert [clip.follows for clip in clips] == [bool(number and again), *[True] * (len(clips) - 1)]
        assert max(clip.frames for clip in clips) - min(clip.frames for clip in clips) <= 4
    assert len({clip.seed for clips in clips_of(scenes, SHOTS, 0, covered=True) for clip in clips}) > (frames > 121)


def test_what_must_not_be_shown_has_no_clip_and_goes_on_in_the_picture_before():
    alone, after, before = clips_of(
        [scene(0, 96, REFUSED), scene(96, 192, A, REFUSED, at=((A, 96), (REFUSED, 140))), scene(192, 288, REFUSED, C)],
        SHOTS, 0, covered=False,
    )  # fmt: skip
    assert alone == () and before == () and [clip.shot for clip in after] == [A]


def test_a_shot_without_a_cut_before_it_begins_with_its_first_line_and_the_last_frame_before():
    (clips,) = clips_of([scene(0, 96, A, C, at=((A, 0), (C, 60)))], SHOTS, 0, covered=False)
    assert [(clip.shot, clip.shown, clip.follows) for clip in clips] == [(A, 60, False), (C, 36, True)]
    assert [clip.prompt for clip in clips] == [SHOTS[A].prompt, SHOTS[C].prompt]


def test_scenes_without_words_show_the_cover_or_what_is_told_beside_them():
    scenes = [scene(0, 48), scene(48, 96, A), scene(96, 144)]
    assert [len(clips) for clips in clips_of(scenes, SHOTS, 0, covered=True)] == [0, 1, 0]
    told = clips_of(scenes, SHOTS, 0, covered=False)
    assert [[(clip.shot, clip.follows) for clip in clips] for clips in told] == [[(A, False)], [(A, True)], [(A, True)]]
    assert clips_of([scene(0, 48), scene(48, 96, REFUSED)], SHOTS, 0, covered=False) == [(), ()]


def test_a_shot_that_grows_longer_changes_no_other_one():
    long, short = (clips_of([scene(0, n, A), scene(n, n + 48, C)], SHOTS, 7, covered=True)[1] for n in (400, 48))
    assert long == short


def test_frames_come_in_order_without_the_one_that_both_clips_have():
    (clips,) = clips_of([scene(0, 200, A)], SHOTS, 0, covered=True)
    files, number = [], 0
    for clip in clips:
        number -= clip.follows
        files.append([np.full((4, 6, 3), (number + at) % 256, np.uint8) for at in range(clip.frames)])
        number += clip.shown + clip.follows
    seen = [int(frame[0, 0, 0]) for frame in joined(zip(clips, files, strict=True), 4, 6)]
    assert seen == list(range(200))
