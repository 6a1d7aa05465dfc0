"""Which model is asked with which settings, what is said when something is missing, and answers kept in a folder."""

import base64
import importlib.util
import json

import pytest
from coverloop.core.errors import ModelError, UsageError
from coverloop.core.prompt.ask.protocol import VlmError
from coverloop.core.prompt.ask.put import put
from coverloop.core.prompt.ask.registry import open_backend, open_or_offline, setting_names
from coverloop.core.prompt.ask.settings import Settings
from coverloop.core.prompt.form.questions import judge_question, move_question
from coverloop.core.prompt.looks import motion_prompt
from coverloop.core.prompt.words.wish import read_wish
from secret_scan import files_with
from vlm_asking import KEY, PLATE, asking, picture, settings
from vlm_server import VlmServer


class TestCache:
    def test_the_same_question_is_asked_once(self, tmp_path):
        with VlmServer("openai_good") as server:
            first = motion_prompt(PLATE, asking("openai", server, cache=tmp_path))
            again = motion_prompt(PLATE, asking("openai", server, cache=tmp_path))
            assert len(server.requests) == 1 and again.report["cached"] and again.recipe == first.recipe
            motion_prompt(picture(seed=1), asking("openai", server, cache=tmp_path))
            motion_prompt(PLATE, asking("openai", server, cache=tmp_path), wish=read_wish("snow"))
            motion_prompt(PLATE, asking("openai", server, cache=tmp_path, COVERLOOP_VLM_MODEL="other"))
        assert len(server.requests) == 4
        assert files_with(KEY, tmp_path) == []

    @pytest.mark.parametrize("damage", ["", "{", "[]", '{"text": 3}', '{"text": "{}"}'])
    def test_a_damaged_entry_is_asked_anew(self, damage, tmp_path):
        with VlmServer("openai_good") as server:
            put(move_question(PLATE), asking("openai", server, cache=tmp_path))
            for path in tmp_path.iterdir():
                path.write_text(damage, "utf-8")
            given = put(move_question(PLATE), asking("openai", server, cache=tmp_path))
        assert given.answer is not None and not given.cached

    def test_bad_answers_are_not_kept_and_a_missing_folder_is_no_fault(self, tmp_path):
        with VlmServer("openai_truncated") as server:
            put(move_question(PLATE), asking("openai", server, cache=tmp_path))
        assert list(tmp_path.iterdir()) == []
        (tmp_path / "file").write_text("")
        with VlmServer("openai_good") as server:
            given = put(move_question(PLATE), asking("openai", server, cache=tmp_path / "file" / "cache"))
        assert given.answer is not None


class TestSettings:
    def test_environment_goes_before_comfyuis_settings_file(self, tmp_path):
        path = tmp_path / "comfy.settings.json"
        path.write_text(json.dumps({"CoverLoop.OPENAI_BASE_URL": "http://a/v1", "CoverLoop.COVERLOOP_VLM": "openai"}))
        read = Settings.read(setting_names(), path, {"OPENAI_BASE_URL": "http://b/v1", "HOME": "/x"})
        assert (read.get("OPENAI_BASE_URL"), read.get("COVERLOOP_VLM")) == ("http://b/v1", "openai")
        path.write_text("{damaged")
        assert (
            Settings.read(setting_names(), path, {}).values
            == {}
            == Settings.read(setting_names(), tmp_path / "none", {}).values
        )

    def test_keys_never_show(self):
        own = Settings({"GEMINI_API_KEY": KEY})
        assert KEY not in repr(own)
        for text in (
            f"bad key {KEY}",
            f"https://x/?key={KEY}&a=1",
            "Authorization: Bearer abcdefgh12345",
            "http://me:pw@host/",
        ):
            clean = own.scrub(text)
            assert "[key]" in clean and not {KEY, "abcdefgh12345", "me:pw"} & set(
                clean.replace("@", " ").replace("//", " ").split()
            )

    @pytest.mark.parametrize(
        "values, name",
        [
            ({}, None),
            ({"GOOGLE_API_KEY": KEY}, "gemini"),
            ({"GEMINI_API_KEY": KEY, "OPENAI_BASE_URL": "http://h/v1", "COVERLOOP_VLM_MODEL": "m"}, "gemini"),
            ({"OPENAI_BASE_URL": "http://h/v1", "COVERLOOP_VLM_MODEL": "m"}, "openai"),
            ({"OPENAI_API_KEY": KEY}, None),  # a key for something else does not send covers anywhere
            ({"GEMINI_API_KEY": KEY, "COVERLOOP_VLM": "offline"}, None),
        ],
    )
    def test_auto_takes_what_is_configured(self, values, name):
        assert getattr(open_backend("auto", Settings(values)), "name", None) == name

    @pytest.mark.parametrize(
        "name, values, message",
        [
            ("nosuch", {}, "choose one of auto, .*gemini"),
            ("gemini", {}, "set GEMINI_API_KEY"),
            ("openai", {}, "OPENAI_BASE_URL"),
            ("openai", {"OPENAI_BASE_URL": "localhost:11434"}, "must begin with http"),
            ("qwen", {}, "COVERLOOP_QWEN"),
            ("qwen", {"COVERLOOP_QWEN": "/nowhere/at/all"}, "config.json"),
        ],
    )
    def test_what_is_missing_is_said(self, name, values, message):
        with pytest.raises((UsageError, ModelError), match=message):
            open_backend(name, Settings(values))
        offline = open_or_offline(name, Settings(values))
        assert offline.backend is None and "offline instead" in offline.remarks[0]
        assert motion_prompt(PLATE, offline).report["warnings"] == list(offline.remarks)

    @pytest.mark.parametrize("name", ["gemini", "openai"])
    def test_a_missing_library_is_named(self, name, monkeypatch):
        real = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda module: None if module in ("google.genai", "openai") else real(module),
        )
        with pytest.raises(VlmError, match=f"coverloop\\[{name}\\]"):
            open_backend(name, settings(name, "http://127.0.0.1:9"))

    @pytest.mark.parametrize("text", ["soon", "0", "601", "nan"])
    def test_a_bad_time_limit(self, text):
        with pytest.raises(UsageError, match="seconds from 1 to 600"):
            Settings({"COVERLOOP_VLM_TIMEOUT": text}).timeout


def test_the_secret_scan_finds_what_it_should(tmp_path):
    """The scan that whole runs are checked with must not pass by being blind."""
    from PIL import Image, PngImagePlugin

    for index, data in enumerate(
        [KEY.encode(), KEY.encode("utf-16-le"), base64.b64encode(b"xy" + KEY.encode()), b"clean"]
    ):
        (tmp_path / f"{index}.bin").write_bytes(data)
    text = PngImagePlugin.PngInfo()
    text.add_text("prompt", f"key: {KEY} " * 20, zip=True)
    Image.new("RGB", (4, 4)).save(tmp_path / "4.png", pnginfo=text)
    assert [path.stem for path in files_with(KEY, tmp_path)] == ["0", "1", "2", "4"]


def test_questions_are_kept_apart_by_version_model_and_picture():
    question = move_question(PLATE)
    assert question.key("a") == move_question(PLATE).key("a")
    others = [question.key("b"), move_question(picture(seed=2)).key("a"), judge_question(PLATE, []).key("a")]
    assert len({question.key("a"), *others}) == 4
