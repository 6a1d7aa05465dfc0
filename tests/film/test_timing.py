"""Lines stand at their times, and every cut on a bar, never inside a line."""

from itertools import pairwise

import pytest
from coverloop.core.errors import UsageError
from coverloop.core.film.segments import is_header
from coverloop.core.film.shots import shots_by_rules
from coverloop.core.film.text import words_of
from coverloop.core.film.timing import BAR, FPS, Grid, even_grid, schedule


def planned(text, seconds=60.0, grid=None):
    words = words_of(text)
    shots = shots_by_rules(words)
    return words, shots, schedule(shots, words, grid or even_grid(seconds), seconds, lambda line: [line])


def lrc(*starts, line="the sea at night"):
    return "".join(f"[{int(s // 60):02}:{s % 60:05.2f}]{line} {number}\n" for number, s in enumerate(starts))


def heard(tempo, first, seconds):
    beat = 60 / tempo
    beats = tuple(first + n * beat for n in range(int((seconds - first) / beat)))
    return Grid(beats, beats[::4])


@pytest.mark.parametrize("grid", [even_grid(60.0), heard(96.0, 0.37, 60.0), heard(141.0, 0.9, 60.0)])
@pytest.mark.parametrize("late", [0.0, 0.3, 0.71])
def test_lines_at_their_times_and_cuts_on_bars_outside_of_lines(grid, late):
    starts = [grid.bars[2] + late + 3.1 * n for n in range(14)]
    words, _, made = planned(lrc(*starts), grid=grid)
    assert [round(c.start, 2) for c in made.captions] == [round(t, 2) for t in words.times]
    cuts = [scene.first / FPS for scene in made.scenes[1:]]
    assert len(cuts) >= 3
    assert all(min(abs(cut - bar) for bar in grid.bars) <= 0.5 / FPS + 1e-9 for cut in cuts)
    for caption in made.captions:
        sung = caption.start + len(caption.text) / 14
        assert not any(caption.start + 1 / FPS < cut < min(caption.end, sung) - 1 / FPS for cut in cuts)


def test_scenes_are_the_whole_film_and_lose_no_line():
    text = "[Verse 1]\nrain over the harbour\nlamps far away\n\n[Chorus]\ndawn is rising\n새벽이 오면\n" * 3
    _, shots, made = planned(text)
    assert made.scenes[0].first == 0 and made.scenes[-1].last == 60 * FPS
    assert all(one.last == other.first and one.first < one.last for one, other in pairwise(made.scenes))
    told = [line for line in text.splitlines() if line and not is_header(line)]
    assert [caption.text for caption in made.captions] == told
    assert all(one.end <= other.start + 1e-9 for one, other in pairwise(made.captions))
    shown = [shot for scene in made.scenes for shot in scene.shots]
    assert sorted(set(shown)) == list(range(len(shots)))


@pytest.mark.parametrize("seconds", [4.0, 5.0, 6.0, 8.0, 12.0])
def test_without_times_every_line_can_be_read(seconds):
    _, _, made = planned("the sea at dawn is calm, then a white horse ran", seconds=seconds)
    assert len(made.captions) == 2 and all(one.end - one.start > 0.8 for one in made.captions)


def test_without_times_shots_begin_on_bars():
    _, _, made = planned("first verse\n" * 4 + "\n" + "second verse\n" * 4, seconds=40.0)
    starts = {caption.shot: caption.start for caption in reversed(made.captions)}
    assert len(starts) == 2 and all(start % BAR == 0 for start in starts.values())


def sections(*starts, seconds=100.0):
    """Two-second bars, and sections where it is said."""
    grid = even_grid(seconds)
    return Grid(grid.beats, grid.bars, starts)


def verses(*lines):
    """As many shots as numbers, of so many lines each."""
    return "\n\n".join("\n".join(["wind over the harbour"] * count) for count in lines) + "\n"


@pytest.mark.parametrize(
    ("lines", "starts", "wanted"),
    [
        ((4, 4, 4, 4), (0.0, 16.0, 40.0, 56.0), (2.0, 16.0, 40.0, 56.0)),  # as many as there are shots
        ((4, 4), (0.0, 12.0, 44.0, 90.0), (2.0, 44.0)),  # more sections: those that are nearest
        ((4, 4, 4, 4), (0.0, 60.0), (2.0, None, 60.0, None)),  # fewer: the others share what lies between
        ((4, 4), (0.0,), (2.0, None)),
        ((4, 4), (0.0, 94.0), (2.0, None)),  # too short for its lines: not put there
    ],
)
def test_without_times_shots_begin_where_sections_of_the_song_do(lines, starts, wanted):
    _, shots, made = planned(verses(*lines), seconds=100.0, grid=sections(*starts))
    assert len(shots) == len(lines)
    begun = {caption.shot: caption.start for caption in reversed(made.captions)}
    for shot, start in enumerate(wanted):
        assert begun[shot] == start if start is not None else begun[shot] not in starts, begun
        assert begun[shot] % BAR == 0
    assert [caption.start for caption in made.captions] == sorted(caption.start for caption in made.captions)
    gaps = [other.start - one.start for one, other in pairwise(made.captions)]
    assert min(gaps) >= 0.5


def test_a_shot_without_a_free_bar_goes_on_in_the_picture_before():
    long = "we never stop to breathe and sing on and on"  # three seconds to read, sung over every bar
    _, _, made = planned(lrc(*(1.5 + 2.0 * n for n in range(12)), line=long), seconds=30.0)
    assert len(made.scenes) == 1 and "go on in the picture before" in made.remarks[0]


def test_an_empty_time_ends_the_line_before():
    _, _, made = planned("[00:02.00]one line\n[00:04.50]\n[00:09.00]another\n")
    assert next((c.text, c.start, c.end) for c in made.captions) == ("one line", 2.0, 4.5)


def test_lines_without_a_time_share_what_lies_between():
    _, _, made = planned("[00:02.00]one\ntwo\n[00:08.00]three\n")
    assert [c.start for c in made.captions] == [2.0, 5.0, 8.0]


def test_what_does_not_fit_is_said():
    assert planned(lrc(1, 5, 70), seconds=10.0)[2].remarks == ("1 lines begin after the film's end",)
    with pytest.raises(UsageError, match="no line begins within"):
        planned(lrc(70, 75), seconds=10.0)
    with pytest.raises(UsageError, match="s a line, and nobody reads that"):
        planned("a line of it\n" * 200, seconds=20.0)
