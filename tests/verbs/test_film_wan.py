"""`coverloop film --generator wan`: told dreams become clips by a real ComfyUI with tiny random models, and a film."""

import json

import av
import cv2
import numpy as np
import pytest
import tiny_wan
from coverloop.core.film import ambient
from coverloop.core.image import read_cover
from coverloop.core.pixels import middle
from coverloop.core.video.decode import decode
from coverloop.orchestrator.cli.main import main
from coverloop.orchestrator.job.request import picture_file
from coverloop.orchestrator.store.store import Store
from coverloop.orchestrator.verbs import film, shoot

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
