"""Which model is asked, with which key: from the environment or ComfyUI's settings file, never from a widget.

A widget's value ends up in every saved file; a key must not. In ComfyUI's settings file
(`user/default/comfy.settings.json`) each name below is looked up as `CoverLoop.<NAME>`; the environment goes first.

    COVERLOOP_VLM            gemini, openai, qwen, offline or auto
    COVERLOOP_VLM_MODEL      the model's name, for gemini and openai
    COVERLOOP_VLM_TIMEOUT    seconds one question may take in all (60)
    GEMINI_API_KEY           or GOOGLE_API_KEY
    GOOGLE_GEMINI_BASE_URL   another address for the Gemini protocol
    OPENAI_API_KEY           not needed by most local servers
    OPENAI_BASE_URL          such as http://127.0.0.1:11434/v1 (Ollama, vLLM, llama.cpp, LM Studio)
    COVERLOOP_QWEN           folder with Qwen2.5-VL or Qwen3-VL weights, for asking in this process
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import UsageError

NAMES = (
    "COVERLOOP_VLM",
    "COVERLOOP_VLM_MODEL",
    "COVERLOOP_VLM_TIMEOUT",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GOOGLE_GEMINI_BASE_URL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "COVERLOOP_QWEN",
)
_SECRET = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY")
# Shapes of keys, for those that are not ours to know (a proxy's, quoted in its error page).
_KEY_SHAPES = re.compile(
    r"AIza[\w-]{20,}|\bsk-[\w-]{12,}|(?<=[?&]key=)[^&\s\"']+|(?i:(?<=bearer )|(?<=api_key=))[^\s\"',}]{6,}|(?<=://)[^/\s@]+(?=@)"
)
DEFAULT_TIMEOUT = 60.0


@dataclass(frozen=True)
class Settings:
    """Values by name. `repr` shows which names are set, never a value, so that a settings object can be logged."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, comfy_settings: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
        """From the environment, then from ComfyUI's settings file (missing or unreadable: as if it were empty)."""
        stored: Mapping[str, object] = {}
        if comfy_settings is not None:
            try:
                document = json.loads(comfy_settings.read_text(encoding="utf-8"))
                stored = document if isinstance(document, dict) else {}
            except (OSError, ValueError):
                stored = {}
        environ = os.environ if environ is None else environ
        found = {name: environ.get(name) or stored.get(f"CoverLoop.{name}") for name in NAMES}
        return cls({name: value.strip() for name, value in found.items() if isinstance(value, str) and value.strip()})

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def gemini_key(self) -> str:
        return self.get("GEMINI_API_KEY") or self.get("GOOGLE_API_KEY")

    @property
    def has_openai(self) -> bool:
        """An address, or a key with a model named: a key alone is often there for something else."""
        return bool(self.get("OPENAI_BASE_URL") or (self.get("OPENAI_API_KEY") and self.get("COVERLOOP_VLM_MODEL")))

    @property
    def timeout(self) -> float:
        """Seconds one question may take in all, 1..600.

        Raises:
            UsageError: COVERLOOP_VLM_TIMEOUT is not a number in that range.
        """
        text = self.get("COVERLOOP_VLM_TIMEOUT")
        try:
            seconds = float(text) if text else DEFAULT_TIMEOUT
        except ValueError:
            seconds = -1.0
        if not 1 <= seconds <= 600:
            raise UsageError(f"COVERLOOP_VLM_TIMEOUT is {text[:40]!r}; give seconds from 1 to 600")
        return seconds

    def scrub(self, text: str) -> str:
        """The text without any of the keys, ours or what looks like one, for messages, logs and caches."""
        for name in _SECRET:
            if len(self.get(name)) >= 6:
                text = text.replace(self.get(name), "[key]")
        return _KEY_SHAPES.sub("[key]", text)
