"""Gemini through Google's own client library, `google-genai` (Apache-2.0).

GEMINI_API_KEY           or GOOGLE_API_KEY
GOOGLE_GEMINI_BASE_URL   another address for the Gemini protocol
"""

from __future__ import annotations

import re
from typing import Any

from ....errors import UsageError
from ...form.boxes import GEMINI
from ..protocol import Host, Request, Vlm, VlmError, seconds_of
from ..settings import Settings

DEFAULT_MODEL = "gemini-3.6-flash"


class Gemini:
    name = "gemini"
    boxes = GEMINI
    in_process = False

    def __init__(self, key: str, model: str = DEFAULT_MODEL, base_url: str = ""):
        self._key, self.model, self._base_url = key, model, base_url
        self.sees = True

    def ask(self, request: Request) -> str:
        from google import genai
        from google.genai import errors, types

        options = types.HttpOptions(
            base_url=self._base_url or None,
            timeout=max(1000, int(request.seconds * 1000)),
            retry_options=types.HttpRetryOptions(attempts=1),  # waiting is ours: it has to keep to the limit
        )
        config = types.GenerateContentConfig(
            system_instruction=request.system,
            response_mime_type="application/json",
            response_json_schema=request.wire,
            seed=0,  # and no temperature: Gemini 3 is made for its default and loops below it
            max_output_tokens=8192,
        )
        parts: list[Any] = [types.Part.from_text(text=request.text)]
        if request.jpeg is not None:
            parts.insert(0, types.Part.from_bytes(data=request.jpeg, mime_type="image/jpeg"))
        client = genai.Client(vertexai=False, api_key=self._key, http_options=options)
        try:
            response = client.models.generate_content(model=self.model, contents=parts, config=config)
        except errors.APIError as error:
            raise _fault(error) from None
        return _text(response)


def _text(response: Any) -> str:
    feedback = response.prompt_feedback
    if feedback is not None and feedback.block_reason is not None:
        raise VlmError(f"the picture or the words were refused ({_name(feedback.block_reason)})")
    if not response.candidates:
        raise VlmError("the answer was empty")
    candidate = response.candidates[0]
    reason = _name(candidate.finish_reason)
    parts = (candidate.content.parts if candidate.content else None) or []
    text = "".join(part.text for part in parts if part.text and not part.thought)
    if reason not in ("STOP", "MAX_TOKENS", "FINISH_REASON_UNSPECIFIED", ""):
        raise VlmError(f"the answer was refused ({reason})")
    if not text:
        raise VlmError(f"the answer was empty ({reason or 'no reason given'})")
    return text


def _name(value: Any) -> str:
    return getattr(value, "name", None) or str(value or "")


def _fault(error: Any) -> VlmError:
    if error.code == 429:
        return VlmError("rate limited (429)", _retry_delay(error))
    if error.code in (401, 403) or "API key" in str(error.message):
        return VlmError(f"the key was refused ({error.code}); check GEMINI_API_KEY")
    if error.code == 404:
        return VlmError("no such model (404); set COVERLOOP_VLM_MODEL to one that exists")
    return VlmError(
        f"the server answered {error.code} {error.status or ''}: {' '.join(str(error.message).split())[:160]}"
    )


def _retry_delay(error: Any) -> float | None:
    """Seconds from google.rpc.RetryInfo ("7s", "0.5s") or the Retry-After header."""
    details = error.details if isinstance(error.details, dict) else {}
    inner = details.get("error", details)
    for detail in inner.get("details") or [] if isinstance(inner, dict) else []:
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and re.fullmatch(r"\d{1,6}(?:\.\d{1,9})?s", delay):
            return float(delay[:-1])
    return seconds_of(getattr(error.response, "headers", {}).get("retry-after"))


def _key(settings: Settings) -> str:
    return settings.get("GEMINI_API_KEY") or settings.get("GOOGLE_API_KEY")


def _open(settings: Settings, host: Host) -> Gemini:
    if not _key(settings):
        raise UsageError("gemini needs a key: set GEMINI_API_KEY in the environment or ComfyUI's settings file")
    model = settings.get("COVERLOOP_VLM_MODEL") or DEFAULT_MODEL
    return Gemini(_key(settings), model, settings.get("GOOGLE_GEMINI_BASE_URL"))


VLM = Vlm(
    open=_open,
    configured=lambda settings: bool(_key(settings)),
    rank=1,
    settings=("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL"),
    library="google.genai",
    install="pip install google-genai (or coverloop[gemini])",
)
