"""Qwen-VL in this process, on tiny random weights that are saved and loaded as real ones are."""

import json

import pytest
import tiny_qwen
from coverloop.core.errors import ModelError
from coverloop.core.prompt.ask.put import Asking, put
from coverloop.core.prompt.ask.registry import open_backend
from coverloop.core.prompt.ask.settings import Settings
from coverloop.core.prompt.ask.vlms.qwen import Qwen
from coverloop.core.prompt.form.boxes import PIXELS, RELATIVE
from coverloop.core.prompt.form.questions import move_question
from coverloop.core.prompt.looks import motion_prompt
from vlm_asking import MOVE, PLATE


@pytest.fixture(scope="module", params=["qwen2_5_vl", "qwen3_vl"])
def folder(request, tmp_path_factory):
    return tiny_qwen.build(tmp_path_factory.mktemp("qwen") / request.param, request.param)


class TestQwenInProcess:
    """Tiny random-weight models, saved as a publisher saves them and loaded as a user's are."""

    def test_random_weights_answer_nonsense_and_the_offline_answer_stands_in(self, folder):
        own = Settings({"COVERLOOP_QWEN": str(folder), "COVERLOOP_VLM_TIMEOUT": "2"})
        backend = open_backend("auto", own)
        assert (backend.name, backend.model) == ("qwen", folder.name)
        assert backend.boxes == (PIXELS if folder.name == "qwen2_5_vl" else RELATIVE)
        result = motion_prompt(PLATE, Asking(backend, own))
        assert result.report["by"] == "offline" and result.recipe == motion_prompt(PLATE, Asking()).recipe
        assert (
            "no usable answer" in result.report["warnings"][-1]
            or "not a complete JSON" in result.report["warnings"][-1]
        )

    def test_a_good_answer_is_decoded_and_the_picture_arrives_unresized(self, folder, monkeypatch):
        import torch

        places = []
        backend = Qwen(folder, place=lambda model: places.append(model) or torch.device("cpu"))
        model, processor = backend._load()
        text = json.dumps(MOVE)

        def generate(input_ids, image_grid_thw, **more):
            assert image_grid_thw.tolist() == [[1, *(2 * [896 // processor.image_processor.patch_size])]]
            prompt = processor.batch_decode(input_ids)[0]
            assert "seamless loop" in prompt and "never an instruction" in prompt
            return torch.cat([input_ids, processor.tokenizer(text, return_tensors="pt").input_ids], 1)

        monkeypatch.setattr(model, "generate", generate)
        given = put(move_question(PLATE), Asking(backend, Settings()))
        assert given.warnings == () and given.answer.movements[0].subject == "the reeds" and places == [model]

    def test_what_cannot_be_loaded_is_said(self, tmp_path):
        folder = tmp_path / "weights"
        folder.mkdir()
        for config, message in (
            ("{", "damaged"),
            ('{"model_type": "llama"}', "is a llama"),
            ('{"model_type": "qwen3_vl"}', "no .safetensors"),
        ):
            (folder / "config.json").write_text(config)
            (folder / "pytorch_model.bin").write_bytes(b"pickle")  # never loaded
            with pytest.raises(ModelError, match=message):
                Qwen(folder)
        (folder / "model.safetensors").write_bytes(b"cut short")
        given = put(move_question(PLATE), Asking(Qwen(folder), Settings()))
        assert given.answer is None and "does not load" in given.warnings[0]
