"""What the tests of the backends share: a stand-in plate, a key to look for, backends pointed at a local server."""

from __future__ import annotations

import json

import google.genai  # noqa: F401  here, so that no test waits for it within its time limit
import numpy as np
import openai  # noqa: F401
from coverloop.core.prompt.ask.put import Asking
from coverloop.core.prompt.ask.registry import open_backend
from coverloop.core.prompt.ask.settings import Settings
from vlm_server import shape

KEY = "sk-test-0123456789-secret"
LIMIT = 3.0
MOVE = json.loads(shape("openai_good")["body"]["choices"][0]["message"]["content"])


def picture(size=96, seed=0):
    """A smooth sky over textured ground, as a stand-in for a plate."""
    rng = np.random.default_rng(seed)
    image = np.linspace((120, 150, 200), (60, 50, 40), size)[:, None] + np.zeros((1, size, 1))
    image[size // 2 :] += rng.normal(0, 25, (size - size // 2, size, 1))
    return np.clip(image, 0, 255).astype(np.uint8)


PLATE = picture()


def settings(protocol, url, **more):
    if protocol == "gemini":
        values = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": url}
    else:
        values = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{url}/v1", "COVERLOOP_VLM_MODEL": "qwen3-vl:8b"}
    return Settings({**values, "COVERLOOP_VLM_TIMEOUT": str(LIMIT), **more})


def asking(protocol, server, cache=None, **more):
    own = settings(protocol, server.url, **more)
    return Asking(open_backend(protocol, own), own, cache)
