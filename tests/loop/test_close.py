import json

import cv2
import numpy as np
import pytest
from coverloop.core.errors import ClipError
from coverloop.core.judge.score import score
from coverloop.core.loop.close import close
from coverloop.core.loop.cut import find_cut, trim
from coverloop.core.loop.own import there_and_back
from coverloop.core.loop.retime import retime
from coverloop.core.loop.ring import close_clip
from coverloop.core.loop.tone import tone_match
from moving import circle, pan, path, picture

SIZE = 192


def test_the_cut_finds_the_period():
    cut = find_cut(circle(60, 44.0))
    assert (cut.start, cut.end) == (0, 44)
    assert cut.gap == pytest.approx(1, abs=0.15)


def test_the_cut_compares_motion_and_not_only_pictures():
    """Forth and back: the pictures meet at the middle of the way back too, but there the motion is reversed."""
    there = path([(3.0 * np.sin(2 * np.pi * t / 32), 0.0) for t in range(56)])
    assert find_cut(there, min_length=12).end == 32


def test_the_start_moves_only_when_it_may():
    clip = np.concatenate([pan(8, 1.5), circle(40, 32.0)])
    assert find_cut(clip).start == 0
    cut = find_cut(clip, max_start=12)
    assert 8 <= cut.start <= 12
    assert cut.end - cut.start == 32


def test_a_length_is_preferred_when_asked_for():
    assert find_cut(circle(70, 30.0), min_length=20).end == 60
    assert find_cut(circle(70, 30.0), min_length=20, length=30).end == 30


def test_a_perfect_loop_is_left_alone():
    loop = circle(32, 32.0)
    closed, report = close_clip(loop, 24, cover=loop[0])
    assert np.array_equal(closed, loop)
    assert (report.inserted, report.repaired, report.dropped) == (0, 0, 0)


def sway(count: int, reach: float = 4.0) -> np.ndarray:
    """Forth and back in a line: at its turns it comes to rest, and at the join it is fastest."""
    return path([(reach * np.sin(2 * np.pi * t / count), 0.0) for t in range(count)])


@pytest.mark.parametrize("make", [lambda: circle(96), lambda: sway(64), lambda: np.roll(sway(64), 17, axis=0)])
@pytest.mark.parametrize("coded", [False, True])
def test_a_loop_that_closes_keeps_all_its_frames(make, coded, tmp_path):
    from coverloop.core.video.decode import decode
    from coverloop.core.video.encode import encode

    loop = make()
    if coded:
        encode(loop, tmp_path / "a.mp4", fps=24)
        loop = decode(tmp_path / "a.mp4").frames
    closed, report = close_clip(loop, 24)
    assert (len(closed), report.inserted, report.repaired, report.dropped) == (len(loop), 0, 0, 0)


def test_a_repeated_first_frame_is_found_after_coding_too(tmp_path):
    from coverloop.core.video.decode import decode
    from coverloop.core.video.encode import encode

    loop = circle(64)
    encode(np.concatenate([loop, loop[:1]]), tmp_path / "a.mp4", fps=24)
    closed, _ = close_clip(decode(tmp_path / "a.mp4").frames, 24)
    assert len(closed) == len(loop)


@pytest.mark.parametrize("crf", [10, 16, 20])
def test_a_still_is_refused_after_coding_too(crf, tmp_path):
    from coverloop.core.video.decode import decode
    from coverloop.core.video.encode import encode

    still = cv2.resize(circle(1)[0], (384, 384), interpolation=cv2.INTER_CUBIC)
    encode([still] * 24, tmp_path / "a.mp4", fps=24, crf=crf)
    with pytest.raises(ClipError, match="alike, but for coding noise"):
        close_clip(decode(tmp_path / "a.mp4").frames, 24)


def test_little_motion_is_no_still():
    closed, _ = close_clip(circle(32, 32.0, 0.3), 24)
    assert len(closed) == 32
    dot = np.repeat(circle(1), 24, axis=0)
    for t, frame in enumerate(dot):
        cv2.circle(frame, (90 + round(5 * np.sin(2 * np.pi * t / 24)), 80), 3, (255, 255, 220), -1)
    close_clip(dot, 24)


@pytest.mark.parametrize("clip", [pan(36), circle(30, 48.0)], ids=["pan", "open circle"])
def test_an_open_end_is_closed_with_even_steps(clip):
    closed, report = close(clip)
    judged = score(closed, fps=24)
    assert report.largest_step_before > 4
    assert report.inserted > 3
    assert judged.largest_step <= 1.6
    assert judged.smallest_step >= 0.35
    assert 0.5 <= judged.seam_ratio <= 1.6
    assert judged.sharpness >= 0.9
    assert np.array_equal(closed[0], clip[0])


def test_a_duplicated_end_frame_is_dropped():
    loop = circle(32, 32.0)
    closed, report = close(np.concatenate([loop, loop[:1]]))
    assert np.array_equal(closed, loop)
    assert report.dropped == 1


def test_a_jump_inside_is_repaired():
    loop = circle(40, 40.0)
    broken = np.delete(loop, [19, 20, 21], axis=0)
    closed, report = close(broken)
    assert score(broken, fps=24).largest_step > 3
    assert report.repaired >= 2
    assert score(closed, fps=24).largest_step <= 1.4


def test_the_wanted_length_is_met_where_speed_allows():
    clip = circle(40, 48.0)
    natural = len(close(clip)[0])
    closed, report = close(clip, length=natural + 1)
    assert len(closed) == natural + 1
    assert report.largest_step <= 1.6
    assert len(close(clip, length=300)[0]) == natural


@pytest.mark.parametrize("count", [34, 38, 40, 44, 48])
def test_a_wanted_count_is_met_by_the_cut_and_in_betweens(count, monkeypatch):
    """The join is even, and nothing is resampled."""
    monkeypatch.setattr("coverloop.core.loop.ring.retime", lambda frames, wanted, _: frames)
    clip = circle(56, 44.0)
    closed, report = close_clip(clip, 24, max_start=0, count=count)
    judged = score(closed, fps=24)
    assert len(closed) == count
    assert np.array_equal(closed[0], clip[0]) and report.inserted == count - report.cut.end
    assert 0.5 <= judged.seam_ratio <= 1.6
    assert judged.largest_step <= 1.6 and judged.tile_seam <= 2 and judged.sharpness >= 0.9


def test_only_a_clip_too_short_for_the_count_is_resampled():
    closed, report = close_clip(circle(20, 20.0), 24, max_start=0, count=48)
    assert len(closed) == 48 and report.inserted == 0
    assert score(closed, fps=24).largest_step <= 1.6


def test_a_jump_of_a_part_costs_its_own_place_only():
    loop = circle(48)
    jumping = loop.copy()
    for t, frame in enumerate(jumping):  # a sign that wanders through the clip and is elsewhere at its end
        cv2.circle(frame, (40 + round(t / 2), 150), 14, (240, 230, 90), -1, cv2.LINE_AA)
    closed, report = close(jumping)
    assert report.led_over >= 1 and len(closed) == len(loop) and report.inserted == 0
    assert np.array_equal(closed[:, :90], jumping[:, :90])  # the rest keeps its frames
    assert np.array_equal(closed[0], jumping[0])
    assert score(jumping, fps=24).tile_seam > 2.5
    judged = score(closed, fps=24)
    assert judged.tile_seam <= 2 and judged.largest_step <= 1.6 and judged.sharpness >= 0.8


@pytest.mark.parametrize(("period", "wanted"), [(26.0, 48), (31.0, 44)])
def test_a_part_that_in_betweens_would_blur_goes_its_own_way(period, wanted):
    clip = np.repeat(np.repeat(circle(48), 2, axis=1), 2, axis=2)
    for t, frame in enumerate(clip):  # a sign that swings at a pace of its own
        angle = 40 * np.sin(2 * np.pi * t / period)
        bar = cv2.boxPoints(((120.0, 260.0), (90.0, 28.0), float(angle)))
        cv2.fillConvexPoly(frame, np.round(bar * 16).astype(np.int32), (240, 230, 90), cv2.LINE_AA, 4)
    closed, report = close_clip(clip, 24, max_start=0, count=wanted)
    assert report.own_ways >= 1 and len(closed) == wanted
    assert np.array_equal(closed[0], clip[0])
    signs = [int((np.abs(frame.astype(int) - (240, 230, 90)).max(-1) < 12).sum()) for frame in closed]
    assert min(signs) > 0.9 * 90 * 28  # whole in every frame, and nowhere twice or half
    judged, own = score(closed, fps=24), score(clip, fps=24).sharpness  # a bar that turns makes it 0.8 and 0.86
    assert judged.largest_step <= 1.6 and judged.tile_seam <= 2 and judged.sharpness >= 0.95 * own


def test_what_falls_does_not_rise_on_a_way_of_its_own():
    clip = np.repeat(np.repeat(circle(48), 2, axis=1), 2, axis=2)
    drops = cv2.resize(np.random.default_rng(5).uniform(20, 235, (260, 30)).astype(np.float32), (90, 780))
    for t, frame in enumerate(clip):
        frame[60:330, 140:230] = drops[480 - 5 * t : 750 - 5 * t, :, None]
    assert close_clip(clip, 24, max_start=0, count=44)[1].own_ways == 0


@pytest.mark.parametrize("length", [9, 10])
def test_the_way_there_and_back_repeats_no_frame_but_where_it_turns(length):
    way = there_and_back(length, 20)
    assert way is not None and len(way) == length
    steps = np.abs(np.diff([*way, way[0]]))
    assert set(steps) == {0, 1} and steps[-1] == 1 and (steps == 0).sum() == 2 + length % 2
    assert there_and_back(length, max(way) - 1) is None


def test_flicker_of_the_whole_is_no_jump_of_a_part():
    gains = 1 + 0.012 * np.random.default_rng(3).normal(size=48)
    frames = np.clip(np.round(circle(48) * gains[:, None, None, None]), 0, 255).astype(np.uint8)
    assert close(frames)[1].led_over == 0


def test_a_clip_that_gains_contrast_closes():
    swing = circle(60, 48.0).astype(np.float32) - 128
    gaining = np.clip(128 + swing * (1.003 ** np.arange(60))[:, None, None, None], 0, 255).round().astype(np.uint8)
    assert score(gaining, fps=24).seam_ratio > 4
    judged = score(close_clip(gaining, 24, max_start=0)[0], fps=24)
    assert 0.5 <= judged.seam_ratio <= 1.6 and judged.largest_step <= 1.6 and judged.drift < 4


def test_a_fade_to_white_is_cut_off_and_not_taken_for_drift():
    whiter = np.clip((np.arange(60) - 46) / 13, 0, 1)[:, None, None, None]
    fading = np.round(circle(60, 42.0) * (1 - whiter) + 255 * whiter).astype(np.uint8)
    steady, done = tone_match(fading)
    assert done.drift_removed == 0
    assert np.array_equal(steady[-1], fading[-1])  # white stays white
    closed, report = close_clip(fading, 24, max_start=0)
    assert report.cut.end <= 47
    assert score(closed, fps=24).drift < 4 and score(closed, fps=24).largest_step <= 1.6


def test_a_clip_eased_to_a_stop_is_told():
    """It rests at both ends: the judge says so, whatever is left of it."""
    turns = np.linspace(0, 1, 60)
    turns = 2 * np.pi * turns**2 * (3 - 2 * turns)
    eased = path([(4 * np.sin(t), 4 * (1 - np.cos(t))) for t in turns])
    closed, report = close_clip(eased, 24, max_start=0)
    assert report.dropped == 1  # the last frame is the first one
    assert any("stalls" in problem for problem in score(closed, fps=24).problems)


def test_flash_flicker_and_drift_are_taken_out():
    truth = circle(60, 48.0)
    rng = np.random.default_rng(2)
    gains = 1 + 0.08 * np.arange(60) / 59 + 0.01 * rng.normal(size=60)
    gains[0], gains[1:4] = 1, gains[1:4] + np.array([0.06, 0.05, 0.02])
    toned = np.clip(np.round(truth * gains[:, None, None, None]), 0, 255).astype(np.uint8)
    steady, done = tone_match(toned, cover=truth[0])
    assert done.flicker_removed > 4
    assert done.drift_removed > 5

    def course(frames: np.ndarray) -> np.ndarray:
        return np.array([np.median(now / np.maximum(was, 8.0)) for now, was in zip(frames, truth, strict=True)])

    assert np.ptp(course(toned)) > 0.08
    assert np.ptp(course(steady)) < 0.03
    assert np.abs(np.diff(course(steady))).max() < 0.012
    assert steady[0].mean() == pytest.approx(truth[0].mean(), abs=0.5)


def test_moving_light_is_not_taken_for_drift():
    still = picture()
    side = np.linspace(-1, 1, SIZE, dtype=np.float32)[None, :, None]
    breathing = [
        still * (1 + 0.1 * np.sin(2 * np.pi * t / 48) + 0.1 * side * np.cos(2 * np.pi * t / 48)) for t in range(48)
    ]
    frames = np.stack(breathing).clip(0, 255).round().astype(np.uint8)
    steady, done = tone_match(frames)
    assert done.drift_removed == 0
    assert np.abs(steady.mean((1, 2, 3)) - frames.mean((1, 2, 3))).max() < 1.0


def test_lettering_does_not_count_for_the_tone():
    frames = circle(16, 16.0)
    mask = np.zeros((SIZE, SIZE), np.float32)
    mask[40:150, 20:170] = 1
    cover = frames[0].copy()
    cover[mask > 0] = 255
    without = tone_match(frames, cover=cover)[1].cover_offset
    assert without > 5
    assert tone_match(frames, cover=cover, lettering=mask)[1].cover_offset < 0.5


@pytest.mark.parametrize("count", [30, 60, 18, 24])
def test_retiming_leaves_no_hole(count):
    loop = circle(24, 24.0, 3.0)
    retimed = retime(loop, count)
    judged = score(retimed, fps=24)
    assert len(retimed) == count
    assert np.array_equal(retimed[0], loop[0])
    assert judged.largest_step <= 1.15
    assert judged.smallest_step >= 0.85


def test_the_whole_chain_meets_a_count_and_reports():
    clip = np.concatenate([circle(4, 60.0)[::-1], circle(50, 44.0), circle(50, 44.0)[:3]])
    closed, report = close_clip(clip, 24, trim_start=4, trim_end=3, max_start=0, count=48)
    assert len(closed) == 48
    assert score(closed, fps=24).largest_step <= 1.6
    assert not report.kept_as_it_was
    json.dumps(report.to_dict(), allow_nan=False)


def test_odd_sizes_are_fine():
    clip = circle(20, 30.0)[:, :101, :75]
    closed, _ = close_clip(np.ascontiguousarray(clip), 24, max_start=0)
    assert closed.shape[1:] == (101, 75, 3)
    assert score(closed, fps=24).largest_step <= 2.0


def test_a_clip_of_noise_is_never_made_worse():
    noise = np.random.default_rng(0).integers(0, 255, (20, 64, 64, 3), dtype=np.uint8)
    before = score(noise, fps=24).largest_step
    closed, _ = close_clip(noise, 24)
    assert score(closed, fps=24).largest_step <= max(before, 1.6) + 0.01


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((1, 64, 64, 3), np.uint8), "0 [+] 0 of 1 frames"),
        (np.zeros((2, 64, 64, 3), np.uint8), "leaves too few; at least 6"),
        (np.full((20, 64, 64, 3), 90, np.uint8), "alike"),
        (np.zeros((20, 64, 64, 3), np.float32), "float32"),
        (np.zeros((20, 64, 64), np.uint8), "uint8"),
        (np.zeros((20, 20, 64, 3), np.uint8), "at least 32"),
    ],
)
def test_clips_that_cannot_be_closed_are_named(frames, message):
    with pytest.raises(ClipError, match=message):
        close_clip(frames, 24)


def test_bad_arguments_are_named():
    clip = circle(12, 12.0)
    with pytest.raises(ClipError, match="trim"):
        trim(clip, 4, 4)
    with pytest.raises(ClipError, match="frames per second"):
        close_clip(clip, 0)
    with pytest.raises(ClipError, match=r"2\.\.2400"):
        retime(clip, 1)


def test_the_join_of_a_decoded_file_stays_closed(tmp_path):
    from coverloop.core.video.decode import decode
    from coverloop.core.video.encode import encode

    closed, _ = close_clip(circle(60, 48.0), 24, max_start=0)
    closed = np.stack([cv2.resize(frame, (384, 384), interpolation=cv2.INTER_CUBIC) for frame in closed])
    encode(closed, tmp_path / "a.mp4", fps=24)
    judged = score(decode(tmp_path / "a.mp4").frames, fps=24)
    assert 0.5 <= judged.seam_ratio <= 1.6
    assert judged.largest_step <= 1.6
