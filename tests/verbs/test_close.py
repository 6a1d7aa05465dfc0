"""`coverloop close` on files: one that closes, and every kind that cannot be used."""

import json

import cv2
import numpy as np
import pytest
from coverloop.core.video.decode import decode
from coverloop.core.video.encode import encode
from coverloop.orchestrator.cli.main import main


def pan(count=40, side=96):
    """A texture that sways, cut off in the middle of a sway, so that its end does not meet its beginning. It moves by
    parts of a px: in whole ones it would stand still for a frame where it turns, and stalled frames are left out."""
    rng = np.random.default_rng(3)
    wide = np.kron(rng.integers(30, 220, (14, 18, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    places = 12 + 10 * np.sin(np.arange(count) / 40 * 5.0)
    middles = [(float(x) + (side - 1) / 2, 8 + (side - 1) / 2) for x in places]
    return [cv2.getRectSubPix(wide, (side, side), middle) for middle in middles]


def test_a_clip_is_closed_and_judged(tmp_path, capsys):
    clip, out = tmp_path / "clip.mp4", tmp_path / "loop.mp4"
    encode(pan(), clip, fps=24)
    assert main(["close", str(clip), "--out", str(out), "--fps", "30", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    written = decode(out)
    assert len(written.frames) == made["frames"] and written.fps == 30
    assert made["closing"]["largest_step"] <= made["closing"]["largest_step_before"]


@pytest.mark.parametrize(("seconds", "fps", "frames"), [("1.5", None, 36), ("1.25", "30", 38)])
def test_the_wanted_length_is_met(tmp_path, capsys, monkeypatch, seconds, fps, frames):
    clip, out = tmp_path / "clip.mp4", tmp_path / "loop.mp4"
    encode(pan(), clip, fps=24)
    if fps is None:
        monkeypatch.setattr("coverloop.orchestrator.verbs.close.retime", lambda *_: pytest.fail("retimed"))
        monkeypatch.setattr("coverloop.core.loop.ring.retime", lambda *_: pytest.fail("retimed"))
    rate = [] if fps is None else ["--fps", fps]
    assert main(["close", str(clip), "--out", str(out), "--seconds", seconds, *rate]) == 0
    assert len(decode(out).frames) == frames
    assert f"{frames} frames" in capsys.readouterr().out


def test_lengths_that_are_none_are_refused(tmp_path, capsys):
    clip = tmp_path / "clip.mp4"
    encode(pan(), clip, fps=24)
    for seconds in ("0", "-3", "nan", "1e9"):
        assert main(["close", str(clip), "--out", str(tmp_path / "a.mp4"), "--seconds", seconds]) == 2
        assert "give another --seconds" in capsys.readouterr().err


@pytest.mark.parametrize(("frames", "says"), [(1, "frames"), (2, "frames"), (0, "no such file"), (-1, "not a video")])
def test_clips_that_cannot_close_are_refused_in_one_line(tmp_path, capsys, frames, says):
    clip, out = tmp_path / "clip.mp4", tmp_path / "loop.mp4"
    if frames > 0:
        encode(pan(frames), clip, fps=24)
    elif frames == -1:
        clip.write_bytes(b"not a video at all" * 100)
    assert main(["close", str(clip), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1
    assert not out.exists() and list(tmp_path.glob(".*")) == []


def test_other_weights_than_rife_are_refused(tmp_path, capsys):
    clip, weights = tmp_path / "clip.mp4", tmp_path / "other.pth"
    encode(pan(), clip, fps=24)
    weights.write_bytes(b"nonsense")
    assert main(["close", str(clip), "--out", str(tmp_path / "loop.mp4"), "--rife", str(weights)]) == 1
    assert "other.pth" in capsys.readouterr().err
