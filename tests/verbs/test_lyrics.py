"""`coverloop lyrics`: words, their picture, and lyrics by a model that speaks the OpenAI protocol."""

import json

import platformdirs
import pytest
from coverloop.orchestrator.cli.main import main
from PIL import Image
from vlm_server import VlmServer, openai

ANSWER = {
    "title": "밤의 기차",
    "parts": [
        {"part": "verse", "lines": ["밤 기차를 타고 바다로", "파도 소리를 걷는 우리"]},
        {"part": "chorus", "lines": ["별빛이 내리는 바다", "기차는 멈추지 않아"]},
    ],
}
TEXT = "[verse]\n밤 기차를 타고 바다로\n파도 소리를 걷는 우리\n\n[chorus]\n별빛이 내리는 바다\n기차는 멈추지 않아\n"
SECRET = "sk-0123456789abcdef0123456789abcdef"


@pytest.fixture
def pile(tmp_path, monkeypatch):
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *args, **kwargs: tmp_path / "cache")
    (tmp_path / "pile.txt").write_text(
        f"밤바다와 기차\n기차를 탄 밤, 바다와 파도\n파도와 별빛 {SECRET}\n별빛 아래 걷는 밤", "utf-8"
    )
    return tmp_path


def call(pile, *more, backend="openai"):
    return main(["lyrics", str(pile / "pile.txt"), "--out", str(pile / "song.txt"), "--backend", backend, *more])


def test_lyrics_their_words_and_a_picture(pile, capsys, monkeypatch):
    with VlmServer(openai(json.dumps(ANSWER))) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        assert call(pile, "--about", "여름의 끝") == 0
    told = capsys.readouterr().out
    assert "기차 2" in told and "song.txt  밤의 기차, by openai" in told
    assert (pile / "song.txt").read_text("utf-8") == TEXT
    record = json.loads((pile / "song.json").read_text("utf-8"))
    assert {"word": "기차", "language": "ko", "count": 2} in record["words"]
    assert record["lyrics"]["language"] == "ko" and record["lyrics"]["text"] == TEXT
    with Image.open(pile / "song.png") as picture:
        assert picture.size == (1600, 1000)
    sent = json.dumps(server.requests[0][2], ensure_ascii=False)
    assert "기차" in sent and "여름의 끝" in sent and SECRET not in sent and "탄 밤" not in sent


def test_offline_gives_the_words(pile, capsys):
    assert call(pile, backend="offline") == 0
    assert "song.json: no lyrics" in capsys.readouterr().out
    assert sorted(path.name for path in pile.glob("song.*")) == ["song.json", "song.png"]


@pytest.mark.parametrize("backend", ["auto", "openai"])
def test_without_a_model_that_one_is_needed_is_said(pile, capsys, monkeypatch, backend):
    replies = [openai("I will not.")]
    with VlmServer(*replies) as server:
        if backend == "openai":
            monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        assert call(pile, backend=backend) == (1 if backend == "openai" else 2)
    told = capsys.readouterr().err.strip()
    assert ("no lyrics: " if backend == "openai" else "lyrics are written by a model and none is configured") in told
    assert "the words are in song.json and song.png" in told and len(told.splitlines()) == 1
    assert sorted(path.name for path in pile.glob("song.*")) == ["song.json", "song.png"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--out", "song.md"], "lyrics are a text"),
        (["--out", "nowhere/song.txt"], "no such folder"),
        (["--out", "pile.txt"], "would be written over"),
        (["--font", "pile.txt"], "is no font that can be read"),
        (["--backend", "nobody"], "backend 'nobody' is not known"),
        (["--language", "la"], "'la' is not one of"),
    ],
    ids=str,
)
def test_calls_that_must_be_mended(pile, capsys, monkeypatch, more, says):
    monkeypatch.chdir(pile)
    assert call(pile, *more, backend="offline") == 2 and says in capsys.readouterr().err
    assert not list(pile.glob("song.*"))


def test_texts_without_a_word(pile, capsys):
    (pile / "pile.txt").write_text("the and of\n그리고 1234 ㅋㅋ\n", "utf-8")
    assert call(pile, backend="offline") == 2
    assert "nothing but noise words" in capsys.readouterr().err and not list(pile.glob("song.*"))
