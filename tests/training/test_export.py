"""Clips and captions as trainers read them: what is written is read again by the parser of its format."""

import csv
import json
import shlex
import shutil
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from coverloop.core.errors import UsageError
from coverloop.core.video.encode import encode
from coverloop.core.video.facts import read_facts
from coverloop.orchestrator.cli.main import cli
from coverloop.orchestrator.job.manifest import tomllib
from coverloop.training.export import export

TOKEN = "m0t10n"


def clip(path, frames=5, width=64, height=32, fps=24):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(frames).integers(0, 255, (height, width, 3)).astype(np.uint8)
    encode([np.roll(noise, i, 1) for i in range(frames)], path, fps=fps)
    path.with_suffix(".txt").write_text(f"{TOKEN}, the sea at night,\n its waves roll in", "utf-8")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Two sets of two clips, one of them a loop, with names of all sorts."""
    folder = tmp_path_factory.mktemp("prepared set")
    for name in ("바다 1", 'sea, "2" 🌊'):
        clip(folder / "time" / f"{name}.mp4", frames=9)
        clip(folder / "resolution" / f"{name}.mp4", width=128, height=96)
    rows = [{"clip": "바다 1", "kept": True, "repeats": 2}, {"clip": "another", "kept": False}]
    (folder / "report.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def read(out, trainer):
    """The clips that a trainer finds by its own files: path -> frames, and how often it is shown."""
    found = {}
    if trainer == "ai-toolkit":
        told = yaml.safe_load((out / "config.yaml").read_text("utf-8"))
        process = told["config"]["process"][0]
        assert (told["job"], process["type"], process["model"]["arch"]) == ("extension", "sd_trainer", "wan22_5b")
        for one in process["datasets"]:
            assert one["shrink_video_to_frames"] is False and one["fps"] == 24 and one["caption_ext"] == "txt"
            for path in Path(one["folder_path"]).glob("*.mp4"):
                found[path] = one["num_frames"], one["num_repeats"]
    elif trainer == "diffusion-pipe":
        told = tomllib.loads((out / "config.toml").read_text("utf-8"))
        assert (told["model"]["type"], told["adapter"]["type"]) == ("wan", "lora")
        for one in tomllib.loads((out / "dataset.toml").read_text("utf-8"))["directory"]:
            for path in Path(one["path"]).glob("*.mp4"):
                found[path] = one["frame_buckets"][0], one["num_repeats"]
    else:
        for line in (out / "train.sh").read_text("utf-8").replace("\\\n", " ").splitlines():
            if not line.startswith("accelerate"):
                continue
            words = shlex.split(line)[3:]
            flags = {flag[2:]: value for flag, value in pairwise(words) if flag.startswith("--")}
            assert int(flags["height"]) % 32 == int(flags["width"]) % 32 == 0
            for row in csv.DictReader(Path(flags["dataset_metadata_path"]).read_text("utf-8").splitlines()):
                path = Path(flags["dataset_base_path"]) / row["video"]
                assert row["prompt"] == path.with_suffix(".txt").read_text("utf-8").strip()
                found[path] = int(flags["num_frames"]), found.get(path, (0, 0))[1] + 1
    return found


@pytest.mark.parametrize("trainer", ["ai-toolkit", "diffsynth", "diffusion-pipe"])
def test_what_a_trainer_reads_is_all_there(tmp_path, prepared, trainer):
    out = tmp_path / "for a trainer"
    made = export(prepared, out, trainer, name="waves", token=TOKEN)
    assert made.clips == {"resolution": 2, "time": 2} and made.left_out == {}
    found = read(out, trainer)
    assert set(found) == set(out.rglob("*.mp4")) and len(found) == 4
    for path, (frames, shown) in found.items():
        assert shown == (2 if path.stem == "바다 1" else 1), "what closes is shown more often"
        facts = read_facts(path)
        assert facts.frames == frames and frames % 4 == 1 and facts.frames / facts.seconds == Fraction(24)
        caption = path.with_suffix(".txt").read_text("utf-8")
        assert caption.count(TOKEN) == 1 and caption.count("\n") == 1
    assert len(made.commands) == 2 and all(line in (out / "README.md").read_text("utf-8") for line in made.commands)
    again = export(prepared, tmp_path / "again", trainer, name="waves", token=TOKEN, memory=80)
    assert again.clips == made.clips


def test_the_large_card_takes_a_higher_rank(tmp_path, prepared):
    ranks = []
    for memory in (24, 80):
        export(prepared, tmp_path / str(memory), "ai-toolkit", name="a", memory=memory)
        process = yaml.safe_load((tmp_path / str(memory) / "config.yaml").read_text("utf-8"))["config"]["process"][0]
        ranks.append((process["network"]["linear"], process["model"]["quantize"]))
    assert ranks == [(32, True), (64, False)]


def test_clips_that_no_trainer_takes_are_left_out_and_told(tmp_path, prepared):
    source = tmp_path / "source"
    shutil.copytree(prepared, source)
    clip(source / "time" / "eight.mp4", frames=8)
    clip(source / "time" / "slow.mp4", fps=12)
    clip(source / "time" / "odd.mp4", width=66)
    clip(source / "time" / "mute.mp4")
    (source / "time" / "mute.txt").unlink()
    clip(source / "time" / "twice.mp4")
    (source / "time" / "twice.txt").write_text(f"{TOKEN} {TOKEN}", "utf-8")
    clip(source / "time" / "inside.mp4")
    (source / "time" / "inside.txt").write_text(f"x{TOKEN}x is no trigger", "utf-8")
    (source / "time" / "torn.mp4").write_bytes(b"no video")
    made = export(source, tmp_path / "out", "diffsynth", name="a", token=TOKEN)
    why = {clip.rsplit("/", 1)[1]: reason for clip, reason in made.left_out.items()}
    assert made.clips == {"resolution": 2, "time": 2}
    for name, words in {
        "eight.mp4": "8 frames",
        "slow.mp4": "12 frames a second",
        "odd.mp4": "66x32",
        "mute.mp4": "no caption",
        "twice.mp4": "2 times",
        "inside.mp4": "0 times",
        "torn.mp4": "",
    }.items():
        assert words in why.pop(name)
    assert why == {}


def test_a_report_that_cannot_be_read_is_told(tmp_path, prepared):
    source = tmp_path / "source"
    shutil.copytree(prepared, source)
    (source / "report.jsonl").write_text('{"clip": "a", "repeats": "often"}\n', "utf-8")
    with pytest.raises(UsageError, match=r"report.jsonl: cannot be read"):
        export(source, tmp_path / "out", "ai-toolkit", name="a")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"trainer_name": "musubi-tuner"}, "has no Wan 2.2 5B"),
        ({"trainer_name": "../x"}, "no such trainer; there are ai-toolkit"),
        ({"name": "a b/c"}, "letters, digits"),
        ({"memory": 12}, "there are 24, 80 GB"),
        ({"token": "n0wh3r3"}, "no clips with captions"),
    ],
)
def test_a_bad_call_is_one_line_and_writes_nothing(tmp_path, prepared, given, words):
    asked = {"trainer_name": "ai-toolkit", "name": "a"} | given
    with pytest.raises(UsageError, match=words) as error:
        export(prepared, tmp_path / "out", **asked)
    assert "\n" not in str(error.value) and list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_leaves_nothing(tmp_path, prepared, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(UsageError, match="No space left on device; nothing was written"):
        export(prepared, tmp_path / "out", "ai-toolkit", name="a")
    assert list(tmp_path.iterdir()) == []


def test_on_the_command_line(tmp_path, prepared):
    words = [
        "dataset",
        "export",
        str(prepared),
        "--trainer",
        "ai-toolkit",
        "--out",
        str(tmp_path / "out"),
        "--token",
        TOKEN,
    ]
    told = CliRunner().invoke(cli, [*words, "--json"])
    assert told.exit_code == 0 and json.loads(told.output)["clips"] == {"resolution": 2, "time": 2}
    assert isinstance(CliRunner().invoke(cli, words).exception, UsageError)  # it is there already
