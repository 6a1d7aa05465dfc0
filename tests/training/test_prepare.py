"""Clips for training: forty of them with their truth, sorted and made; what is in the files that come out; runs that
stop and go on."""

import errno
import json
import os
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner
from coverloop.core.errors import UsageError
from coverloop.orchestrator.cli.main import cli
from coverloop.training.make import fitted
from coverloop.training.prepare import Asked, prepare
from coverloop.training.sources import find_sources
from coverloop.training.watch import Window
from made_clips import make, moving, write


@pytest.fixture(scope="module")
def forty(tmp_path_factory):
    """The folder of the made clips, their truth, the folder of results, the rows of the report by source."""
    source, out = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("clips")
    truth = make(source)
    (source / "broken.mp4").write_bytes((source / "cuts/0.mp4").read_bytes()[:2000])
    (source / "round").symlink_to(source, target_is_directory=True)
    told = prepare(Asked((source,), out, width=192, height=128))
    return source, truth, out, {row["source"]: row for row in told["rows"]}


def wrong(truth, rows):
    """Mistakes, each in words."""
    found = []
    for made in truth:
        row = rows[made.file]
        if made.why == "duplicate":
            twin = rows[made.twin]
            if row["kept"] == twin["kept"]:
                found.append(f"{made.file} and {made.twin}: kept {row['kept']}, {twin['kept']}")
        elif any(made.file == other.twin for other in truth):
            continue
        elif row["kept"] != (not made.why) or (made.why and made.why not in row["reasons"]):
            found.append(f"{made.file}: {row['reasons']}, not {made.why!r}")
        elif not made.why and row["measures"]["closes"] != made.closes:
            found.append(f"{made.file}: closes {row['measures']['closes']}")
    return found


def test_forty_clips_are_sorted_with_two_mistakes_at_most(forty):
    _, truth, _, rows = forty
    assert len(truth) == 40
    assert set(rows) == {made.file for made in truth} | {"broken.mp4"}
    assert len(wrong(truth, rows)) <= 2, wrong(truth, rows)
    assert rows["broken.mp4"]["reasons"] == ["unreadable"]
    assert "damaged" in rows["broken.mp4"]["problem"]


def test_every_file_holds_what_was_promised(forty):
    _, _, out, rows = forty
    kept = [row for row in rows.values() if row["kept"]]
    assert kept
    for row in kept:
        for name, told in row["files"].items():
            with av.open(str(out / told["path"])) as container:
                assert [stream.type for stream in container.streams] == ["video"]
                stream = container.streams.video[0]
                assert (stream.codec_context.name, stream.average_rate) == ("h264", Fraction(24))
                pictures = list(container.decode(stream))
            times = [picture.pts * picture.time_base for picture in pictures]
            assert times == [Fraction(i, 24) for i in range(97 if name == "time" else 17)]
            assert told["frames"] == len(pictures)
            assert {(picture.width, picture.height) for picture in pictures} == {(told["width"], told["height"])}
            assert told["width"] % 32 == told["height"] % 32 == 0
            assert told["width"] * told["height"] <= 192 * 128
    on_disk = {path.relative_to(out).as_posix() for name in ("time", "resolution") for path in (out / name).iterdir()}
    assert on_disk == {told["path"] for row in kept for told in row["files"].values()}


def pictures_of(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.mark.parametrize("name", ["rates/60.mp4", "rates/25.mp4", "rates/12.mp4", "uneven/0.mp4"])
def test_time_is_not_stretched(forty, name):
    """What is seen after a second in a clip is what was to be seen after a second in its source."""
    _, _, out, rows = forty
    row = rows[name]
    seed = 30 if name.startswith("uneven") else 10 + int(Path(name).stem)
    scene = moving(seed, turn=None if name.startswith("uneven") else 4.0)
    clip = pictures_of(out / row["files"]["resolution"]["path"]).astype(np.float32)
    begin = first_of(clip, scene)
    offs = np.arange(-24, 25) / 48
    seen = np.stack([scene(begin + 16 / 24 + off).astype(np.float32) for off in offs])
    moves = np.ptp(seen, axis=0).max(-1) > 30  # elsewhere there is coding noise alone
    off = float(offs[np.argmin([np.abs(clip[16] - picture)[moves].mean() for picture in seen])])
    lasts = 0.1 if name.startswith("uneven") else 1 / int(Path(name).stem)  # a picture of the source, at most
    assert abs(off) <= lasts + 1 / 48, off


def first_of(clip, scene):
    """Seconds into the scene at which a clip begins."""
    times = np.arange(0, 4, 1 / 24)
    return float(times[np.argmin([np.abs(clip[0] - scene(t)).mean() for t in times])])


def test_a_loop_of_96_frames_is_completed_around_the_ring(forty):
    _, _, out, rows = forty
    clip = pictures_of(out / rows["loops/loop 3.mp4"]["files"]["time"]["path"]).astype(np.float32)
    assert len(clip) == 97
    assert np.abs(clip[96] - clip[0]).mean() < 0.5 * np.abs(clip[95] - clip[0]).mean() + 0.5


def test_bars_are_cut_off(forty):
    _, _, _, rows = forty
    wide, narrow = rows["bars/wide.mp4"]["files"]["resolution"], rows["bars/narrow.mp4"]["files"]["resolution"]
    assert (wide["width"], wide["height"]) == (192, 96)
    assert narrow["width"] / narrow["height"] == pytest.approx(4 / 3, abs=0.1)
    assert "a border was cut off" in " ".join(rows["bars/narrow.mp4"]["notes"])


class Images(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def test_the_report_shows_every_clip(forty):
    from urllib.parse import unquote

    _, _, out, rows = forty
    page = Images()
    page.feed((out / "report.html").read_text(encoding="utf-8"))
    shown = "".join(page.text)
    assert all(row["source"] in shown for row in rows.values())
    files = [attrs["src"] for tag, attrs in page.tags if tag in ("img", "video")]
    assert len(files) == len(rows) - 1  # a broken one has no picture
    assert all((out / unquote(file)).is_file() for file in files)
    lines = (out / "report.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["source"] for line in lines} == set(rows)


@pytest.fixture
def small(tmp_path):
    source = tmp_path / "in put"
    write(source / "<b>a&.mp4", moving(1, 96, 64, 1.0), seconds=1.0)
    write(source / "b.mp4", moving(2, 96, 64, 1.0), seconds=1.0)
    return source


def asked(source, out, **more):
    return Asked((source,), out, **{"frames": 17, "width": 96, "height": 64, **more})


def test_a_second_run_makes_nothing_again_and_a_person_overrules(small, tmp_path):
    out = tmp_path / "out"
    first = prepare(asked(small, out))
    assert first["kept"] == 2
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.mp4")}
    (out / "drop.txt").write_text("# not this\nb.mp4\nnobody\n", encoding="utf-8")
    second = prepare(asked(small, out))
    assert [row["told"] for row in second["rows"] if not row["kept"]] == ["drop.txt"]
    assert second["told"] == ["drop.txt names 'nobody', which is no clip of this source"]
    left = {path: path.stat().st_mtime_ns for path in out.rglob("*.mp4")}
    assert len(left) == 2
    assert left.items() <= times.items()
    assert "<b>a&" not in (out / "report.html").read_text(encoding="utf-8")


def test_keep_brings_back_what_was_dropped(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    write(source / "dark.mp4", lambda t: (moving(3, 96, 64, 1.0)(t) * 0.1).astype(np.uint8), seconds=1.0)
    write(source / "short.mp4", moving(4, 96, 64), seconds=0.3)
    assert prepare(asked(source, out))["kept"] == 0
    (out / "keep.txt").write_text("dark.mp4\nshort.mp4\n", encoding="utf-8")
    told = prepare(asked(source, out))
    assert [row["source"] for row in told["rows"] if row["kept"]] == ["dark.mp4"]
    assert any("short" in line for line in told["told"])
    (out / "drop.txt").write_text("dark.mp4\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"keep\.txt and in drop\.txt"):
        prepare(asked(source, out))


def test_a_full_disk_leaves_nothing_half_written(small, tmp_path, monkeypatch):
    out = tmp_path / "out"
    replaced = Path.replace

    def full(self, target):
        if Path(target).suffix == ".mp4":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replaced(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="No space left"):
        prepare(asked(small, out))
    assert not list(out.rglob("*.mp4"))
    assert not list(out.rglob("*.part"))
    assert not (out / "report.html").exists()
    monkeypatch.undo()
    assert prepare(asked(small, out))["kept"] == 2


def test_a_wallpaper_gives_the_file_its_project_names(tmp_path):
    for name, told in {
        "one": {"type": "Video", "file": "sea view.mp4", "title": "바다 🌊"},
        "scene": {"type": "scene", "file": "scene.json"},
        "out": {"type": "video", "file": "../one/sea view.mp4"},
        "lost": {"type": "video", "file": "gone.mp4"},
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "project.json").write_text(json.dumps(told), encoding="utf-8")
        (tmp_path / name / "preview.gif").write_bytes(b"GIF89a")
    (tmp_path / "one" / "sea view.mp4").write_bytes(b"")
    found = {source.shown: source for source in find_sources([tmp_path], tmp_path / "out put")}
    assert set(found) == {"one/sea view.mp4", "scene/project.json", "out/project.json", "lost/gone.mp4"}
    assert found["one/sea view.mp4"].title == "바다 🌊"
    assert "scene" in found["scene/project.json"].problem
    assert "outside" in found["out/project.json"].problem


@pytest.mark.parametrize(
    ("height", "width", "pixels", "size"),
    [
        (1080, 1920, 1280 * 704, (704, 1280)),
        (720, 1280, 1280 * 704, (704, 1280)),
        (1000, 1000, 1280 * 704, (928, 928)),
        (64, 96, 10**6, (64, 96)),
    ],
)
def test_sizes_keep_the_shape(height, width, pixels, size):
    assert fitted(height, width, pixels) == size


def test_sizes_never_enlarge_and_never_pass_the_bound():
    rng = np.random.default_rng(0)
    for _ in range(500):
        height, width = (int(side) for side in rng.integers(64, 3000, 2))
        pixels = int(rng.integers(64 * 64, 1280 * 704))
        high, wide = fitted(height, width, pixels)
        assert high % 32 == wide % 32 == 0
        assert high <= height
        assert wide <= width
        assert high * wide <= pixels or min(high, wide) == 32


def test_frames_are_the_nearest_in_time():
    window = Window(0, ring=100)
    assert window.frames(5, Fraction(24)) == [0, 1, 2, 3, 4]
    assert window.frames(5, Fraction(12)) == [0, 1, 1, 2, 2]
    assert window.frames(97, Fraction(25))[96] == 0
    assert max(Window(7).frames(97, Fraction(60))) == 7 + 240


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--frames", "96"], "4n + 1"),
        (["--size", "1280x700"], "multiples of 32"),
        (["--size", "big"], "WIDTHxHEIGHT"),
    ],
)
def test_bad_options_are_told(small, tmp_path, arguments, words):
    result = CliRunner().invoke(cli, ["dataset", "prepare", str(small), "--out", str(tmp_path / "out"), *arguments])
    assert isinstance(result.exception, UsageError)
    assert words in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_is_told(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no videos there"):
        prepare(Asked((tmp_path / "empty",), tmp_path / "out"))
    with pytest.raises(UsageError, match="no such file"):
        prepare(Asked((tmp_path / "gone",), tmp_path / "out"))
