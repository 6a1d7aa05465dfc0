"""Which model is asked, with which key: from the environment or ComfyUI's settings file, never from a widget.

A widget's value ends up in every saved file; a key must not. In ComfyUI's settings file
(`user/default/comfy.settings.json`) each name is looked up as `CoverLoop.<NAME>`; the environment goes first. For any
model:

    COVERLOOP_VLM            its name, "offline" or "auto"
    COVERLOOP_VLM_MODEL      which model of a server
    COVERLOOP_VLM_TIMEOUT    seconds one question may take in all (60)

What else there is to set stands in the model's file in `vlms/`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import UsageError

COMMON = ("COVERLOOP_VLM", "COVERLOOP_VLM_MODEL", "COVERLOOP_VLM_TIMEOUT")
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
    def read(
        cls, names: Iterable[str], comfy_settings: Path | None = None, environ: Mapping[str, str] | None = None
    ) -> Settings:
        """From the environment, then from ComfyUI's settings file (missing or unreadable: as if it were empty)."""
        stored: Mapping[str, object] = {}
        if comfy_settings is not None:
            try:
                document = json.loads(comfy_settings.read_text(encoding="utf-8"))
                stored = document if isinstance(document, dict) else {}
            except (OSError, ValueError):
                stored = {}
        environ = os.environ if environ is None else environ
        found = {name: environ.get(name) or stored.get(f"CoverLoop.{name}") for name in names}
        return cls({name: value.strip() for name, value in found.items() if isinstance(value, str) and value.strip()})

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    def public(self) -> dict[str, str]:
        """Every value that is set; of a key only that it is."""
        return {name: "set" if name.endswith("_KEY") else self.scrub(value) for name, value in self.values.items()}

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
        for name, value in self.values.items():
            if name.endswith("_KEY") and len(value) >= 6:
                text = text.replace(value, "[key]")
        return _KEY_SHAPES.sub("[key]", text)
