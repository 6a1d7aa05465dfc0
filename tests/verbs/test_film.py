"""`coverloop film`: words, sound and a picture become a film with the words in time; what cannot be used is said."""

import json
import re
import wave
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from coverloop.core.film import ambient
from coverloop.core.video.reel import write_shot
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.verbs import film

LRC = "[00:00.50]Rain over the harbour\n[00:02.00]\n[00:02.50]{last}\n"


@pytest.fixture(autouse=True)
def _store(tmp_path, monkeypatch):
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))
    for module in (ambient, film):  # a film of postage stamps is drawn in a tenth of the time
        monkeypatch.setattr(module, "WIDTH", 320)
        monkeypatch.setattr(module, "HEIGHT", 180)


@pytest.fixture
def cover(tmp_path):
    """A dusky sky over water."""
    rng = np.random.default_rng(1)
    rows = np.linspace(200, 40, 240)[:, None, None] * np.array([0.5, 0.6, 1.0])
    picture = rows + cv2.GaussianBlur(rng.normal(0, 40, (240, 240, 1)).astype(np.float32), (0, 0), 5)[..., None]
    cv2.imwrite(str(tmp_path / "cover.png"), np.clip(picture, 0, 255).astype(np.uint8))
    return tmp_path / "cover.png"


def click(path, seconds, tempo=120.0):
    """A WAV of clicks, the first of each four louder."""
    rate, beat = 22050, 60 / tempo
    sound = np.zeros(round(seconds * rate))
    burst = np.exp(-np.arange(2000) / 200) * np.sin(np.arange(2000) * 0.3)
    for number, at in enumerate(np.arange(0.2, seconds - 0.2, beat)):
        start = round(at * rate)
        sound[start : start + 2000] += burst * (0.9 if number % 4 == 0 else 0.5)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def run(capsys, *words):
    code = main(["film", *(str(word) for word in words), "--backend", "offline", "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out), err


def band(path):
    """(times, how much of the strip where words stand is nearly white) of every frame."""
    with av.open(str(path)) as file:
        frames = [(f.time, f.to_ndarray(format="rgb24")) for f in file.decode(video=0)]
    return np.array([t for t, _ in frames]), np.array([(f[125:165].min(2) > 215).mean() for _, f in frames])


def test_a_film_shows_its_words_in_time_and_goes_on_where_it_stopped(tmp_path, capsys, cover):
    words, out = tmp_path / "words.lrc", tmp_path / "film.mp4"
    words.write_text(LRC.format(last="새벽이 오면 우린 웃을 거야"), "utf-8")
    call = ("--words", words, "--cover", cover, "--seconds", "5", "--out", out)
    code, made, _ = run(capsys, *call)
    assert code == 0 and made["drawn"] == len(made["scenes"])
    assert all(scene["start"] % 2 == 0 for scene in made["scenes"])  # bars of two seconds
    times, white = band(out)
    assert len(times) == 120
    seen = times[white > 0.5 * white[(times > 1) & (times < 1.8)].min()]
    first, second = seen[seen < 2.25], seen[seen > 2.25]
    frame = 1 / 24 + 1e-3
    assert abs(first.min() - 0.5) < 2 * frame and abs(first.max() - 2.0) < 2 * frame
    assert abs(second.min() - 2.5) < 2 * frame and second.max() > 3.7  # then all of it fades
    assert "00:00:02,500" in out.with_suffix(".srt").read_text("utf-8")
    assert out.with_suffix(".jpg").is_file() and json.loads(out.with_suffix(".json").read_text("utf-8")) == {
        **made,
        "remarks": list(made["remarks"]),
    }
    first = out.read_bytes()
    assert run(capsys, *call)[1]["drawn"] == 0 and out.read_bytes() == first


def test_with_a_song_cuts_fall_on_its_bars_and_it_is_heard(tmp_path, capsys, cover):
    song = click(tmp_path / "song.wav", 9.0)
    words, out = tmp_path / "words.txt", tmp_path / "film.mp4"
    words.write_text("[Verse]\nthe quiet sea\n\n[Chorus]\nwe dance again\n", "utf-8")
    code, made, _ = run(capsys, song, "--words", words, "--cover", cover, "--seconds", "6", "--out", out)
    assert code == 0 and made["seconds"] == 6 and made["song"]["tempo"] == pytest.approx(120, rel=0.01)
    bars = [made["song"]["first_bar"] + 2.0 * number for number in range(4)]
    cuts = [scene["start"] for scene in made["scenes"][1:]]
    assert cuts and all(min(abs(cut - bar) for bar in bars) < 0.05 for cut in cuts)
    with av.open(str(out)) as file:
        heard = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)[0]
        rate = file.streams.audio[0].rate
        titles = [one["metadata"]["title"] for one in file.chapters()]
    loud = np.flatnonzero(np.abs(heard) > 0.3)
    assert loud[0] / rate == pytest.approx(0.2, abs=0.05) and len(heard) / rate == pytest.approx(6.0, abs=0.1)
    assert "Verse" in titles and "Chorus" in titles


def test_what_must_not_be_shown_is_a_card_and_keeps_its_words(tmp_path, capsys):
    cover = tmp_path / "halves.png"
    cv2.imwrite(str(cover), np.repeat(np.uint8([[0] * 120 + [255] * 120] * 240)[..., None], 3, 2))
    words, out = tmp_path / "words.lrc", tmp_path / "film.mp4"
    words.write_text("[00:00.50]he stabbed him\n[00:02.00]\n", "utf-8")
    code, made, err = run(capsys, "--words", words, "--cover", cover, "--seconds", "4", "--out", out)
    assert code == 0 and "this cannot be generated" in made["shots"][0]["refused"] and "this cannot be" in err
    assert [line["text"] for scene in made["scenes"] for line in scene["lines"]] == ["he stabbed him"]
    with av.open(str(out)) as file:
        frame = next(f.to_ndarray(format="rgb24") for f in file.decode(video=0) if f.time > 1.2)
    ground = frame[:50].astype(float)
    assert ground.max() < 128 and np.abs(ground[:, 8:] - ground[:, :-8]).max() < 24  # of the picture, its colours alone
    assert (frame[65:115].min(2) > 215).sum() > 60  # its words, in the middle: nothing else is white


BAD = {
    "no words": ("   ", (), "there are no words"),
    "a book": ("word " * 100_000, (), "longer than|characters"),
    "thai": ("สวัสดี", (), r"has no signs for .*Thai.*--font"),
    "no picture": ("hello", ("--cover", "none.png"), "no such file"),
    "too long": ("hello", ("--seconds", "5000"), "give 4..900"),
    "crowded": ("a line\n" * 200, ("--seconds", "10"), "nobody reads that"),
    "late": ("[01:00.00]late\n", ("--seconds", "10"), "no line begins within"),
    "no font": ("hello", ("--font", "cover.png"), "is no font"),
    "not mp4": ("hello", ("--out", "film.mov"), "ends in .mp4"),
    "no folder": ("hello", ("--out", "nowhere/film.mp4"), "no such folder"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_one_line_and_nothing_is_written(tmp_path, capsys, cover, monkeypatch, name):
    text, more, told = BAD[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.txt").write_text(text, "utf-8")
    before = {path.name for path in tmp_path.iterdir()}
    words = ["film", "--words", "words.txt", "--cover", "cover.png", "--out", "film.mp4", *more]
    assert main([*words, "--backend", "offline"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and re.search(told, err)
    assert {path.name for path in tmp_path.iterdir()} - {"store"} == before


def long_silence(path, hours):
    """A WAV of so many hours, of which the disk holds the header alone."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
    head, size = bytearray(path.read_bytes()), round(hours * 3600 * 8000)
    head[4:8], head[40:44] = (36 + size).to_bytes(4, "little"), size.to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)


def protected(path):
    """An M4A as shops with locked files sold it."""
    with av.open(str(path), "w", "ipod") as file:
        sound = file.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        file.mux(sound.encode(frame))
        file.mux(sound.encode(None))
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"drms"))


def test_a_song_that_is_none_is_one_line_and_nothing_is_written(tmp_path, capsys, cover, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.txt").write_text("hello")
    (tmp_path / "noise.mp3").write_bytes(np.random.default_rng(0).bytes(5000))
    click(tmp_path / "song.wav", 6.0)
    click(tmp_path / "short.wav", 2.0)
    with wave.open(str(tmp_path / "silent.wav"), "wb") as file:
        file.setparams((1, 2, 22050, 0, "NONE", ""))
        file.writeframes(bytes(2 * 22050 * 8))
    long_silence(tmp_path / "long.wav", 2.0)
    protected(tmp_path / "locked.m4a")
    write_shot(np.zeros((24, 64, 64, 3), np.uint8), tmp_path / "clip.mp4", Fraction(24))
    before = {path.name for path in tmp_path.iterdir()}
    for words, told in (
        (("noise.mp3", "--cover", "cover.png"), "no song that can be read"),
        (("words.txt", "--cover", "cover.png"), "no song that can be read"),
        (("gone.mp3", "--cover", "cover.png"), "no such file"),
        (("short.wav", "--cover", "cover.png"), "2.0 s of sound"),
        (("silent.wav", "--cover", "cover.png"), "is silent"),
        (("long.wav", "--cover", "cover.png"), "120:00 long; a song may have 30:00"),
        (("locked.m4a", "--cover", "cover.png"), "is protected (DRM)"),
        (("clip.mp4", "--cover", "cover.png"), "is a video; give its sound alone"),
        (("song.wav",), "give --cover"),
    ):
        assert main(["film", *words, "--words", "words.txt", "--out", "film.mp4", "--backend", "offline"]) == 2, words
        err = capsys.readouterr().err
        assert told in err and err.count("\n") == 1, err
    assert {path.name for path in tmp_path.iterdir()} - {"store"} == before


def test_broken_and_shuffled_times_are_put_right_and_told(tmp_path, capsys, cover):
    words, out = tmp_path / "words.lrc", tmp_path / "film.mp4"
    words.write_text("[00:02.50]white horses\n[00:99.00]run\n[00:00.40]the sea\n[0x:01.00]is wide\n", "utf-8")
    code, made, err = run(capsys, "--words", words, "--cover", cover, "--seconds", "5", "--out", out)
    lines = [(line["text"], line["start"]) for scene in made["scenes"] for line in scene["lines"]]
    assert code == 0 and sorted(text for text, _ in lines) == ["is wide", "run", "the sea", "white horses"]
    assert dict(lines)["the sea"] == 0.4 and dict(lines)["white horses"] == 2.5
    assert [start for _, start in lines] == sorted(start for _, start in lines)
    assert "put in the order of their times" in err and "times that are none" in err
