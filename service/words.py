"""What the pages say, in the languages there are: a file of `locales/` each."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request

HERE = Path(__file__).parent / "locales"
NODES = Path(__file__).resolve().parent.parent / "locales"
LANGUAGES = tuple(sorted(path.stem for path in HERE.glob("*.json")))
DEFAULT = "en"


@functools.cache
def words_of(language: str) -> Mapping[str, str]:
    return json.loads((HERE / f"{language}.json").read_text("utf-8"))


@functools.cache
def stages_of(language: str) -> Mapping[str, str]:
    """What works on a loop, by class of the node; the nodes' own names where they have one in this language."""
    path = NODES / language / "nodeDefs.json"
    nodes = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {name: node["display_name"] for name, node in nodes.items() if "display_name" in node}


def language_of(request: Request) -> str:
    """By `?lang=`, by the cookie that it leaves, by what the browser likes best of what there is."""
    for given in (request.query_params.get("lang"), request.cookies.get("lang")):
        if given in LANGUAGES:
            return given
    liked = []
    for place, part in enumerate(request.headers.get("accept-language", "").split(",")[:20]):
        name, _, quality = part.strip().partition(";q=")
        try:
            liked.append((-float(quality or 1), place, name[:2].lower()))
        except ValueError:
            continue
    return next((name for _, _, name in sorted(liked) if name in LANGUAGES), DEFAULT)
