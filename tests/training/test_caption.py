"""Captions: what moves is measured, a model is told it and held to it, the trigger stands in every caption once."""

import io
import json

import cv2
import numpy as np
import pytest
import sentencepiece
from click.testing import CliRunner
from coverloop.core.errors import ModelError, UsageError
from coverloop.core.prompt.form.boxes import RELATIVE
from coverloop.core.video.encode import encode
from coverloop.orchestrator.cli.main import cli
from coverloop.training import caption as captions
from coverloop.training.seen import look
from coverloop.training.trigger import checked_token
from safetensors.numpy import save, save_file

TOKEN = "m0t10n"


class Model:
    name, model, boxes, in_process, sees = "told", "/models/told-1", RELATIVE, True, True

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def ask(self, request):
        self.asked.append(request)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return answer if isinstance(answer, str) else json.dumps(answer)


def texture(height=96, width=160, seed=0):
    noise = np.random.default_rng(seed).integers(0, 255, (height, width, 3)).astype(np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3)


def clip(path, move, count=17):
    path.parent.mkdir(parents=True, exist_ok=True)
    encode([move(texture(), i) for i in range(count)], path, fps=24)
    return path


def left_part(picture, i):
    picture[:, :50] = np.roll(texture(seed=1), 2 * i, 1)[:, :50]
    return picture


def swaying(picture, i):
    return np.roll(picture, round(4 * np.sin(2 * np.pi * i / 16)), 1)


def breathing(picture, i):
    return np.clip(picture * (1 + 0.1 * np.sin(i)), 0, 255).astype(np.uint8)


MOTIONS = {
    "still": (lambda picture, i: picture, "nothing moves"),
    "pan": (lambda picture, i: np.roll(picture, 2 * i, 1), "the whole picture moves"),
    "falls": (lambda picture, i: np.roll(picture, i, 0), "down"),
    "left": (left_part, "left"),
    "sways": (swaying, "sways"),
    "breathes": (breathing, "the light of the whole picture rises and falls"),
}


@pytest.mark.parametrize("name", MOTIONS)
def test_what_moves_is_measured(tmp_path, name):
    move, words = MOTIONS[name]
    seen = look(clip(tmp_path / "a.mp4", move))
    assert words in seen.words and seen.moments.shape == (192, 320, 3) and seen.seconds == pytest.approx(17 / 24)
    if name == "pan":
        assert "right" in seen.words and len(seen.told) == 1
    if name == "left":
        assert "right" not in seen.words.split(":")[0] and "moves" in seen.words


@pytest.fixture
def folder(tmp_path):
    clip(tmp_path / "time" / "바다 #1.mp4", left_part)
    clip(tmp_path / "resolution" / "<still>.mp4", MOTIONS["still"][0], count=5)
    return tmp_path


def asked(folder, model, monkeypatch, tmp_path_factory, **more):
    monkeypatch.setattr(captions, "open_backend", lambda name, settings: model)
    kept = tmp_path_factory.mktemp("answers")
    monkeypatch.setattr(captions.platformdirs, "user_cache_path", lambda *_, **__: kept)
    return captions.caption(folder, TOKEN, **more)


def test_without_a_model_captions_say_what_was_measured(folder, monkeypatch, tmp_path_factory):
    made = asked(folder, None, monkeypatch, tmp_path_factory)
    assert made.by == "measurements" and len(made.written) == 2 and not made.failed
    text = (folder / "time" / "바다 #1.txt").read_text("utf-8")
    assert text.startswith(f"{TOKEN}, a ") and text.count(TOKEN) == 1 and "left" in text
    page = (folder / "captions.html").read_text("utf-8")
    assert "%231.mp4" in page and "<still>" not in page
    again = asked(folder, None, monkeypatch, tmp_path_factory)
    assert (again.kept, again.written) == (2, {})


def test_a_model_is_told_what_was_measured_and_asked_twice(folder, monkeypatch, tmp_path_factory):
    first = {"scene": "A calm sea.", "motions": ["The waves roll to the right.", "The sky rolls."]}
    model = Model(first, {"scene": "A calm sea.", "motions": ["The waves roll to the right."]})
    made = asked(folder, model, monkeypatch, tmp_path_factory)
    assert made.by == "told told-1" and not made.remarks
    assert set(made.written.values()) == {f"{TOKEN}, A calm sea. The waves roll to the right."}
    words = [request.text for request in model.asked]
    assert any("left: moves" in text for text in words) and any("nothing moves" in text for text in words)
    assert not any(TOKEN in text for text in words) and any("The sky rolls" in text for text in words)


@pytest.mark.parametrize(
    "answer",
    [
        "no json at all",
        {"scene": "A sea.", "motions": []},
        {"scene": "A sea.", "motions": ["The camera pans over it."]},
        {"scene": "x" * 5000, "motions": ["y"]},
        {"scene": "바다", "motions": ["파도가 친다"]},
        [],
        {"scene": None, "motions": {"a": 1}},
    ],
)
def test_an_answer_that_cannot_be_used_is_said_and_the_measured_caption_is_written(
    folder, monkeypatch, tmp_path_factory, answer
):
    made = asked(folder, Model(answer), monkeypatch, tmp_path_factory)
    assert len(made.written) == 2 and all(text.startswith(f"{TOKEN}, a ") for text in made.written.values())
    assert all("measured, not described" in remark for remark in made.remarks.values()) and len(made.remarks) == 2


def test_light_over_the_whole_picture_is_no_camera(tmp_path, monkeypatch, tmp_path_factory):
    clip(tmp_path / "time" / "breathes.mp4", MOTIONS["breathes"][0])
    answer = {"scene": "A sea.", "motions": ["The camera pans over it."]}
    made = asked(tmp_path, Model(answer), monkeypatch, tmp_path_factory)
    assert "measured, not described" in made.remarks["time/breathes.mp4"]


@pytest.mark.parametrize(
    "answer",
    [
        {"scene": "A figure by the sea.", "motions": ["Waves roll."], "unsafe": ["nudity"]},
        {"scene": "A naked woman by the sea.", "motions": ["Waves roll."]},
    ],
    ids=["by its word", "by its words"],
)
def test_what_a_model_finds_unsafe_gets_no_caption(folder, monkeypatch, tmp_path_factory, answer):
    made = asked(folder, Model(answer), monkeypatch, tmp_path_factory)
    assert len(made.failed) == 2 and not made.written and not list(folder.glob("*/*.txt"))
    assert all(why.startswith("unsafe (") for why in made.failed.values())
    assert (folder / "captions.html").read_text("utf-8").count("unsafe (") == 2


def test_a_corrupt_clip_is_told_and_the_run_goes_on(folder, monkeypatch, tmp_path_factory):
    (folder / "time" / "torn.mp4").write_bytes(b"no video")
    made = asked(folder, None, monkeypatch, tmp_path_factory)
    assert list(made.failed) == ["time/torn.mp4"] and len(made.written) == 2
    assert not (folder / "time" / "torn.txt").exists()


def test_a_trigger_that_a_caption_has_by_itself_is_refused(folder, monkeypatch, tmp_path_factory):
    model = Model({"scene": f"A sign says {TOKEN}.", "motions": ["Waves roll."]})
    made = asked(folder, model, monkeypatch, tmp_path_factory)
    assert len(made.failed) == 2 and not list(folder.glob("*/*.txt"))


@pytest.mark.parametrize("token", ["motion", "1234", "M0t10n", "m 0", "m0", "m0t10n\n", "m0" * 20])
def test_a_trigger_is_no_word(folder, token):
    with pytest.raises(UsageError, match="such as m0t10n"):
        captions.caption(folder, token)


def vocabularies(folder):
    """The words of one tokenizer in every kind of file: mp3player is one, m0t10n none."""
    known = ["▁slow", "▁mp3player", "ing"]
    (folder / "vocab.json").write_text(json.dumps({"slow</w>": 0, "mp3player</w>": 1}), "utf-8")
    told = {"model": {"vocab": [[piece, -1.0] for piece in known]}}
    (folder / "tokenizer.json").write_text(json.dumps(told), "utf-8")
    lines = ["slow mp3player slow water"] * 50
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=40,
        hard_vocab_limit=False,
        minloglevel=2,
        model_type="word",
    )
    (folder / "spiece.model").write_bytes(model.getvalue())
    inside = {"spiece_model": np.frombuffer(model.getvalue(), np.uint8), "shared.weight": np.zeros((2, 2), np.float32)}
    save_file(inside, folder / "umt5.safetensors")
    return [folder / name for name in ("vocab.json", "tokenizer.json", "spiece.model", "umt5.safetensors")]


def test_a_trigger_is_no_word_of_a_tokenizer_either(tmp_path):
    for file in vocabularies(tmp_path):
        assert checked_token(TOKEN, file) == TOKEN
        with pytest.raises(UsageError, match=f"'mp3player' is a word to {file.name} already"):
            checked_token("mp3player", file)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("none.json", None, "No such file"),
        ("a.txt", b"slow", "give a text encoder"),
        ("a.json", b"{", "no vocabulary can be read"),
        ("a.json", b"[1, 2]", "lists no pieces"),
        ("a.json", b'{"model": {"vocab": 3}}', "lists no pieces"),
        ("a.model", b"\x00" * 100, "no vocabulary can be read"),
        ("a.safetensors", b"\xff" * 100, "no vocabulary can be read"),
        ("a.safetensors", save({"spiece_model": np.zeros(3, np.float32)}), "no row of bytes"),
        ("a.safetensors", save({"shared.weight": np.zeros(3, np.float32)}), "it has no spiece_model"),
    ],
)
def test_what_holds_no_vocabulary_is_told(tmp_path, name, data, why):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ModelError, match=why):
        checked_token(TOKEN, tmp_path / name)


def test_the_cost_is_told_before(folder):
    told = CliRunner().invoke(cli, ["dataset", "caption", str(folder), "--token", TOKEN, "--estimate", "--json"])
    assert json.loads(told.output) == {"clips": 2, "questions": 4}
    with pytest.raises(UsageError, match="no clips"):
        captions.caption(folder / "nowhere", TOKEN)
