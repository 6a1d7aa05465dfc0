"""`coverloop sing`: what must be mended before a server is asked. What it makes, `test_sing_graph.py` says."""

import wave
from pathlib import Path

import cv2
import numpy as np
import pytest
from coverloop.core.errors import CoverError
from coverloop.core.motion import matte
from coverloop.core.motion.figure import find_figure
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.verbs import sing

RATE = 22050


def write_wav(path: Path, seconds: float, level: float = 0.3) -> Path:
    at = np.arange(int(seconds * RATE)) / RATE
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((level * 32767 * np.sin(2 * np.pi * 220 * at)).astype("<i2").tobytes())
    return path


def figure(side: int = 320) -> np.ndarray:
    """A head and shoulders before a plain wall."""
    picture = np.full((side, side, 3), (60, 70, 110), np.uint8)
    cv2.ellipse(picture, (160, 330), (110, 130), 0, 0, 360, (150, 60, 50), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (160, 130), (62, 80), 0, 0, 360, (225, 180, 150), -1, cv2.LINE_AA)
    for x in (135, 185):
        cv2.circle(picture, (x, 115), 7, (30, 30, 30), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (160, 170), (20, 8), 0, 0, 180, (140, 40, 40), -1, cv2.LINE_AA)
    return picture


def landscape(side: int = 320) -> np.ndarray:
    """Sky over water, nobody there."""
    rows = np.linspace(0, 1, side)[:, None, None]
    noise = np.random.default_rng(0).normal(0, 6, (side, side, 3))
    return (
        (np.array([180, 150, 120]) * (1 - rows) + np.array([30, 50, 90]) * rows + noise).clip(0, 255).astype(np.uint8)
    )


@pytest.fixture
def files(tmp_path):
    for name, picture in (("figure", figure()), ("landscape", landscape())):
        cv2.imwrite(str(tmp_path / f"{name}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    write_wav(tmp_path / "voice.wav", 6)
    write_wav(tmp_path / "long.wav", 130)
    write_wav(tmp_path / "quiet.wav", 6, level=0.0)
    return tmp_path


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"picture": "landscape.png"},
            "landscape.png: no face and no figure was found in it that could sing (faces 0.0",
        ),
        ({"picture": "nobody.png"}, "nobody.png"),
        ({"song": "nobody.mp3"}, "nobody.mp3: no such file; give a song"),
        ({"song": "figure.png"}, "figure.png"),
        ({"song": "quiet.wav"}, "0.0-6.0 s is silent; choose a section in which somebody sings"),
        ({"song": "long.wav"}, "long.wav: 130.0 s of song: 1..120 s can be sung; choose a section, as 0:30-1:30"),
        ({"--section": "2-2.4"}, "voice.wav: 0.4 s of song"),
        ({"--section": "5-9"}, "section 5-9: give from-to in seconds"),
        ({"--section": "loud"}, "section loud: give from-to in seconds"),
        ({"--section": "1"}, "voice.wav: no beat can be told in it"),
        ({"--out": "film.mov"}, "a film is written as MP4"),
        ({"--out": "nowhere/film.mp4"}, "no such folder"),
        ({"--set": "section=1-2"}, "is chosen by --section"),
        ({"--size": "9000"}, "size=9000: must be between 64 and 2048"),
    ],
    ids=str,
)
def test_calls_that_must_be_mended(files, capsys, change, says):
    given = {"picture": "figure.png", "song": "voice.wav", "--out": "film.mp4", **change}
    given |= {name: str(files / given[name]) for name in ("picture", "song", "--out")}
    command = ["sing", given.pop("picture"), given.pop("song"), "--anyway"]
    if "landscape" in command[1]:
        command.pop()
    assert main([*command, *(word for pair in given.items() for word in pair), "--server", "http://127.0.0.1:9"]) == 2
    told = capsys.readouterr().err.strip()
    assert says in told and len(told.splitlines()) == 1, told
    assert not list(files.glob("*film*"))


def test_a_section_is_told_before_a_server_is_asked(files, capsys):
    out = str(files / "film.mp4")
    command = ["sing", str(files / "figure.png"), str(files / "long.wav"), "--section", "0:10-1:10", "--anyway"]
    assert main([*command, "--out", out, "--server", "http://127.0.0.1:9"]) == 1
    first, second = capsys.readouterr().err.strip().splitlines()
    assert first == "film.mp4: 10.0-70.0 s of the song: 960 frames, 13 chunks of 5 s" and "127.0.0.1:9" in second
    assert not list(files.glob("*film*"))


@pytest.mark.parametrize("there", [True, False])
def test_a_person_that_is_no_clear_subject_will_do_too(files, capsys, monkeypatch, there):
    def found(image):
        if not there:
            raise CoverError("no figure was found")
        return [image]

    monkeypatch.setattr(sing, "lacking", lambda: "")
    monkeypatch.setattr(sing, "find_figures", found)
    command = ["sing", str(files / "landscape.png"), str(files / "voice.wav"), "--out", str(files / "film.mp4")]
    assert main([*command, "--server", "http://127.0.0.1:9"]) == (1 if there else 2)
    assert ("96 frames" in capsys.readouterr().err) == there


def test_one_clear_figure_will_do():
    if matte.locate() is None:
        pytest.skip("no weights of u2netp: make the environment with scripts/setup.py")
    seen = find_figure(figure())
    assert seen.found and not find_figure(landscape()).found
