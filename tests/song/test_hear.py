"""Songs made from a seed: what is heard in them is what was played."""

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from coverloop.core.errors import SongError
from coverloop.core.song import sound as reading
from coverloop.core.song.hear import hear, hear_samples
from coverloop.core.song.mood import relative
from coverloop.core.video.encode import encode
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import songs

NEAR = 0.04


def share(times, of):
    """Of `times`, how many have one of `of` within 40 ms."""
    return float(np.mean([np.abs(of - time).min() <= NEAR for time in times]))


def within(times, made):
    return times[(times > made.beats[0] - 0.1) & (times < made.beats[-1] + 0.1)]


def listen(made):
    return hear_samples(made.sound[None], songs.RATE)


@pytest.mark.parametrize("metre", [3, 4])
@pytest.mark.parametrize("tempo", [60, 73, 91, 118, 147, 180])
@pytest.mark.parametrize("kind", ["clicks", "make"])
def test_tempo_beats_bars_and_metre(kind, tempo, metre):
    made = getattr(songs, kind)(tempo, metre, seconds=25)
    heard = listen(made)
    assert heard.tempo == pytest.approx(tempo, rel=0.01)
    assert heard.metre == metre
    assert share(made.beats, heard.beats) >= 0.95 and share(within(heard.beats, made), made.beats) >= 0.95
    assert share(made.bars, heard.bars) >= 0.95 and share(within(heard.bars, made), made.bars) >= 0.95


def test_a_tempo_that_wanders_is_followed():
    made = songs.make(104, seed=2, loose=0.01, drift=0.04)
    even = made.beats[0] + np.arange(len(made.beats)) * 60 / 104
    assert share(made.beats, even) < 0.8  # a metronome would not do
    assert share(made.beats, listen(made).beats) >= 0.95


def test_the_loud_part_is_a_section_on_bars():
    made = songs.make(126, seed=5)
    heard = listen(made)
    assert (heard.loudest.start, heard.loudest.end) == pytest.approx(made.chorus, abs=NEAR)
    assert heard.sections[0].start == 0 and heard.sections[-1].end == heard.seconds
    assert all(a.end == b.start for a, b in zip(heard.sections, heard.sections[1:], strict=False))
    assert heard.loudest.loudness > heard.sections[0].loudness + 3


def test_keys():
    right = alike = 0
    for seed in range(8):
        made = songs.make(120, seed=seed, seconds=16)
        heard = listen(made)
        right += heard.key == made.key
        alike += relative(heard.key) == made.key
    assert right >= 7 and right + alike == 8


def test_loudness_is_that_of_bs_1770():
    tone = np.sin(2 * np.pi * 997 * np.arange(10 * songs.RATE) / songs.RATE).astype(np.float32)
    ticks = songs.clicks(120, 4, seconds=10).sound * 0.01
    heard = hear_samples((tone * 0.1 + ticks)[None], songs.RATE)
    assert np.median(heard.loudness) == pytest.approx(-23.01, abs=0.2)
    assert heard.brightness[50] == pytest.approx(997, abs=60)


@pytest.mark.parametrize("ending", [".wav", ".flac", ".mp3", ".m4a", ".ogg"])
def test_files_say_what_their_sound_says(tmp_path, ending):
    made = songs.make(110, seed=1, seconds=14)
    path = songs.write(tmp_path / f"song{ending}", made.sound, title="Lied", artist="Wer")
    path = path.rename(tmp_path / "song.data")  # what it is, its content says
    heard = hear(path)
    assert heard.tempo == pytest.approx(110, rel=0.01) and share(made.beats, heard.beats) >= 0.95
    assert (heard.title, heard.artist) == ("Lied", "Wer") and heard.seconds == pytest.approx(14, abs=0.06)


def test_a_section_keeps_the_times_of_the_song(tmp_path):
    made = songs.make(100, seed=3)
    path = songs.write(tmp_path / "song.flac", made.sound)
    heard = hear(path, (12.3, 27.0))
    assert (heard.start, heard.end, heard.seconds) == pytest.approx((12.3, 27.0, 40.0), abs=1e-3)
    assert share(heard.beats, made.beats) >= 0.95 and 12.2 < heard.beats[0] < heard.beats[-1] < 27.1
    assert heard.sections[0].start == 12.3
    with pytest.raises(SongError, match=r"section 30-50 s; the song has 0-40\.0 s"):
        hear(path, (30, 50))


def test_the_picture_inside_is_given(tmp_path):
    song = songs.write(tmp_path / "song.flac", songs.make(120, seconds=12).sound)
    Image.new("RGB", (64, 64), "red").save(tmp_path / "cover.png")
    with av.open(str(song)) as source, av.open(str(tmp_path / "both.m4a"), "w", format="mp4") as both:
        sound = both.add_stream("aac", rate=48000)
        picture = both.add_stream("png", rate=1, width=64, height=64, pix_fmt="rgb24")
        picture.disposition = av.stream.Disposition.attached_pic
        both.mux(picture.encode(av.VideoFrame.from_image(Image.open(tmp_path / "cover.png"))))
        both.mux(picture.encode(None))
        for frame in source.decode(audio=0):
            both.mux(sound.encode(frame))
        both.mux(sound.encode(None))
    cover = hear(tmp_path / "both.m4a").cover
    (tmp_path / "out.png").write_bytes(cover)
    assert Image.open(tmp_path / "out.png").getpixel((9, 9)) == (255, 0, 0)


def wrong(tmp_path, kind):
    random = np.random.default_rng(0)
    path = tmp_path / "song.wav"
    if kind == "text":
        path.write_text("la la la\n" * 1000)
    elif kind == "cut":
        whole = songs.write(tmp_path / "whole.flac", songs.make(120, seconds=8).sound).read_bytes()
        path.write_bytes(whole[:300])
    elif kind == "empty":
        path.touch()
    elif kind == "video":
        encode(np.zeros((24, 64, 64, 3), np.uint8), tmp_path / "clip.mp4", fps=24)
        path = tmp_path / "clip.mp4"
    else:
        made = {
            "silence": np.zeros(10 * songs.RATE),
            "noise": random.normal(0, 0.1, 20 * songs.RATE),
            "hum": 0.3 * np.sin(np.arange(10 * songs.RATE) * 0.05),
            "short": songs.make(120, seconds=8).sound[: 2 * songs.RATE],
        }[kind]
        songs.write(path, made)
    return path


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("silence", r"is silent \(-\d+ LUFS at its loudest\)"),
        ("noise", "no beat can be told in it"),
        ("hum", "no beat can be told in it"),
        ("short", r"2\.0 s of sound; give 5\.\.1800 s"),
        ("text", "is no song that can be read"),
        ("cut", "is no song that can be read"),
        ("empty", "is no song that can be read"),
        ("video", "is a video; give its sound alone"),
    ],
)
def test_what_is_no_song_is_refused_in_one_line(tmp_path, kind, says):
    path = wrong(tmp_path, kind)
    with pytest.raises(SongError, match=says) as refused:
        hear(path)
    assert str(refused.value).startswith(str(path)) and "\n" not in str(refused.value)


def test_missing_and_folders(tmp_path):
    with pytest.raises(SongError, match="no such file"):
        hear(tmp_path / "song.mp3")
    with pytest.raises(SongError, match="is a folder"):
        hear(tmp_path)


def test_two_hours_are_refused_before_they_are_decoded(tmp_path, monkeypatch):
    path = tmp_path / "long.wav"
    songs.write(path, np.zeros(songs.RATE))
    head = bytearray(path.read_bytes())
    at = head.index(b"data") + 4
    size = 7200 * 48000 * 4
    head[at : at + 4] = size.to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(head)
        file.truncate(at + 4 + size)
    monkeypatch.setattr(reading, "SONG_BYTES", 2 * size)
    monkeypatch.setattr(reading, "_decode", lambda *_: pytest.fail("was decoded"))
    with pytest.raises(SongError, match=r"120:00 long; a song may have 30:00"):
        hear(path)
    monkeypatch.undo()
    with pytest.raises(SongError, match="1382 MB; a song may have 500"):
        hear(path)


def test_a_header_that_lies_about_its_length_is_stopped(tmp_path, monkeypatch):
    path = songs.write(tmp_path / "song.mp3", songs.make(120, seconds=20).sound)
    monkeypatch.setattr(reading, "_check", lambda *_: None)
    monkeypatch.setattr(reading, "SONG_SECONDS", reading.SONG_SECONDS._replace(high=10))
    with pytest.raises(SongError, match="longer than 0:10"):
        hear(path)


def test_protected_sound_is_told(tmp_path):
    path = songs.write(tmp_path / "song.m4a", songs.make(120, seconds=8).sound)
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"drms"))
    with pytest.raises(SongError, match=r"is protected \(DRM\)"):
        hear(path)


def test_it_needs_no_library_of_its_own():
    code = "import sys, coverloop.core.song.hear; print([m for m in ('librosa', 'scipy', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
