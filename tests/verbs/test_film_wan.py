"""`coverloop film --generator wan`: told dreams become clips by a real ComfyUI with tiny random models, and a film.
Below, `coverloop compare` on the same server."""

import itertools
import json
import shutil

import av
import cv2
import numpy as np
import pytest
import tiny_wan
from coverloop.core.film import ambient
from coverloop.core.image import read_cover
from coverloop.core.pixels import middle
from coverloop.core.video.decode import decode
from coverloop.orchestrator.batch.tasks import OutcomeState
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.job.request import picture_file
from coverloop.orchestrator.store.store import Store
from coverloop.orchestrator.verbs import film, shoot
from coverloop.training import compare

KOREAN = """나는 안개 낀 바다 위를 걷고 있었다. 멀리서 하얀 말이 달려왔고 나는 무섭지 않았다.
갑자기 하늘에서 눈이 내렸다. 어릴 적 살던 집의 창문에 불이 켜져 있었고, 나는 행복해서 웃었다."""
ENGLISH = """I was standing in a forest at night and the trees were whispering. I was afraid, and I ran.
Then I was flying above a golden city in the morning, and I felt free and happy."""
SMALL = ("width=64", "height=64", "steps=1")


@pytest.fixture(autouse=True)
def _folders(tmp_path, monkeypatch):
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))
    for module in (ambient, film):  # a film of postage stamps
        monkeypatch.setattr(module, "WIDTH", 192)
        monkeypatch.setattr(module, "HEIGHT", 108)


@pytest.fixture
def shoot_film(tmp_path, capsys, wan_comfyui):
    def run(text, *more, name="film.mp4", server=None):
        (tmp_path / "words.txt").write_text(text, "utf-8")
        words = ["film", "--words", tmp_path / "words.txt", "--out", tmp_path / name, "--backend", "offline", "--json"]
        words += ["--generator", "wan", "--server", server or wan_comfyui.url, *more]
        words += [word for setting in SMALL for word in ("--set", setting)]
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, json.loads(out), err

    return run


def pictures(path):
    """(N, H, W, 3) of a film, above its words."""
    with av.open(str(path)) as file:
        return np.stack([f.to_ndarray(format="rgb24")[:60] for f in file.decode(video=0)]).astype(float)


def clip_of(told):
    """The frames of a clip as the store keeps it, and its sidecar."""
    with Store() as store:
        entry = store.find(told["job"])
        return decode(entry.video).frames, json.loads(entry.sidecar.read_text("utf-8"))


def expected(clips):
    """What a film of clips alone shows, above its words."""
    seen = [clip_of(told)[0][told["follows"] :][: told["shown"]] for told in clips]
    return np.stack([middle(frame, 108, 192)[:60] for frame in np.concatenate(seen)]).astype(float)


@pytest.mark.parametrize(("text", "seconds"), [(KOREAN, 6), (ENGLISH, 4)], ids=["Korean", "English"])
def test_a_told_dream_becomes_a_film_of_its_clips(shoot_film, tmp_path, text, seconds):
    code, made, err = shoot_film(text, "--seconds", seconds, "--style", "Watercolour, slow and soft.")
    assert "no model read the words" in err
    assert code == 0 and "".join(shot["text"] for shot in made["shots"]) == text
    clips, prompts = made["wan"]["clips"], [shot["prompt"] for shot in made["shots"]]
    assert [clip["prompt"] for clip in clips if not clip["follows"]] == prompts
    assert all(prompt.endswith("Watercolour, slow and soft.") for prompt in prompts) and prompts[0] != prompts[1]
    shown, wanted = pictures(tmp_path / "film.mp4"), expected(clips)
    assert shown.shape == wanted.shape == (24 * seconds, 60, 192, 3)
    light = np.s_[12 : 24 * seconds - 30]  # between the black at the beginning and at the end
    off, step = np.abs(shown - wanted)[light].mean((1, 2, 3)), np.abs(np.diff(wanted, axis=0))[light].mean((1, 2, 3))
    assert (off < 0.6 * step).all(), "each frame is that of the clip, and not its neighbour"


def test_it_goes_on_where_it_stopped_and_makes_only_what_is_other_anew(shoot_film, tmp_path, monkeypatch):
    real, asked = shoot.into_store, []

    def stops(*words):
        asked.append(words)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return real(*words)

    monkeypatch.setattr(shoot, "into_store", stops)
    assert shoot_film(ENGLISH, "--seconds", "4")[0] == 130 and not (tmp_path / "film.mp4").exists()
    monkeypatch.setattr(shoot, "into_store", real)
    made = shoot_film(ENGLISH, "--seconds", "4")[1]
    assert made["wan"]["made"] == len(made["wan"]["clips"]) - 1 > 0
    first = (tmp_path / "film.mp4").read_bytes()
    again = shoot_film(ENGLISH, "--seconds", "4")[1]
    assert (again["wan"]["made"], again["drawn"]) == (0, 0) and (tmp_path / "film.mp4").read_bytes() == first
    lora = shoot_film(ENGLISH, "--seconds", "4", "--set", f"lora_1={tiny_wan.LORAS[0]}")[1]
    assert lora["wan"]["made"] == len(lora["wan"]["clips"]) and lora["wan"]["parameters"]["lora_1"] == tiny_wan.LORAS[0]


def test_what_must_not_be_shown_is_a_card_and_the_film_goes_on(shoot_film, tmp_path):
    text = "He stabbed him and the blood ran over his hands. Then the sea at dawn, and a white boat on it."
    code, made, err = shoot_film(text, "--seconds", "6")
    assert code == 0 and "this cannot be generated" in err and made["shots"][0]["prompt"] == ""
    assert {clip["shot"] for clip in made["wan"]["clips"]} == {1}
    lines = " ".join(line["text"] for scene in made["scenes"] for line in scene["lines"])
    assert "stabbed" in lines and "white boat" in lines
    shown = pictures(tmp_path / "film.mp4")[:, :20]
    seen = {scene["shots"][0]: shown[round(24 * scene["start"]) + 24].std((0, 1)).max() for scene in made["scenes"]}
    assert seen[0] < 5 and seen[1] > 15
    assert all(line["end"] - line["start"] > 0.8 for scene in made["scenes"] for line in scene["lines"])


def test_covers_begin_the_first_shots_and_a_long_shot_goes_on_from_its_last_frame(shoot_film, tmp_path, wan_comfyui):
    cover = np.zeros((240, 240, 3), np.uint8)
    cover[:, :120], cover[:, 120:] = (200, 60, 40), (40, 60, 200)
    cv2.imwrite(str(tmp_path / "cover.png"), cover[..., ::-1])
    text = "[00:00.10]the sea is wide\n[00:03.00]and the boat is small\n[00:05.00]\n"
    inputs = wan_comfyui.base / "input"
    before = set(inputs.iterdir())
    code, made, _ = shoot_film(text, "--seconds", "6", "--cover", tmp_path / "cover.png", "--seed", "4")
    one, two = made["wan"]["clips"]
    assert code == 0 and (one["follows"], two["follows"]) == (False, True) and one["shown"] + two["shown"] == 144
    (first, first_record), (_, record) = clip_of(one), clip_of(two)
    # what the server was given, found by the names under which it was uploaded
    sent = {path: read_cover(path).image.astype(int) for path in set(inputs.iterdir()) - before}
    begun = [image for image in sent.values() if hash_of(image) == first_record["picture"]]
    assert len(begun) == 1 and begun[0].shape == (108, 192, 3)
    assert np.abs(begun[0][54, 60] - (200, 60, 40)).max() < 12 and np.abs(begun[0][54, 130] - (40, 60, 200)).max() < 12
    assert record["picture"] == hash_of(first[one["shown"] - 1]), "the last frame that is seen"
    assert any(hash_of(image) == record["picture"] for image in sent.values())


def hash_of(image):
    return picture_file(image.astype(np.uint8), "").sha256


def test_models_that_are_not_there_are_named_before_anything_is_made(shoot_film, tmp_path, comfyui):
    code, made, err = shoot_film(ENGLISH, "--seconds", "6", server=comfyui.url)
    assert code == 1 and err.count("\n") <= 1
    assert all(name in made["error"] for name in ("film_shot_v1", tiny_wan.UNET, tiny_wan.TEXT_ENCODER, tiny_wan.VAE))
    assert {path.name for path in tmp_path.iterdir()} == {"words.txt", "store"}


BAD = {
    "prompt": (("--set", "prompt=a fox"), "the film decides it"),
    "unknown": (("--set", "colour=red"), "has no parameter colour"),
    "style": (("--style", "naked and free"), "cannot be generated"),
    "long style": (("--style", "very " * 61), "1 to 60 words"),
    "ambient": (("--generator", "ambient", "--cover", "x.png"), "are of --generator wan"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_asked_is_said_before_a_server_is(tmp_path, capsys, name):
    more, told = BAD[name]
    (tmp_path / "words.txt").write_text("hello")
    words = ["film", "--words", str(tmp_path / "words.txt"), "--out", str(tmp_path / "film.mp4"), "--generator", "wan"]
    assert main([*words, "--server", "127.0.0.1:1", *more]) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1 and not (tmp_path / "film.mp4").exists()


# of one step uni_pc gives the noise back, whatever the model says
SMALLEST = ("size=64", "seconds=0.5", "megapixels=0.004", "steps=2", "spare=0", "vlm=offline", "vlm_lettering=offline")


@pytest.fixture
def compared(tmp_path, capsys):
    def run(covers, loras, *more, server="127.0.0.1:1"):
        words = ["compare", *covers, "--lora", loras, "--out", tmp_path / "out", "--server", server, *more, "--json"]
        words += [word for setting in SMALLEST for word in ("--set", setting)]
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, json.loads(out), err

    return run


def cells(tmp_path):
    return [json.loads(line) for line in (tmp_path / "out" / "compare.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture
def sea(tmp_path):
    x, y = np.meshgrid(np.arange(96), np.arange(96))
    path = tmp_path / "바다 (1).png"
    path.write_bytes(cv2.imencode(".png", np.dstack([2 * x, 2 * y, 255 - x - y]).astype(np.uint8))[1].tobytes())
    return path


def test_loras_are_compared_and_a_stopped_comparison_goes_on(compared, sea, tmp_path, wan_comfyui, monkeypatch):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    korean = "한지 질감.safetensors"
    shutil.copy(wan_comfyui.base / "models/loras" / tiny_wan.LORAS[0], wan_comfyui.base / "models/loras" / korean)
    asked = ([sea, tmp_path / "broken.png"], f"{tiny_wan.LORAS[1]},{korean}", "--strengths", "0,1", "--combinations")

    class Stops(compare.Batch):
        def __init__(self, *args, **named):
            super().__init__(*args, **{**named, "on_outcome": self.first})

        def first(self, outcome):
            if outcome.state is OutcomeState.DONE:
                self.tasks.interrupt()

    monkeypatch.setattr(compare, "Batch", Stops)
    code, _, err = compared(*asked, server=wan_comfyui.url)
    states = [cell["state"] for cell in cells(tmp_path)]
    begun = states.count("done")
    assert code == 130 and err.startswith("2 covers x 4 combinations: 8 renders\n") and 1 <= begun < 4
    monkeypatch.undo()
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path / "store"))
    code, made, err = compared(*asked, server=wan_comfyui.url)
    assert code == 1 and f"; {begun} are there already" in err and made["failed"] == 4
    rows = cells(tmp_path)
    assert [row["combination"] for row in rows[:4]] == [
        "no LoRA",
        "tiny_kohya 1",
        "한지 질감 1",
        "tiny_kohya 1 + 한지 질감 1",
    ]
    assert sum(row["reused"] for row in rows) == begun and all("not a picture" in row["error"] for row in rows[4:])
    seen = [decode(tmp_path / "out" / row["video"]).frames.astype(int) for row in rows[:4]]
    assert all(np.abs(one - other).mean() > 0.01 for one, other in itertools.combinations(seen, 2))
    assert made["covers"] <= 1 and not made["sure"] and all(set(row["parts"]) for row in rows[:4])
    pairs = [json.loads(line) for line in (tmp_path / "out" / "pairs.jsonl").read_text("utf-8").splitlines()]
    assert {key for pair in pairs for key in (pair["left"], pair["right"])} == {row["job"] for row in rows[:4]}
    page = (tmp_path / "out" / "compare.html").read_text("utf-8")
    assert page.count("<video") == 4 and page.count("is not a picture") == 4

    # in another order, with more strengths: what is there is not rendered again
    again = ([sea], f"{korean},{tiny_wan.LORAS[1]}", "--strengths", "-0,1", "--combinations")
    code, made, err = compared(*again, server=wan_comfyui.url)
    assert code == 0 and "0 renders; 4 are there already" in err and all(row["reused"] for row in cells(tmp_path))


def test_one_cover_and_one_lora_say_what_they_cannot_tell(compared, sea, tmp_path, wan_comfyui):
    code, made, _ = compared([sea], tiny_wan.LORAS[0], "--strengths", "1", server=wan_comfyui.url)
    assert code == 0 and len(cells(tmp_path)) == 1
    assert "nothing to compare it with" in made["says"] or "hardly moves" in made["says"]


def test_a_lora_that_is_missing_is_named_before_anything_is_rendered(compared, sea, tmp_path, wan_comfyui):
    code, made, _ = compared([sea], f"{tiny_wan.LORAS[0]},없는 것.safetensors", server=wan_comfyui.url)
    assert code == 1 and "has no LoRA 없는 것.safetensors; put it in" in made["error"]
    assert not (tmp_path / "out").exists()


NOT_COMPARED = {
    "range": (("--strengths", "0,11"), "must be between -10.0 and 10.0"),
    "number": (("--strengths", "0,much"), "much: must be a number"),
    "infinite": (("--strengths", "nan"), "nan: must be a number"),
    "twice": (("--strengths", "0.5,0.50"), "0.50 is there twice"),
    "zero twice": (("--strengths", "0,-0"), "-0 is there twice"),
    "same lora": (("--lora", "a.safetensors,a.safetensors"), "a.safetensors is there twice"),
    "no lora": (("--lora", "a.safetensors,,"), "is no LoRA"),
    "many": (("--lora", ",".join(f"{n}.safetensors" for n in range(150))), "makes 301 loops; at most 200"),
    "together": (("--lora", "a,b,c,d", "--combinations"), "takes 3 LoRAs together, 4 are given"),
    "set": (("--set", "lora_2=a"), "the comparison decides it"),
}


@pytest.mark.parametrize("name", NOT_COMPARED)
def test_what_cannot_be_compared_is_said_before_a_server_is(compared, sea, tmp_path, name):
    more, told = NOT_COMPARED[name]
    code, made, err = compared([sea], "a.safetensors", *more)
    assert code == 2 and told in made["error"] and err.count("\n") == 1 and not (tmp_path / "out").exists()


def test_a_cover_counts_once(compared, sea):
    code, made, _ = compared([sea, sea], "a.safetensors")
    assert code == 2 and "is given twice" in made["error"]
