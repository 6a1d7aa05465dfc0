"""The command line: what it makes, what it prints, and one clear line for every bad call."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from coverloop.core.errors import JobError
from coverloop.core.image import read_cover
from coverloop.core.video.decode import decode
from coverloop.core.video.encode import encode
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.job import manifest
from hostile import Hostile
from PIL import Image
from tiny import write_cover, write_workflows


@pytest.fixture(autouse=True)
def _folders(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "FOLDER", write_workflows(tmp_path / "workflows"))
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))


@pytest.fixture
def call(capsys):
    """Run the command line; returns exit code, standard output and standard error."""

    def run(*words):
        code = main([str(word) for word in words])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def cover(tmp_path):
    return write_cover(tmp_path / "blue.png", 3)


def render(call, cover, tmp_path, comfyui, *words):
    server = ("--server", comfyui.url) if comfyui else ()
    return call("render", cover, "--out", tmp_path / "out", "--workflow", "tiny", *server, *words)


def test_render_makes_three_files_and_one_line(call, cover, tmp_path, comfyui):
    code, out, err = render(call, cover, tmp_path, comfyui, "--size", "128", "--fps", "12")
    assert code == 0 and err == "" and out.startswith(str(tmp_path / "out" / "blue.mp4")) and out.count("\n") == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["blue.jpg", "blue.json", "blue.mp4"]
    clip = decode(tmp_path / "out" / "blue.mp4")
    assert clip.frames.shape[2] == 128 and clip.fps == 12


def test_render_json_is_one_object_and_nothing_else(call, cover, tmp_path, comfyui):
    code, out, err = render(call, cover, tmp_path, comfyui, "--json", "--set", "strength=0.4")
    (loop,) = json.loads(out)["loops"]
    assert code == 0 and err == "" and Path(loop["video"]).is_file() and isinstance(loop["passed"], bool)
    assert json.loads(Path(loop["sidecar"]).read_text())["parameters"]["strength"] == 0.4


def test_what_was_rendered_before_comes_from_the_store(call, cover, tmp_path, comfyui):
    first = (tmp_path / "out" / "blue.mp4", tmp_path / "out" / "blue.json")
    assert render(call, cover, tmp_path, comfyui)[0] == 0
    rendered, sidecar = first[0].read_bytes(), json.loads(first[1].read_text())
    shutil.rmtree(tmp_path / "out")

    code, out, err = render(call, cover, tmp_path, comfyui)
    assert code == 0 and err == "" and "rendered before; --force renders it anew" in out
    assert first[0].read_bytes() == rendered and json.loads(first[1].read_text()) == sidecar

    (loop,) = json.loads(render(call, cover, tmp_path, comfyui, "--json", "--force")[1])["loops"]
    assert loop["reused"] is False and json.loads(first[1].read_text())["prompt_id"] != sidecar["prompt_id"]
    assert "--force" not in render(call, cover, tmp_path, comfyui, "--seed", "5")[1]  # another request


def test_a_failed_render_can_be_asked_for_again(call, cover, tmp_path, comfyui, monkeypatch):
    from coverloop.orchestrator.verbs import render as render_verb

    good = render_verb.render_cover
    monkeypatch.setattr(render_verb, "render_cover", fail_at_once)
    assert render(call, cover, tmp_path, comfyui)[0] == 1
    monkeypatch.setattr(render_verb, "render_cover", good)
    assert render(call, cover, tmp_path, comfyui)[0] == 0


def fail_at_once(*_words, **_more):
    raise JobError("it broke")


def test_an_embedded_comfyui_is_started_when_there_is_no_other(call, cover, tmp_path, monkeypatch, comfyui):
    from contextlib import nullcontext

    from coverloop.orchestrator.server import embedded

    started = []
    monkeypatch.setattr(embedded, "start", lambda: started.append(1) or nullcontext(comfyui))
    assert render(call, cover, tmp_path, None)[0] == 0 and started == [1]
    monkeypatch.setenv("COMFYUI_URL", comfyui.url)
    assert render(call, cover, tmp_path, None)[0] == 0 and started == [1]


def picture(mode="RGB", size=(96, 96)) -> Image.Image:
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([x % 256, y % 256, (x + y) % 256], -1).astype(np.uint8)).convert(mode)


def odd_covers(folder: Path) -> dict[str, Path]:
    """Covers that are unusual and must work."""
    exif = Image.Exif()
    exif[0x0112] = 6
    made = {}
    for name, image, options in [
        ("cmyk.jpg", picture("CMYK"), {}),
        ("deep.png", Image.fromarray((np.arange(9216).reshape(96, 96) * 7).astype(np.uint16)), {}),
        ("palette.png", picture("P"), {}),
        ("alpha.png", picture("RGBA"), {}),
        ("turned.jpg", picture(size=(128, 96)), {"exif": exif}),
        ("animated.gif", picture(), {"save_all": True, "append_images": [picture("L").convert("RGB")]}),
        ("tall.png", picture(size=(96, 128)), {}),
        ("ümläut 사랑.png", picture(), {}),
        ("two.dots.png", picture(), {}),
    ]:
        made[name] = folder / name
        image.save(made[name], **options)
    return made


def test_unusual_covers_are_rendered_and_what_was_changed_is_told(call, tmp_path, comfyui):
    covers = odd_covers(tmp_path)
    server = ("--server", comfyui.url)
    code, out, err = call(
        "render", *covers.values(), "--out", tmp_path / "out", "--workflow", "tiny", *server, "--json"
    )
    loops = {Path(loop["cover"]).name: loop for loop in json.loads(out)["loops"]}
    assert code == 0 and err == "" and set(loops) == set(covers)
    for name, word in {"cmyk.jpg": "CMYK", "deep.png": "16-bit", "turned.jpg": "EXIF", "animated.gif": "first"}.items():
        assert any(word in warning for warning in loops[name]["warnings"]), name
    for name, loop in loops.items():
        poster = read_cover(loop["poster"]).image.astype(int)
        assert Path(loop["video"]).stem == Path(name).stem and poster.shape[2] == 3


def bad_covers(folder: Path) -> dict[str, tuple[Path, str]]:
    """Covers that cannot be used, each with a word its message must have."""
    made = {}
    sink = io.BytesIO()
    picture(size=(256, 256)).save(sink, "PNG")
    for name, data, word in [
        ("text.png", b"this is not a picture", "not a picture"),
        ("empty.png", b"", "is empty"),
        ("cut.png", sink.getvalue()[: len(sink.getvalue()) // 2], "damaged or cut short"),
    ]:
        made[name] = (folder / name, word)
        (folder / name).write_bytes(data)
    for name, size, word in [("dot.png", (1, 1), "too small"), ("long.png", (900, 100), "too long")]:
        made[name] = (folder / name, word)
        picture(size=size).save(folder / name)
    made["bomb.png"] = (folder / "bomb.png", "too many pixels")
    Image.new("1", (20000, 20000)).save(folder / "bomb.png")
    (folder / "folder.png").mkdir()
    made["folder.png"] = (folder / "folder.png", "is a folder")
    made["missing.png"] = (folder / "missing.png", "no such file")
    return made


def one_line(code, out, err, expected, *words):
    assert code == expected and out == ""
    assert err.startswith("coverloop: ") and err.count("\n") == 1 and "Traceback" not in err, err
    assert all(str(word) in err for word in words), err


def test_bad_covers_are_named_before_a_server_is_asked(call, tmp_path, cover):
    for name, (path, word) in bad_covers(tmp_path).items():
        result = call("render", cover, path, "--out", tmp_path / "out", "--workflow", "tiny", "--server", "127.0.0.1:1")
        one_line(*result, 2, name, word)
        one_line(*call("text", path, "--out", tmp_path / "out"), 2, name, word)
        assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--workflow", "moon"), "unknown workflow moon; there are: foreign_v1, tiny_v1, tiny_v2"),
        (("--size", "10"), "size=10: must be between 64 and 4096"),
        (("--size", "big"), "'big' is not a valid integer"),
        (("--fps", "nan"), "fps=nan: must be a number"),
        (("--seconds", "4"), "has no parameter seconds"),
        (("--seed", "1"), "has no parameter seed"),
        (("--set", "strength"), "--set strength: must be NAME=VALUE"),
        (("--set", "cover=x"), "has no parameter cover"),
        (("--server", "ftp://x"), "ftp://x: is not a server address"),
        (("--flavour", "mint"), "No such option"),
    ],
)
def test_bad_arguments(call, cover, tmp_path, words, told):
    one_line(*call("render", cover, "--out", tmp_path / "out", "--workflow", "tiny", *words), 2, told)
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_calls_without_what_they_need(call, cover, tmp_path):
    one_line(*call("render", "--out", tmp_path), 2, "COVER")
    one_line(*call("render", cover), 2, "--out")
    one_line(*call("dance"), 2, "dance")
    assert call()[0] == 2 and call("--help")[0] == 0 and call("--version")[0] == 0


def test_two_covers_of_one_name(call, cover, tmp_path):
    other = write_cover(tmp_path / "b" / "BLUE.png")
    one_line(*call("render", cover, other, "--out", tmp_path / "out", "--workflow", "tiny"), 2, cover, other, "rename")


def test_a_name_that_not_every_file_system_takes_is_changed_and_told(call, tmp_path, comfyui, caplog):
    odd = write_cover(tmp_path / "what now?.png", 5)
    code, out, _ = render(call, odd, tmp_path, comfyui)
    assert code == 0 and (tmp_path / "out" / "what now_.mp4").is_file() and "every file system takes" in caplog.text
    long = write_cover(tmp_path / f"{'가' * 83}.png", 6)  # 253 bytes, and longer with another ending
    code, out, _ = render(call, long, tmp_path, comfyui)
    assert code == 0 and Path(out.split("  ")[0]).is_file()


def test_an_output_folder_that_cannot_be_one(call, cover, tmp_path):
    (tmp_path / "file").write_text("x")
    one_line(*call("render", cover, "--out", tmp_path / "file", "--workflow", "tiny"), 2, "is or lies in a file")
    one_line(*call("render", cover, "--out", "/proc/self/out", "--workflow", "tiny"), 2, "cannot be written to")


def test_a_server_that_is_down(call, cover, tmp_path):
    told = ("127.0.0.1:1", "cannot be reached (Connection refused)", "is ComfyUI running there?")
    words = ("--out", tmp_path / "out", "--workflow", "tiny", "--server", "http://127.0.0.1:1")
    one_line(*call("render", cover, *words), 1, *told)
    one_line(*call("check", "--server", "http://127.0.0.1:1"), 1, *told)


def test_a_server_that_is_no_comfyui(call, cover, tmp_path):
    server = Hostile()
    server.answers["GET", ".*"] = lambda handler: handler.send_bytes(b"<html>", "text/html")
    words = ("--out", tmp_path / "out", "--workflow", "tiny", "--server", server.url)
    one_line(*call("render", cover, *words), 1, server.url, "not JSON; is this a ComfyUI?")
    server.answers["GET", ".*"] = {"hello": 1}
    one_line(*call("render", cover, *words), 1, server.url, "is not a ComfyUI")
    server.close()


def test_a_server_without_the_pack(call, cover, tmp_path, comfyui):
    words = ("--out", tmp_path / "out", "--workflow", "foreign", "--server", comfyui.url)
    one_line(*call("render", cover, *words), 1, "lacks node NodeOfNobody", "a pack: https://example.org/pack")
    assert list((tmp_path / "out").iterdir()) == []


def test_errors_as_json(call, cover, tmp_path):
    code, out, err = call("render", cover, "--out", tmp_path / "out", "--workflow", "moon", "--json")
    assert code == 2 and json.loads(out) == {"error": err.removeprefix("coverloop: ").strip(), "exit_code": 2}
    code, out, err = call("render", "--json")
    assert code == 2 and json.loads(out)["exit_code"] == 2


def test_debug_shows_where(call, cover, tmp_path):
    code, _out, err = call("render", cover, "--out", tmp_path / "out", "--workflow", "moon", "--debug")
    assert code == 2 and "Traceback" in err and "unknown workflow moon" in err


def test_one_cover_that_fails_does_not_stop_the_others(call, cover, tmp_path, comfyui, monkeypatch):
    from coverloop.core.errors import JobError
    from coverloop.orchestrator.verbs import render as render_verb

    good = render_verb.render_cover

    def fail_for_red(renderer, job, cover, *rest, **options):
        if cover.path.name == "red.png":
            raise JobError("KSampler (node 3): out of memory")
        return good(renderer, job, cover, *rest, **options)

    monkeypatch.setattr(render_verb, "render_cover", fail_for_red)
    red = write_cover(tmp_path / "red.png", 8)
    words = ("--out", tmp_path / "out", "--workflow", "tiny", "--server", comfyui.url)
    code, out, _err = call("render", red, cover, *words)
    assert code == 1 and "red.png  failed: KSampler" in out and (tmp_path / "out" / "blue.mp4").is_file()


def test_text_writes_mask_plate_and_listing(call, tmp_path):
    image = np.full((256, 256, 3), 70, np.uint8)
    import cv2

    cv2.putText(image, "NIGHT", (24, 150), cv2.FONT_HERSHEY_SIMPLEX, 2.2, (255, 255, 255), 6, cv2.LINE_AA)
    cv2.imwrite(str(tmp_path / "night.png"), image)
    code, out, err = call("text", tmp_path / "night.png", "--out", tmp_path / "out", "--json")
    assert code == 0, err
    (row,) = json.loads(out)["covers"]
    assert [Path(row[k]).name for k in ("mask", "plate", "text")] == [
        "night.mask.png",
        "night.plate.png",
        "night.text.json",
    ]
    mask, plate = cv2.imread(row["mask"], cv2.IMREAD_UNCHANGED), cv2.imread(row["plate"])
    assert mask.shape == (256, 256) and set(np.unique(mask)) == {0, 255} and plate.shape == (256, 256, 3)
    assert mask[image[..., 0] > 200].mean() > 240 and plate.max() < 110
    listing = json.loads(Path(row["text"]).read_text("utf-8"))
    assert listing["cover"] == "night.png" and len(listing["regions"]) == row["regions"] == 1


@pytest.fixture
def loop(tmp_path):
    x = np.linspace(0, 2 * np.pi, 128, endpoint=False)
    rows = [(128 + 90 * np.sin(x + 0.3 * np.sin(t * np.pi / 12))).astype(np.uint8) for t in range(24)]
    path = tmp_path / "loop.mp4"
    encode([np.tile(row[None, :, None], (128, 1, 3)) for row in rows], path, fps=24)
    cover = tmp_path / "cover.png"
    Image.fromarray(np.tile(rows[0][None, :, None], (128, 1, 3))).save(cover)
    return path, cover


def test_score_tells_figures_and_draws_a_plot(call, loop, tmp_path):
    path, cover = loop
    code, out, err = call("score", path, "--cover", cover, "--plot", tmp_path / "plot.png", "--json")
    judgement = json.loads(out)
    assert code == 0 and err == "" and 0.5 <= judgement["seam_ratio"] <= 1.6
    assert judgement["first_frame_ssim"] > 0.9 and judgement["video"] == str(path)
    assert read_cover(tmp_path / "plot.png").image.std() > 5
    code, out, err = call("score", path)
    assert code == 0 and "seam ratio" in out


def test_score_bad_calls(call, loop, tmp_path):
    path, _cover = loop
    (tmp_path / "no.mp4").write_bytes(b"no video")
    one_line(*call("score", tmp_path / "no.mp4"), 2, "no.mp4")
    one_line(*call("score", tmp_path / "gone.mp4"), 2, "gone.mp4")
    one_line(*call("score", path, "--cover", tmp_path / "gone.png"), 2, "gone.png", "no such file")
    wide = write_cover(tmp_path / "wide.png")
    Image.open(wide).resize((200, 100)).save(wide)
    code, out, _ = call("score", path, "--cover", wide, "--json")
    assert code == 0 and json.loads(out)["first_frame_ssim"] < 0.9  # another cover, by its middle
    one_line(*call("score", path, "--plot", tmp_path / "plot.svg"), 2, "plot.svg", ".png or .jpg")
    one_line(*call("score", path, "--plot", tmp_path / "none" / "plot.png"), 2, "cannot be written")


def test_workflows_are_listed_shown_and_exported(call, tmp_path):
    assert call("workflows")[1] == call("workflows", "list")[1]
    assert call("workflows")[1].splitlines()[1].startswith("tiny_v1")
    assert [w["id"] for w in json.loads(call("workflows", "list", "--json")[1])["workflows"]][-1] == "tiny_v2"
    assert "strength" in call("workflows", "show", "tiny")[1]
    assert json.loads(call("workflows", "show", "tiny", "--json")[1])["version"] == 2
    assert call("workflows", "export", "tiny_v1", tmp_path / "mine.json")[0] == 0
    assert json.loads((tmp_path / "mine.json").read_text())["id"] == "tiny_v1"
    one_line(*call("workflows", "export", "tiny", tmp_path), 2, "is a folder")
    one_line(*call("workflows", "export", "tiny", tmp_path / "no" / "x.json"), 2, "cannot be written")
    one_line(*call("workflows", "show", "moon"), 2, "unknown workflow moon")


def test_check_names_what_is_missing_and_where_it_is(call, comfyui, comfyui_version):
    code, out, _ = call("check", "--server", comfyui.url)
    assert code == 1 and f"ComfyUI {comfyui_version}" in out and "tiny_v2: ready" in out
    assert "foreign_v1: 1 missing\n  node NodeOfNobody: a pack: https://example.org/pack" in out
    code, out, _err = call("check", "--server", comfyui.url, "--workflow", "tiny", "--json")
    found = json.loads(out)
    assert code == 0 and found["complete"] and found["missing"] == {"tiny_v2": []}


def test_the_installed_command_is_quiet_and_exits_right(tmp_path):
    command = shutil.which("coverloop", path=str(Path(sys.executable).parent))
    assert command
    done = subprocess.run([command, "workflows", "show", "moon"], capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("coverloop: unknown workflow moon")


def test_the_ambient_loop_from_cover_to_judged_deliverable(call, tmp_path, comfyui, monkeypatch):
    """Our own workflow and nodes on the real server, small: lettering found, lifted, laid back and judged."""
    import cv2

    monkeypatch.setattr(manifest, "FOLDER", Path(manifest.__file__).resolve().parents[2] / "workflows")
    y, x = np.mgrid[0:384, 0:384]
    image = np.stack([90 + 60 * np.sin(x / 31 + y / 50), 110 + 40 * np.cos(y / 23), 60 + y / 4], -1).astype(np.uint8)
    cv2.putText(image, "MORNING", (40, 90), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (250, 250, 240), 6, cv2.LINE_AA)
    cv2.imwrite(str(tmp_path / "morning.png"), image)
    size = ("--size", "256", "--seconds", "2", "--fps", "12")
    words = ("render", tmp_path / "morning.png", "--out", tmp_path / "out", "--server", comfyui.url, *size, "--json")
    code, out, err = call(*words)
    assert code == 0, err
    record = json.loads(Path(json.loads(out)["loops"][0]["sidecar"]).read_text("utf-8"))
    facts = record["files"]["video"]
    assert (facts["width"], facts["height"], facts["frames"], facts["fps"]) == (256, 256, 24, 12.0)
    assert record["judgement"]["lettering_mean_diff"] is not None and record["before_encoding"]["seam_ratio"] > 0
    assert 0 <= record["judgement"]["lettering_moved"] <= 0.03 and record["judgement"]["lost_words"] == []
    classes = {name.split()[0] for name in record["timings"]["nodes"]}
    assert {"CoverLoopFindText", "CoverLoopAmbient", "CoverLoopSave"} <= classes
    seen = record["seen"]
    sure = [one["confidence"] for one in seen]
    assert seen and sure == sorted(sure, reverse=True) and set(seen[0]) == {"name", "confidence", "by"}

    (again,) = json.loads(call(*words, "--set", "crf=20")[1])["loops"]  # everything but the encode is cached
    record = json.loads(Path(again["sidecar"]).read_text("utf-8"))
    assert record["judgement"]["lettering_mean_diff"] is not None and again["warnings"] == []
    assert record["seen"] == seen
