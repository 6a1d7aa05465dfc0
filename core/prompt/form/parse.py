"""A model's text -> one JSON document -> a checked answer, or `BadAnswer` with a one-line message to send back.

Code fences, talk before and after, a "thinking" block, a wrapping object and trailing commas are repaired. Two
different documents in one text, a key given twice, a number that is none or a document cut short are not: nobody can
tell what was meant.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from .answers import Answer
from .boxes import BadAnswer

MAX_ANSWER = 65_536  # characters; a good answer to any of the questions is under 8,000
_MAX_STARTS = 24  # places where a JSON document may begin that are tried

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True)
class Parsed(Generic[A]):
    answer: A
    repairs: tuple[str, ...] = ()


def parse(text: str, schema: type[A]) -> Parsed[A]:
    """A model's text as an answer of the given schema.

    Raises:
        BadAnswer: not one JSON document, or not of the schema. The message names the field, in one line.
    """
    document, repairs = read_json(text)
    if isinstance(document, dict) and len(document) == 1 and not document.keys() & schema.model_fields.keys():
        inner = next(iter(document.values()))
        if isinstance(inner, dict):
            document = inner
            repairs.append("took the answer out of a wrapping object")
    if isinstance(document, list):
        name = next(name for name, field in schema.model_fields.items() if field.is_required())
        document = {name: document}
        repairs.append(f"took a bare list as {name!r}")
    if not isinstance(document, dict):
        raise BadAnswer("the answer must be one JSON object")
    try:
        return Parsed(schema.model_validate(document), tuple(repairs))
    except ValidationError as error:
        raise BadAnswer(_one_line(error)) from None
    except RecursionError:
        raise BadAnswer("the answer is nested too deeply") from None


def read_json(text: str) -> tuple[Any, list[str]]:
    """The one JSON document in a text, and what was repaired to read it."""
    if len(text) > MAX_ANSWER:
        raise BadAnswer(f"the answer has {len(text)} characters; the limit is {MAX_ANSWER}")
    body = re.sub(r"<think>.*?</think>", "", text, count=4, flags=re.DOTALL).strip("\ufeff \t\r\n`")
    repairs: list[str] = []
    documents = _documents(body)
    if not documents:
        mended = re.sub(r",(\s*[}\]])", r"\1", body)
        documents = _documents(mended) if mended != body else []
        repairs += ["dropped a trailing comma"] if documents else []
    if not documents:
        raise BadAnswer("the answer is not a complete JSON object; answer with the JSON only")
    if any(other != documents[0] for other in documents[1:]):
        raise BadAnswer(f"the answer holds {len(documents)} different JSON documents; give one")
    if body[:1] not in "{[" or body[-1:] not in "}]":
        repairs.append("dropped the text around the JSON")
    return documents[0], repairs


def _documents(body: str) -> list[Any]:
    """Every JSON object or list that stands in the text by itself, in order."""
    decoder = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    found, at = [], 0
    for _ in range(_MAX_STARTS):
        start = re.compile(r"[{\[]").search(body, at)
        if start is None:
            break
        try:
            document, at = decoder.raw_decode(body, start.start())
        except (ValueError, RecursionError):
            # A document that fails is not searched for smaller ones inside it: a part of a broken answer is not
            # what was meant. Talk such as "[note]" before the document is stepped over.
            if body.startswith("{", start.start()):
                break
            at = start.end()
            continue
        if isinstance(document, dict) or (document and isinstance(document[0], dict)):
            found.append(document)
    return found


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key is given twice")
    return document


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _one_line(error: ValidationError) -> str:
    """At most three faults: where, what was wrong, with which value."""
    faults = []
    for fault in error.errors(include_url=False, include_context=False)[:3]:
        where = ".".join(str(part) for part in fault["loc"]) or "the answer"
        value = fault["input"]
        shown = "" if isinstance(value, dict | list) else f" (got {json.dumps(str(value)[:40])})"
        faults.append(f"{where}: {fault['msg'].removeprefix('Value error, ')}{shown}")
    return "; ".join(re.sub(r"\s+", " ", fault) for fault in faults)
