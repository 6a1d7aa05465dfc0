"""`render --preset`: a real ComfyUI draws a cover in the shapes that places ask for."""

import json

import numpy as np
import pytest
from coverloop.core.formats.make import enlarged
from coverloop.core.formats.reframe.contents import Contents
from coverloop.core.formats.registry import wanted
from coverloop.core.video.decode import decode
from coverloop.core.video.facts import read_facts
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.job import manifest
from coverloop.orchestrator.job.manifest import load_workflow
from coverloop.orchestrator.verbs import places
from moving import sky
from PIL import Image
from tiny import write_workflows

WORKFLOWS = manifest.FOLDER
COVER = WORKFLOWS.parent / "assets" / "cover.png"


@pytest.fixture(autouse=True)
def _folders(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "FOLDER", write_workflows(tmp_path / "workflows"))
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))


@pytest.fixture
def cover(tmp_path):
    path = tmp_path / "sky.png"
    Image.fromarray(sky(192)).save(path)
    return path


def test_one_render_serves_a_shape_and_the_ground_is_extended_before_it_moves(cover, tmp_path, comfyui, capsys):
    words = ("--workflow", "tiny", "--server", comfyui.url, "--set", "size=64", "--way", "extend", "--json")
    out = tmp_path / "out"
    main(["render", str(cover), "--out", str(out), "--preset", "web.gif,web.webp,now-playing.tall", *words])
    shown, err = capsys.readouterr()
    (made,) = json.loads(shown)["covers"]
    assert not err and [one["preset"] for one in made["files"]] == ["web.gif", "web.webp", "now-playing.tall"]
    names = {path.name for path in out.iterdir()}
    assert names == {
        "sky.web.gif",
        "sky.web.webp",
        "sky.web.jpg",
        "sky.now-playing.tall.mp4",
        "sky.now-playing.tall.jpg",
    }
    first = decode(out / "sky.now-playing.tall.mp4").frames[0].astype(float).mean((1, 2))
    assert len(first) == 1440 and np.abs(np.diff(first)).max() < 3, "a seam where the ground begins"
    assert len(list((tmp_path / "store" / "files").glob("*/*.mp4"))) == 2, "two loops for three files"


def test_a_large_file_is_drawn_on_the_server_at_its_own_size(cover, tmp_path, comfyui, capsys, monkeypatch):
    monkeypatch.setattr(manifest, "FOLDER", WORKFLOWS)
    monkeypatch.setattr(places, "_LARGE", 1000)
    words = ("--server", comfyui.url, "--seconds", "0.5", "--set", "title=Sky", "--json")
    out = tmp_path / "out"
    main(["render", str(cover), "--out", str(out), "--preset", "tidal", *words])
    (made,) = json.loads(capsys.readouterr()[0])["covers"][0]["files"]
    assert {path.name for path in out.iterdir()} == {"sky.tidal.mp4", "sky.tidal.jpg"}
    facts = read_facts(out / "sky.tidal.mp4")
    assert (facts.width, facts.height, facts.frames) == (1280, 1280, 12) and facts.words["title"] == "Sky"
    assert made["notes"] == ["upscaled 6.7 times"]
    assert made["judgement"]["width"] == 1280 and made["turns"] == 1


def test_what_the_workflow_of_any_size_does_not_know_is_rendered_as_a_loop(monkeypatch):
    monkeypatch.setattr(manifest, "FOLDER", WORKFLOWS)
    loop = load_workflow("ambient_loop")
    found = places._any_size(loop, {"seconds": 4, "crf": 20})
    assert found is not None and found.name == "ambient_formats"
    assert places._any_size(loop, {"recipe": "{}"}) is None and places._any_size(loop, {"size": 720}) is None
    assert places._any_size(load_workflow("wan22_loop"), {}) is None


def test_a_cover_smaller_than_its_loop_is_told_to_be_enlarged():
    (apple,) = wanted("apple-album.square")
    assert enlarged(3840 / 1600, apple.format) == ["upscaled 2.4 times; Apple refuses upscales"]
    groups = places._groups(COVER, [apple], load_workflow("tiny"), "auto", None)
    assert 2160 * groups[0].enlarges == pytest.approx(2160 / 1400)


def test_formats_of_one_shape_share_a_loop(cover, monkeypatch):
    monkeypatch.setattr(places, "contents_of", lambda picture: Contents.of_shape(*picture.shape[:2]))
    asked = wanted("square,canvas,reels,now-playing,wide")
    groups = places._groups(cover, asked, load_workflow("tiny"), "extend", None)
    assert [[one.id for one in group.formats] for group in groups] == [
        ["square", "now-playing.square"],
        ["canvas"],
        ["reels"],
        ["now-playing.tall"],
        ["wide.hd", "wide.4k"],
    ], "reels has its signs elsewhere than canvas: the cover lies elsewhere in it"
    assert groups[0].picture is None and groups[4].picture is not None


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--preset", "canvass"], "no such preset"), (["--preset", "canvas", "--way", "bars"], "no such way")],
)
def test_a_bad_call_is_told_before_a_server_is_asked(cover, tmp_path, capsys, words, said):
    code = main(["render", str(cover), "--out", str(tmp_path / "out"), "--workflow", "tiny", *words])
    out, err = capsys.readouterr()
    assert code == 2 and not out and said in err and err.count("\n") == 1


def test_a_transparent_cover_is_laid_over_white_and_extended(tmp_path):
    picture = Image.fromarray(sky(192)).convert("RGBA")
    picture.putalpha(0)
    picture.save(tmp_path / "clear.png")
    groups = places._groups(tmp_path / "clear.png", wanted("canvas"), load_workflow("tiny"), "extend", None)
    assert groups[0].picture is not None and groups[0].picture.min() > 250
