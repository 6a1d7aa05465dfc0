"""A finished loop for the places: whole turns, no join that shows, names that never collide, one clear line else."""

import dataclasses
import json
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
from coverloop.core.errors import UsageError
from coverloop.core.formats.judged import frames_in, judge_file
from coverloop.core.formats.make import Turn, make_all, rate_for, turns_for
from coverloop.core.formats.registry import Wanted, wanted
from coverloop.core.limits import Range
from coverloop.core.video.encode import encode
from coverloop.core.video.facts import read_facts
from coverloop.orchestrator.cli.main import main
from moving import sky

COUNT = 26


def moving(count=COUNT, size=192):
    """Clouds that move on a circle, a perfect loop of `count` frames."""
    rng = np.random.default_rng(3)
    waves = [(*rng.uniform(-0.25, 0.25, 2), *rng.uniform(0, 6.3, 3)) for _ in range(9)]
    y, x = np.mgrid[:size, :size].astype(np.float32)
    for i in range(count):
        turn = 2 * np.pi * i / count
        right, down = x + np.float32(1.6 * np.sin(turn)), y + np.float32(1.6 - 1.6 * np.cos(turn))
        yield np.stack(
            [128 + sum(12 * np.sin(a * right + b * down + phase[c]) for a, b, *phase in waves) for c in range(3)], -1
        ).astype(np.uint8)


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    path = tmp_path_factory.mktemp("loop") / "sea.mp4"
    encode(moving(), path, fps=25)
    path.with_suffix(".json").write_text(json.dumps({"parameters": {"title": "Sea", "artist": "Tide"}}))
    return path


def call(capsys, *words):
    code = main([str(word) for word in words])
    return code, *capsys.readouterr()


@pytest.mark.parametrize("name", ["web.webp", "web.avif", "web.webm", "web.gif", "now-playing.square", "hls"])
def test_a_loop_for_a_place_passes_the_place_and_the_judge(loop, tmp_path, capsys, name):
    code, out, err = call(capsys, "export", loop, "--preset", name, "--out", tmp_path, "--json")
    (made,) = json.loads(out)["files"]
    assert code == 0 and not err and made["problems"] == [], made["problems"]
    assert made["turns"] == (3 if name.startswith("now") else 1) and len(made["judgement"]["joins"]) == made["turns"]
    assert all(0.5 < join < 1.6 for join in made["judgement"]["joins"])
    assert (tmp_path / made["poster"]).is_file()
    assert any("not judged" in note for note in made["notes"]) is (name == "web.gif")
    if name == "hls":  # title and artist come from the sidecar, and are where players look
        with av.open(str(tmp_path / "sea.hls.mp4")) as container:
            words = dict(container.metadata)
        assert (words["title"], words["artist"]) == ("Sea", "Tide") and words["comment"].startswith("coverloop")
    if name == "web.gif":
        assert b"Sea | Tide | coverloop" in (tmp_path / "sea.web.gif").read_bytes()


def test_a_file_stays_under_the_rate_that_a_place_takes(tmp_path):
    """A grainy loop that hardly moves is coded so finely that it takes more than some places allow."""
    grain = np.random.default_rng(1).integers(90, 160, (192, 192, 3), np.uint8)
    turn = Turn(
        lambda: (np.roll(grain, shift, axis=1) for shift in (0, 1, 2, 3, 2, 1) * 12), 72, Fraction(24), 192, 192
    )
    (square,) = wanted("square")
    rates = []
    for name, most in (("free", 25.0), ("held", 1.5)):
        place = dataclasses.replace(square.format, width=192, height=192, widths=Range(64, 4096), mbps=Range(0, most))
        (made,) = make_all(turn, [Wanted(name, place)], tmp_path / "grain")
        rates.append(read_facts(made.video).mbps)
        assert any("crf" in note for note in made.notes) is (name == "held")
    assert rates[0] > 1.5 >= rates[1] > 0.7


def test_two_turns_are_judged_at_the_join_between(tmp_path):
    """A loop whose second turn begins elsewhere: the join shows, and nowhere else."""
    frames = list(moving())
    encode([*frames, *(frames[13:] + frames[:13])], tmp_path / "a.mp4", fps=25)
    judged = judge_file(tmp_path / "a.mp4", turn=COUNT, fps=25)
    assert judged.joins[0] > 3 and any("between turns the join jumps" in problem for problem in judged.problems)
    encode([*frames, *frames], tmp_path / "b.mp4", fps=25)
    again = judge_file(tmp_path / "b.mp4", turn=COUNT, fps=25)
    assert all(0.6 < join < 1.5 for join in again.joins) and not [p for p in again.problems if "turns" in p]


def test_another_shape_and_an_enlargement_are_said(tmp_path, capsys):
    encode([np.roll(sky(192), shift, axis=1) for shift in (0, 1, 2, 3, 2, 1) * 6], tmp_path / "sky.mp4", fps=12)
    out = call(capsys, "export", tmp_path / "sky.mp4", "--preset", "canvas")[1]
    assert "upscaled 10.0 times" in out and ("crop:" in out or "extend:" in out or "backdrop:" in out)
    with frames_in(tmp_path / "sky.canvas.mp4") as frames:
        assert next(frames).shape == (1920, 1080, 3)


def test_turns_are_whole_and_as_few_as_the_place_asks():
    apple, canvas, artist = (wanted(name)[0].format for name in ("apple-album.square", "canvas", "apple-artist.square"))
    assert [turns_for(Fraction(4), one, "") for one in (apple, canvas, artist)] == [2, 1, 5]
    assert turns_for(Fraction(2), canvas, "") == 2
    with pytest.raises(UsageError, match=r"canvas takes 3 to 8 s; 1 turns of 12 s are 12 s"):
        turns_for(Fraction(12), canvas, "canvas")


def test_a_rate_the_place_cannot_have_becomes_the_nearest():
    gif, apple = (wanted(name)[0].format for name in ("web.gif", "apple-album.square"))
    assert rate_for(Fraction(24), gif) == (25, ["plays at 25 frames a second in place of 24: 4% faster"])
    assert rate_for(Fraction(25), gif) == (25, []) and rate_for(Fraction(24000, 1001), apple)[1] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--preset", "canvass"], "no such preset"),
        (["--preset", "web,web.gif"], "asked for twice"),
        (["--preset", "canvas", "--way", "stretch"], "no such way to another shape"),
    ],
)
def test_a_bad_call_is_one_line_and_nothing_is_written(loop, tmp_path, capsys, words, said):
    code, out, err = call(capsys, "export", loop, "--out", tmp_path, *words)
    assert code == 2 and not out and said in err and err.count("\n") == 1 and not list(tmp_path.iterdir())


def test_two_loops_of_one_name_are_told_before_anything_is_written(loop, tmp_path, capsys):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "SEA.mp4").write_bytes(loop.read_bytes())
    out = tmp_path / "out"
    code, _, err = call(capsys, "export", loop, tmp_path / "other" / "SEA.mp4", "--preset", "web.gif", "--out", out)
    assert code == 2 and "two files would be written to this name" in err and not list(out.iterdir())


def test_a_loop_is_never_written_over(loop, tmp_path, capsys):
    (tmp_path / "a.square.mp4").write_bytes(loop.read_bytes())
    (tmp_path / "a.mp4").write_bytes(loop.read_bytes())
    code, _, err = call(capsys, "export", tmp_path / "a.mp4", tmp_path / "a.square.mp4", "--preset", "square")
    assert code == 2 and "two files would be written to this name" in err
    assert (tmp_path / "a.square.mp4").read_bytes() == loop.read_bytes()


FULL = """
import resource, signal, sys
from coverloop.orchestrator.cli.main import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limit of size there")
@pytest.mark.parametrize("name", ["hls", "web.gif"])
def test_a_disk_that_fills_up_leaves_nothing(loop, tmp_path, name):
    command = [sys.executable, "-c", FULL, "export", str(loop), "--preset", name, "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if line.startswith("coverloop")]
    assert done.returncode in (1, 2) and len(lines) == 1 and "Traceback" not in done.stderr, done.stderr
    assert "too large" in lines[0] and not list(tmp_path.iterdir())
