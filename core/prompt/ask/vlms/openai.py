"""Any server that speaks OpenAI's chat protocol, through the `openai` library (Apache-2.0).

Ollama, vLLM, llama.cpp and LM Studio serve Qwen-VL this way.

    OPENAI_BASE_URL          such as http://127.0.0.1:11434/v1
    OPENAI_API_KEY           not needed by most local servers
    COVERLOOP_VLM_MODEL      not needed by a server with one model
"""

from __future__ import annotations

import base64
import re
from typing import Any

from ....errors import UsageError
from ...form.boxes import style_of
from ..protocol import BlindModel, Host, Request, Vlm, VlmError, seconds_of
from ..settings import Settings

_BLIND = re.compile(
    r"image input is not supported|mmproj|does not support (?:image|vision|multimodal)|not a multimodal", re.I
)
# Optional arguments, and how servers name them when they refuse them: many local ones know no JSON schemas, some
# hosted models take neither a temperature nor `max_tokens`.
_OPTIONAL = {
    "response_format": r"response_format|json_schema|grammar|schema",
    "max_tokens": r"max_tokens",
    "temperature": r"temperature",
    "seed": r"\bseed\b",
}


class OpenAICompatible:
    name = "openai"
    in_process = False

    def __init__(self, model: str, base_url: str = "", key: str = ""):
        """model: "" until `take_only_model`; base_url "": OpenAI's own."""
        self.model, self._base_url, self._key = model, base_url, key
        self.boxes = style_of(model)
        self.sees = True
        self._refused: list[str] = []  # optional arguments that this server turned out not to know

    def _client(self, seconds: float) -> Any:
        import openai

        return openai.OpenAI(
            api_key=self._key or "none", base_url=self._base_url or None, timeout=seconds, max_retries=0
        )

    def take_only_model(self) -> None:
        """Ask the server for its models, and use the one there is.

        Raises:
            VlmError: it does not say. UsageError: it has none, or several.
        """
        try:
            served = [entry.id for entry in self._client(5).models.list().data]
        except Exception as error:
            raise VlmError(f"the server at OPENAI_BASE_URL does not list its models ({type(error).__name__})") from None
        if len(served) != 1:
            named = ", ".join(str(name)[:60] for name in served[:8]) or "none"
            raise UsageError(f"set COVERLOOP_VLM_MODEL; the server has {len(served)} models: {named}")
        self.model, self.boxes = served[0], style_of(served[0])

    def ask(self, request: Request) -> str:
        import openai

        content: list[dict[str, Any]] = [{"type": "text", "text": request.text}]
        if request.jpeg is not None:
            url = "data:image/jpeg;base64," + base64.b64encode(request.jpeg).decode()
            content.insert(0, {"type": "image_url", "image_url": {"url": url}})
        arguments: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "system", "content": request.system}, {"role": "user", "content": content}],
            "temperature": 0,
            "seed": 0,
            "max_tokens": 2048,
            "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": request.wire}},
        }
        for name in self._refused:
            del arguments[name]
        try:
            response = self._client(request.seconds).chat.completions.create(**arguments)
        except openai.APIStatusError as error:
            if error.status_code in (400, 422) and (named := _names(str(error), arguments)):
                self._refused.append(named)
                return self.ask(request)
            raise _fault(error) from None
        except openai.APITimeoutError:
            raise VlmError(f"no answer within {request.seconds:.0f} s") from None
        except openai.APIConnectionError:
            raise VlmError("the server at OPENAI_BASE_URL is not reachable; is it running?") from None
        return _text(response)


def _names(message: str, arguments: dict[str, Any]) -> str:
    """The optional argument, among those sent, that a refusal names; "" when it is about something else."""
    named = (name for name, words in _OPTIONAL.items() if name in arguments and re.search(words, message, re.I))
    return next(named, "")


def _text(response: Any) -> str:
    if not getattr(response, "choices", None):
        raise VlmError("the answer was empty")
    choice = response.choices[0]
    if choice.finish_reason == "content_filter" or getattr(choice.message, "refusal", None):
        raise VlmError("the picture or the words were refused")
    if not isinstance(choice.message.content, str) or not choice.message.content.strip():
        raise VlmError(f"the answer was empty ({choice.finish_reason or 'no reason given'})")
    return choice.message.content


def _fault(error: Any) -> VlmError:
    said = " ".join(str(error.message).split())[:160]
    if _BLIND.search(str(error)):
        return BlindModel(said)
    if error.status_code == 429:
        return VlmError("rate limited (429)", seconds_of(error.response.headers.get("retry-after")))
    if error.status_code in (401, 403):
        return VlmError(f"the key was refused ({error.status_code}); check OPENAI_API_KEY")
    if error.status_code == 404:
        return VlmError("no such model or address (404); check COVERLOOP_VLM_MODEL and OPENAI_BASE_URL")
    return VlmError(f"the server answered {error.status_code}: {said}")


def _configured(settings: Settings) -> bool:
    """An address, or a key with a model named: a key alone is often there for something else."""
    named = settings.get("OPENAI_API_KEY") and settings.get("COVERLOOP_VLM_MODEL")
    return bool(settings.get("OPENAI_BASE_URL") or named)


def _open(settings: Settings, host: Host) -> OpenAICompatible:
    base_url, key = settings.get("OPENAI_BASE_URL"), settings.get("OPENAI_API_KEY")
    if not base_url and not key:
        raise UsageError("openai needs OPENAI_BASE_URL (a local server) or OPENAI_API_KEY")
    if base_url and not base_url.startswith(("http://", "https://")):
        raise UsageError(f"OPENAI_BASE_URL {settings.scrub(base_url)[:80]!r} must begin with http:// or https://")
    backend = OpenAICompatible(settings.get("COVERLOOP_VLM_MODEL"), base_url, key)
    if not backend.model:
        backend.take_only_model()
    return backend


VLM = Vlm(
    open=_open,
    configured=_configured,
    rank=2,
    settings=("OPENAI_BASE_URL", "OPENAI_API_KEY"),
    library="openai",
    install="pip install openai (or coverloop[openai])",
)
