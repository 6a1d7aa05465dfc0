"""Qwen2.5-VL and Qwen3-VL in this process, through `transformers`, from a folder of weights on this machine.

Nothing is downloaded, nothing but safetensors is loaded, no code that comes with the weights is run. The caller decides
where the model runs: `place` moves it and says on which device it now is (a node uses ComfyUI's model management).
The time a question may take is counted for the answer; loading the weights, once, comes on top.

    COVERLOOP_QWEN           the folder, as downloaded from the publisher
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from ....errors import ModelError, UsageError
from ...form.boxes import PIXELS, RELATIVE, BoxStyle
from ..protocol import Host, Request, Vlm, VlmError
from ..settings import Settings

# Qwen2.5-VL writes pixels of the picture it was sent, which is sent in a size it takes as it is; the others 0..1000.
_KINDS: dict[str, BoxStyle] = {
    "qwen2_vl": RELATIVE,
    "qwen2_5_vl": PIXELS,
    "qwen3_vl": RELATIVE,
    "qwen3_vl_moe": RELATIVE,
}
MAX_NEW_TOKENS = 1024


class Qwen:
    name = "qwen"
    in_process = True

    def __init__(self, folder: Path, place: Callable[[Any], Any] | None = None):
        """folder: as downloaded from the publisher (config.json, *.safetensors, tokenizer and processor files).

        place: (model) -> torch.device, called before each question.

        Raises:
            ModelError: no such folder, not a Qwen-VL, or no safetensors in it.
        """
        kind = _kind(folder)
        if kind not in _KINDS:
            raise ModelError(f"{folder.name}: is a {kind or 'model of unknown kind'}; give one of {', '.join(_KINDS)}")
        if not any(folder.glob("*.safetensors")):
            raise ModelError(f"{folder.name}: has no .safetensors file; download the weights again")
        self.model, self.boxes, self.sees = folder.name, _KINDS[kind], True
        self._folder, self._place = folder, place or _first_device
        self._loaded: tuple[Any, Any] | None = None

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            from transformers import AutoModelForImageTextToText, AutoProcessor

            here: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
            try:
                processor = AutoProcessor.from_pretrained(self._folder, **here)
                model = AutoModelForImageTextToText.from_pretrained(
                    self._folder, use_safetensors=True, torch_dtype="auto", **here
                )
            except Exception as error:
                raise VlmError(
                    f"{self.model} does not load ({type(error).__name__}); update transformers or download it again"
                ) from None
            self._loaded = model.eval(), processor
        return self._loaded

    def ask(self, request: Request) -> str:
        import torch
        from PIL import Image

        model, processor = self._load()
        device = self._place(model)
        content: list[dict[str, Any]] = [{"type": "text", "text": request.text}]
        images = None
        if request.jpeg is not None:
            images = [Image.open(io.BytesIO(request.jpeg)).convert("RGB")]
            content.insert(0, {"type": "image"})
        messages = [
            {"role": "system", "content": [{"type": "text", "text": request.system}]},
            {"role": "user", "content": content},
        ]
        prompt = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        inputs = processor(text=[prompt], images=images, return_tensors="pt").to(device)
        with torch.inference_mode():
            tokens = model.generate(
                **inputs, do_sample=False, max_new_tokens=MAX_NEW_TOKENS, max_time=max(0.1, request.seconds)
            )
        fresh = tokens[:, inputs["input_ids"].shape[1] :]
        return processor.batch_decode(fresh, skip_special_tokens=True)[0]


def _kind(folder: Path) -> str:
    try:
        document = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except OSError:
        raise ModelError(f"{folder.name or folder}: is not a folder with a config.json; check COVERLOOP_QWEN") from None
    except ValueError:
        raise ModelError(f"{folder.name}: its config.json is damaged; download it again") from None
    return str(document.get("model_type", "")) if isinstance(document, dict) else ""


def _first_device(model: Any) -> Any:
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)
    return device


@lru_cache(maxsize=1)
def _opened(folder: Path, place: Callable[[Any], Any] | None) -> Qwen:
    """The weights are loaded once, however often a node runs."""
    return Qwen(folder, place)


def _open(settings: Settings, host: Host) -> Qwen:
    folder = settings.get("COVERLOOP_QWEN")
    if not folder:
        raise UsageError("qwen needs COVERLOOP_QWEN: the folder with Qwen2.5-VL or Qwen3-VL weights")
    return _opened(host.models / Path(folder).expanduser(), host.place)


VLM = Vlm(
    open=_open,
    configured=lambda settings: bool(settings.get("COVERLOOP_QWEN")),
    rank=3,
    settings=("COVERLOOP_QWEN",),
    library="transformers",
    install="pip install transformers",
)
