"""Loops that follow a song: whole bars, light on the beats, strength and mood; from the song to decoded frames."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from coverloop.core.errors import SongError
from coverloop.core.motion.beats import on_beats
from coverloop.core.motion.effects.beat import Beat
from coverloop.core.motion.recipe import Recipe
from coverloop.core.motion.stage import ambient
from coverloop.core.prompt.words.wish import read_wish
from coverloop.core.song.follow import Following, follow
from coverloop.core.song.hear import hear_samples
from coverloop.core.video.decode import decode
from coverloop.core.video.encode import encode
from coverloop.orchestrator.cli.main import main
from tiny import write_cover

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import songs


@pytest.fixture(scope="module")
def made():
    return songs.make(126, seed=5)


@pytest.fixture(scope="module")
def heard(made):
    return hear_samples(made.sound[None], songs.RATE)


@pytest.mark.parametrize(("tempo", "metre", "wished"), [(60, 4, 4), (97, 3, 4), (126, 4, 4), (174, 4, 8), (88, 3, 0.5)])
def test_a_loop_is_whole_bars_that_begin_on_one(tempo, metre, wished):
    song = songs.make(tempo, metre, seed=1, seconds=25)
    found = follow(hear_samples(song.sound[None], songs.RATE), wished)
    bar = metre * 60 / tempo
    assert found.bars == max(1, round(wished / bar)) and found.seconds == pytest.approx(found.bars * bar, rel=0.01)
    assert np.abs(song.bars - found.start).min() <= 0.04
    assert len(found.accents) == found.bars * metre and max(found.accents) == found.accents[0] == 1


def test_the_section_decides_where_and_how_much(made, heard):
    loud, soft = follow(heard, 4), follow(heard, 4, "1")
    assert made.chorus[0] - 0.04 <= loud.start and loud.start + loud.seconds <= made.chorus[1] + 0.3
    assert soft.start < made.chorus[0] and soft.loudness < loud.loudness - 3 and soft.strength < loud.strength
    first = made.bars[2]
    assert follow(heard, 2, f"{first - 0.02:.3f}-0:{first + 4:.2f}").start == pytest.approx(first, abs=2.1)


@pytest.mark.parametrize("section", ["99", "0", "chorus", "30-20", "38-90", "1:00-1:10", "20-20.5", "-", "²"])
def test_a_section_that_is_not_there_is_refused_in_one_line(heard, section):
    with pytest.raises(SongError, match="section") as refused:
        follow(heard, 4, section)
    assert "\n" not in str(refused.value)


def test_what_is_followed_is_read_back_and_nothing_else_is(heard):
    found = follow(heard, 4)
    assert Following.parse(found.to_json()) == found
    data = json.loads(found.to_json())
    wrong = [
        "",
        "[" * 100_000,
        "{}",
        "la la",
        json.dumps({**data, "bars": data["bars"] + 1}),
        json.dumps({**data, "seconds": float("nan")}),
        json.dumps({**data, "tempo": "fast"}),
        json.dumps({**data, "more": 1}),
    ]
    for text in wrong:
        with pytest.raises(SongError, match=r"^song: ") as refused:
            Following.parse(text)
        assert "\n" not in str(refused.value)


def brightest(light, beats, fps, count):
    """Of each beat, by how many frames the brightest frame within half a beat of it lies off it."""
    frames, half = len(light), int(fps * count / len(beats) / 2)
    off = []
    for beat in beats:
        near = [(round(beat * fps) + step) % frames for step in range(-half + 1, half)]
        off.append(np.argmax(light[near]) - (half - 1) + round(beat * fps) - beat * fps)
    return np.abs(off)


@pytest.mark.parametrize(("tempo", "metre", "fps"), [(60, 4, 24), (97, 3, 24), (126, 4, 30), (180, 4, 24)])
def test_light_is_full_on_the_beats_of_the_decoded_loop(tmp_path, tempo, metre, fps):
    seconds = max(1, round(4 * tempo / 60 / metre)) * metre * 60 / tempo
    beats = round(seconds * tempo / 60)
    recipe = on_beats(Recipe(), np.tile([1.0, *[0.7] * (metre - 1)], beats // metre))
    grey = np.full((96, 96, 3), 120, np.uint8)
    frames = round(seconds * fps)
    encode(np.stack(list(ambient(grey, recipe, frames=frames, fps=fps))), tmp_path / "loop.mp4", fps=fps)
    light = decode(tmp_path / "loop.mp4").frames.mean((1, 2, 3))
    assert len(light) == frames and np.ptp(light) > 3
    assert brightest(light, np.arange(beats) * frames / fps / beats, fps, frames / fps).max() <= 1
    steps = np.abs(np.diff(light, append=light[0]))
    assert steps[-1] <= steps[:-1].max() + 0.2  # the pattern closes


def test_lamps_and_broad_light_take_the_beats_and_the_rest_stays():
    recipe = Recipe.parse({"effects": [{"kind": "sway"}, {"kind": "pulse"}, {"kind": "light"}]})
    sway, lamp, broad = on_beats(recipe, (1.0, 0.5, 0.5)).effects
    assert sway == recipe.effects[0]
    assert isinstance(lamp, Beat) and isinstance(broad, Beat) and lamp.region == recipe.effects[1].region
    assert lamp.accents == broad.accents == (1.0, 0.5, 0.5)
    assert [effect.kind for effect in on_beats(Recipe.parse({"effects": [{"kind": "sway"}]}), (1.0,)).effects] == [
        "sway",
        "beat",
    ]
    full = Recipe.parse({"effects": [{"kind": "sway"}] * 16})
    assert Recipe.parse(on_beats(full, (1.0,)).to_json()).effects[-1].kind == "beat"


def test_the_mood_of_the_sound_gives_way_to_words():
    assert read_wish().heard("92 beats a minute", "dark").mood == "dark"
    assert read_wish("calm").heard("92 beats a minute", "dark").mood == (read_wish("calm").mood or "dark")
    assert "92 beats a minute" in read_wish(title="Sea").heard("92 beats a minute", None).words


@pytest.fixture
def cover(tmp_path):
    return write_cover(tmp_path / "cover.png")


def render(comfyui, cover, out, *more):
    command = ["render", str(cover), "--out", str(out), "--server", comfyui.url, "--set", "size=256"]
    return main([*command, *more])


def test_a_cover_follows_a_song_all_the_way(comfyui, cover, tmp_path, monkeypatch):
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))
    made = songs.make(150, metre=3, seed=2, seconds=24)
    song = songs.write(tmp_path / "song.flac", made.sound, title="Lied")
    assert render(comfyui, cover, tmp_path / "out", "--song", str(song), "--set", "seconds=2.5") == 0
    record = json.loads((tmp_path / "out" / "cover.json").read_text("utf-8"))
    heard = record["song"]
    assert (heard["bars"], heard["metre"], heard["title"]) == (2, 3, "Lied")
    assert heard["tempo"] == pytest.approx(150, rel=0.01) and record["parameters"]["title"] == "Lied"
    clip = decode(tmp_path / "out" / "cover.mp4")
    frames = len(clip.frames)
    assert frames == round(2 * 3 * 60 / 150 * 24)
    light = np.array([cv2.GaussianBlur(frame, (0, 0), 2).mean() for frame in clip.frames])
    assert brightest(light, np.arange(6) * frames / 24 / 6, 24, frames / 24).max() <= 1


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--section", "2"], "--section is of a song; give --song as well"),
        (["--song", "none.mp3"], "none.mp3: no such file"),
        (["--song", "SONG", "--workflow", "ambient_loop_v3"], "ambient_loop_v3 follows no song"),
        (["--song", "SONG", "--section", "chorus"], "section chorus: give the number of one"),
        (["--song", "COVER"], "is no song that can be read"),
    ],
)
def test_songs_that_cannot_be_followed_leave_nothing(cover, tmp_path, capsys, more, says):
    song = songs.write(tmp_path / "song.flac", songs.make(120, seconds=12).sound)
    given = [{"SONG": str(song), "COVER": str(cover)}.get(word, word) for word in more]
    assert main(["render", str(cover), "--out", str(tmp_path / "out"), "--server", "http://127.0.0.1:9", *given]) == 2
    told = capsys.readouterr().err.strip()
    assert says in told and len(told.splitlines()) == 1
    assert not (tmp_path / "out").exists()
