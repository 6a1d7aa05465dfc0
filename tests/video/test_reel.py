"""Shots joined: every frame is there, in time, with sound, subtitles and chapters."""

from fractions import Fraction

import av
import numpy as np
import pytest
from coverloop.core.errors import ClipError, UsageError
from coverloop.core.video import reel
from coverloop.core.video.reel import SOUND_RATE, Said, check_library, join, srt, write_shot

LINES = [Said("첫 줄", 0.5, 1.25), Said("another\nrow", 1.5, 2.0)]


def shot(path, levels, size=(64, 96)):
    write_shot((np.full((*size, 3), level, np.uint8) for level in levels), path, Fraction(24))
    return path


def tone(seconds):
    for at in range(0, round(seconds * SOUND_RATE), 5000):
        time = np.arange(at, min(at + 5000, round(seconds * SOUND_RATE))) / SOUND_RATE
        yield np.stack([np.sin(2 * np.pi * 440 * time)] * 2).astype(np.float32) * 0.5


def test_a_film_is_all_its_shots_in_time(tmp_path):
    levels = [*range(20, 200, 5), *range(200, 20, -5)]
    parts = [shot(tmp_path / f"{at}.mp4", levels[at : at + 24]) for at in range(0, 72, 24)]
    out = tmp_path / "film.mp4"
    chapters = [Said("절", 0.0, 1.0), Said("후렴", 1.0, 3.0)]
    join(parts, out, sound=tone(3.0), subtitles=LINES, chapters=chapters, words={"title": "노래"})
    with av.open(str(out)) as film:
        shown = [(frame.time, frame.to_ndarray(format="rgb24").mean()) for frame in film.decode(video=0)]
    assert [time for time, _ in shown] == pytest.approx([n / 24 for n in range(72)], abs=1e-3)
    assert [mean for _, mean in shown] == pytest.approx(levels, abs=3)
    with av.open(str(out)) as film:
        assert [one["metadata"]["title"] for one in film.chapters()] == ["절", "후렴"]
        assert film.metadata["title"] == "노래"
        heard = np.concatenate([frame.to_ndarray() for frame in film.decode(audio=0)], axis=1)
    assert heard.shape[1] / SOUND_RATE == pytest.approx(3.0, abs=0.1)
    inner = heard[0, SOUND_RATE // 2 : SOUND_RATE * 5 // 2]
    assert np.abs(np.fft.rfft(inner)).argmax() / len(inner) * SOUND_RATE == pytest.approx(440, abs=1)
    with av.open(str(out)) as film:
        told = [(p.pts * p.time_base, p.duration * p.time_base, bytes(p)[2:].decode()) for p in film.demux(subtitles=0)
                if p.pts is not None and len(bytes(p)) > 2]  # fmt: skip
    assert [(float(at), float(at + long), text) for at, long, text in told] == [(a, b, t) for t, a, b in LINES]
    data = out.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_subtitles_as_a_file():
    assert srt(LINES) == ("1\n00:00:00,500 --> 00:00:01,250\n첫 줄\n\n2\n00:00:01,500 --> 00:00:02,000\nanother\nrow\n")


def test_what_cannot_be_joined_leaves_nothing(tmp_path):
    out = tmp_path / "film.mp4"
    parts = [shot(tmp_path / "a.mp4", [0] * 3), shot(tmp_path / "b.mp4", [0] * 3, size=(32, 96))]
    with pytest.raises(ClipError, match="was coded otherwise than the shot before"):
        join(parts, out)
    with pytest.raises(ClipError, match="at least one"):
        join([], out)
    with pytest.raises(UsageError, match="cannot be written"):
        join(parts[:1], tmp_path / "none" / "film.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


def test_a_library_without_text_tracks_is_said(monkeypatch):
    check_library()
    monkeypatch.setattr(reel, "SubtitleCodecContext", object)
    with pytest.raises(UsageError, match=r"needs PyAV 16.1 or later, this is .*; pip install 'coverloop\[film\]'"):
        check_library()
