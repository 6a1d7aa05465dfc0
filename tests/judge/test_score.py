import dataclasses
import json
import re

import cv2
import numpy as np
import pytest
from coverloop.core.errors import ClipError
from coverloop.core.image import fit
from coverloop.core.judge import measures, registry
from coverloop.core.judge.measures.cover import ssim_map
from coverloop.core.judge.plot import plot
from coverloop.core.judge.registry import rules
from coverloop.core.judge.rules import Rule, Verdict
from coverloop.core.judge.score import score
from moving import circle


@pytest.fixture(scope="module")
def loop() -> np.ndarray:
    return circle(48, reach=3.0, size=256)


def test_a_perfect_loop_passes(loop):
    judgement = score(loop, fps=24, cover=loop[0])
    assert judgement.passed, judgement.problems
    assert judgement.seam_ratio == pytest.approx(1.0, abs=0.1)
    assert judgement.largest_step <= 1.2
    assert judgement.smallest_step >= 0.8
    assert judgement.first_frame_ssim == pytest.approx(1.0)
    assert judgement.first_frame_psnr == 100.0
    assert judgement.duplicates == 0


@pytest.mark.parametrize("reach", [2.0, 6.0])
def test_motion_is_measured_in_pixels_a_second_at_1080(reach):
    judgement = score(circle(48, reach=reach, size=256), fps=24)
    speed = 2 * np.pi * reach / 2.0 * 1080 / 256
    assert judgement.motion_mean == pytest.approx(speed, rel=0.15)
    assert judgement.active_area > 0.95


def test_an_open_clip_jumps(loop):
    judgement = score(loop[:30], fps=24)
    assert judgement.seam_ratio > 3
    assert judgement.largest_step == judgement.seam_ratio
    assert judgement.largest_step_at == 29
    assert judgement.tile_seam > 2
    assert judgement.seam_residual > 1.4
    assert any("the join jumps: seam_ratio is" in problem for problem in judgement.problems)


def test_a_repeated_end_frame_is_a_stall_not_a_success(loop):
    judgement = score(np.concatenate([loop, loop[:1]]), fps=24)
    assert judgement.seam_ratio == 0
    assert judgement.duplicates == 1
    assert not judgement.passed


def test_a_jump_in_one_corner_is_seen(loop):
    broken = loop.copy()
    broken[24:, :48, :48] = np.roll(broken[24:, :48, :48], 40, axis=2)
    broken = np.roll(broken, 24, axis=0)
    judgement = score(broken, fps=24)
    assert judgement.tile_seam > 2.0
    assert judgement.largest_step < 2.0


def test_a_cross_fade_is_blurred(loop):
    wide = circle(48, reach=12.0, size=256)
    tail, head = wide[20:40].astype(np.float32), wide[:8].astype(np.float32)
    weight = (np.arange(1, 9) / 9)[:, None, None, None]
    faded = np.concatenate([tail[:-8], (1 - weight) * tail[-8:] + weight * head]).astype(np.uint8)
    assert score(faded, fps=24).sharpness < 0.85
    assert score(wide, fps=24).sharpness > 0.95


def test_what_turns_is_not_blurred(loop):
    """An edge at 45 degrees and one along the pixels are as sharp."""
    turning = np.concatenate([loop, loop])[:48].copy()
    for t, frame in enumerate(turning):
        middle, angle = (frame.shape[1] / 2, frame.shape[0] / 2), 40 * np.sin(2 * np.pi * t / 48)
        bar = cv2.boxPoints((middle, (frame.shape[1] / 2, frame.shape[0] / 6), float(angle)))
        cv2.fillConvexPoly(frame, np.round(bar * 16).astype(np.int32), (240, 225, 90), cv2.LINE_AA, 4)
    assert score(turning, fps=24).sharpness > 0.85
    turning[20] = cv2.GaussianBlur(turning[20], (0, 0), 0.6)
    assert score(turning, fps=24).sharpness < 0.85


def test_forth_and_back_is_a_palindrome(loop):
    there = circle(48, reach=8.0, size=256)[:24]
    assert score(np.concatenate([there, there[::-1]]), fps=24).palindrome < 0.1
    assert score(loop, fps=24).palindrome > 0.5


def test_flicker_luma_jump_and_drift(loop):
    still = np.repeat(loop[:1], 24, axis=0).astype(np.int16)
    flickering = (still + (np.arange(24) % 2 * 6)[:, None, None, None]).clip(0, 255).astype(np.uint8)
    assert score(flickering, fps=24).flicker == pytest.approx(6, abs=0.7)
    brighter = (loop.astype(np.float32) + np.linspace(0, 12, 48)[:, None, None, None]).clip(0, 255).astype(np.uint8)
    judgement = score(brighter, fps=24)
    assert judgement.luma_jump == pytest.approx(11.5, abs=1)
    assert judgement.drift > 4
    calm = score(loop, fps=24)
    assert calm.flicker < 0.5
    assert calm.luma_jump < 0.1
    assert calm.drift < 4


def test_light_that_swings_is_neither_drift_nor_haste(loop):
    across = np.linspace(0, 2 * np.pi, 256)[None, :, None]
    light = [150 * (1 + 0.15 * np.sin(across - 2 * np.pi * t / 48)) for t in range(48)]
    judgement = score(np.stack([np.broadcast_to(one, (256, 256, 3)) for one in light]).astype(np.uint8), fps=24)
    assert judgement.drift < 1
    assert judgement.motion_p95 < 5


def test_a_plain_shape_that_races_over_a_plain_ground_is_hurried():
    frames = np.full((48, 256, 256, 3), 230, np.uint8)
    for t, frame in enumerate(frames):
        turn = 2 * np.pi * t / 48
        middle = (round(16 * (128 + 60 * np.cos(turn))), round(16 * (128 + 60 * np.sin(turn))))
        cv2.circle(frame, middle, 16 * 40, (30, 60, 200), -1, cv2.LINE_AA, 4)  # 790 px/s at 1080
    assert any("hurried" in problem for problem in score(frames, fps=24).problems)


def test_lettering_lock(loop):
    drawn = np.zeros(loop.shape[1:3], np.uint8)  # OpenCV 5 draws on bytes alone
    mask = (cv2.putText(drawn, "TITLE", (20, 140), cv2.FONT_HERSHEY_SIMPLEX, 2.0, 255, 12) > 0).astype(np.float32)
    locked = loop.copy()
    locked[:, mask > 0] = (250, 240, 235)
    kept = score(locked, fps=24, cover=locked[0], lettering=mask)
    assert kept.lettering_max_diff == 0
    assert kept.passed, kept.problems
    moving = score(loop, fps=24, cover=loop[0], lettering=mask)
    assert moving.lettering_max_diff > 24
    one_bad = locked.copy()
    one_bad[30, mask > 0] -= 9
    assert score(one_bad, fps=24, lettering=mask).lettering_max_diff == 9


def test_the_first_frame_is_compared_outside_the_lettering(loop):
    mask = np.zeros(loop.shape[1:3], np.float32)
    mask[100:170, 30:200] = 1
    cover = loop[0].copy()
    cover[mask > 0] = 0
    assert score(loop, fps=24, cover=cover, lettering=mask).first_frame_ssim > 0.99
    assert score(loop, fps=24, cover=cover).first_frame_ssim < 0.9
    warmer = np.clip(loop[0] + np.array([12, 0, 0]), 0, 255).astype(np.uint8)
    assert score(loop, fps=24, cover=warmer).first_frame_colour == pytest.approx(12, abs=1)


def test_ssim_of_known_pictures():
    flat = np.full((64, 64), 100, np.uint8)
    brighter = flat + 20
    c1 = (0.01 * 255) ** 2
    assert ssim_map(flat, flat).mean() == pytest.approx(1)
    assert ssim_map(flat, brighter).mean() == pytest.approx((2 * 100 * 120 + c1) / (100**2 + 120**2 + c1), rel=1e-4)


@pytest.mark.parametrize("shade", [0, 128])
def test_a_still_clip_is_told_plainly_and_is_json(shade):
    judgement = score(np.full((8, 64, 64, 3), shade, np.uint8), fps=24)
    assert judgement.duplicates == 7
    assert any("hardly anything moves" in problem for problem in judgement.problems)
    assert json.loads(json.dumps(judgement.to_dict(), allow_nan=False))["passed"] is False


def test_every_limit_names_a_figure(loop):
    figures = score(loop, fps=24).to_dict()
    assert set(rules()) <= set(figures)
    json.dumps(figures, allow_nan=False)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((1, 64, 64, 3), np.uint8), "1 frames"),
        (np.zeros((2, 64, 64, 3), np.uint8), "2 frames"),
        (np.zeros((8, 64, 64, 3), np.float32), "float32"),
        (np.zeros((8, 64, 64), np.uint8), "uint8"),
        (np.zeros((8, 16, 64, 3), np.uint8), "at least 32"),
    ],
)
def test_what_cannot_be_judged(frames, message):
    with pytest.raises(ClipError, match=message):
        score(frames, fps=24)


def test_a_cover_of_another_shape_is_compared_by_its_middle(loop):
    wide = np.pad(loop[0], ((0, 0), (60, 60), (0, 0)), mode="reflect")
    assert score(loop, fps=24, cover=wide).first_frame_psnr == 100.0
    assert score(loop, fps=24, cover=np.roll(wide, 60, axis=1)).first_frame_ssim < 0.9
    with pytest.raises(ClipError, match="mask"):
        score(loop, fps=24, lettering=np.zeros((300, 200), np.float32))


def test_a_cover_is_compared_with_the_pixels_its_loop_was_made_of():
    """A small cover that was enlarged: another kernel changes thin strokes by twenty levels, and nothing moved."""
    small = np.full((90, 121, 3), 60, np.uint8)
    cv2.putText(small, "TITLE", (8, 55), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (250, 250, 250), 1, cv2.LINE_AA)
    frames = np.stack([fit(small, 256)] * 8)
    letters = (small[..., 0] > 90).astype(np.float32)
    judgement = score(frames, fps=24, cover=small, lettering=letters)
    assert judgement.lettering_max_diff == 0 and judgement.first_frame_psnr == 100.0


def test_lettering_that_is_recoloured_fails(loop):
    drawn = np.zeros(loop.shape[1:3], np.uint8)
    mask = (cv2.putText(drawn, "TITLE", (20, 140), cv2.FONT_HERSHEY_SIMPLEX, 2.0, 255, 12) > 0).astype(np.float32)
    locked = loop.copy()
    locked[:, mask > 0] = (250, 240, 235)
    cover = locked[0].copy()
    locked[10:14, mask > 0] = (250, 215, 190)
    assert any(
        "lettering changes" in problem for problem in score(locked, fps=24, cover=cover, lettering=mask).problems
    )


def test_a_value_is_told_with_the_decimals_that_tell_it_from_its_limit():
    rule = Rule("seam_residual", "", high=1.4, too_high="it does not follow", margin=0.001)
    assert "is 1.4004, should be at most 1.4" in rule.words(1.40043)
    assert rule.verdict(1.4, {}) is Verdict.INSIDE
    assert rule.verdict(1.4004, {}) is Verdict.NEAR
    assert rule.verdict(1.402, {}) is Verdict.OUTSIDE


def test_every_limit_says_what_is_seen_and_what_to_do():
    for rule in rules().values():
        low, high = rule.low > -np.inf, rule.high < np.inf
        perfect = rule.name == "first_frame_ssim"  # 1 is what it is at most
        assert bool(rule.too_low) == bool(rule.to_raise) == low, rule.name
        assert bool(rule.too_high) == bool(rule.to_lower) == (high and not perfect), rule.name


def test_a_problem_says_what_by_how_much_and_what_to_do(loop):
    (problem,) = [one for one in score(loop[:30], fps=24).problems if "seam_ratio" in one]
    assert re.fullmatch(r"the join jumps: seam_ratio is [\d.]+, should be at most 1.6; close it with .*", problem)


def test_what_is_within_the_noise_of_another_encode_is_told_and_does_not_fail(loop):
    good = score(loop, fps=24)
    rule = rules()["largest_step"]
    near = dataclasses.replace(good, figures={**good.figures, "largest_step": rule.high + rule.margin / 2})
    assert near.passed and "a step on the ring jumps" in near.near[0]
    over = dataclasses.replace(good, figures={**good.figures, "largest_step": rule.high + 2 * rule.margin})
    assert not over.passed and not over.near


def test_steps_that_nobody_sees_do_not_fail():
    """A white sheet that breathes by a tenth of a level, and a coder that sets it right once a turn."""
    rng = np.random.default_rng(0)
    sheet = (235 + rng.integers(0, 2, (256, 256, 1))).repeat(3, 2).astype(np.uint8)
    frames = np.stack([sheet] * 24)
    for t in range(24):  # which pixels are one level brighter wanders a little, at one frame ten times as much
        pick = rng.random((256, 256)) < (0.2 if t == 12 else 0.02)
        frames[t][pick] += 1
    faint = score(frames, fps=24)
    assert faint.largest_step > 2 and faint.visible_step < 0.3
    assert not [problem for problem in faint.problems if "jump" in problem or "stall" in problem]
    frames[12, :64, :64] += 5  # a corner that flashes is seen, however little it counts in the whole
    assert any("largest_step" in problem for problem in score(frames, fps=24).problems)


def test_one_pixel_of_lettering_fails_nothing(loop):
    mask = np.zeros(loop.shape[1:3], np.float32)
    mask[60:120, 40:200] = 1
    locked = loop.copy()
    locked[:, mask > 0] = (200, 190, 180)
    one = locked.copy()
    one[9, 90, 90] = 100
    assert score(one, fps=24, lettering=mask).passed
    one[9, 88:94, 88:94] = 100
    assert any("spot in the lettering changes" in problem for problem in score(one, fps=24, lettering=mask).problems)


def test_a_new_rule_is_one_file(loop, monkeypatch, tmp_path):
    """A measure of its own in a file of its own is in the figures, the problems and the JSON."""
    (tmp_path / "redness.py").write_text(
        "from coverloop.core.judge.rules import Rule\n"
        "RULES = (Rule('redness', 'mean red level', high=10, too_high='it is red'),)\n"
        "class Red:\n"
        "    def look(self, look): return float(look.frame[..., 0].mean())\n"
        "    def figures(self, kept): return {'redness': max(kept)}\n"
        "def begin(setting): return Red()\n"
    )
    monkeypatch.setattr(measures, "__path__", [*measures.__path__, str(tmp_path)])
    for cached in (registry.kinds, registry.rules):
        cached.cache_clear()
    try:
        judgement = score(loop, fps=24)
        assert any("it is red" in problem for problem in judgement.problems)
        assert judgement.to_dict()["redness"] == pytest.approx(judgement.redness, abs=1e-3)
    finally:
        monkeypatch.undo()
        for cached in (registry.kinds, registry.rules):
            cached.cache_clear()


def test_the_plot_shows_jumps_in_red(loop):
    good, bad = score(loop, fps=24), score(loop[:30], fps=24)
    red = (205, 50, 50)
    assert plot(good, loop).shape[1:] == (960, 3)
    assert not (plot(good, loop)[:260] == red).all(-1).any()
    assert (plot(bad, loop[:30])[:260] == red).all(-1).any()
