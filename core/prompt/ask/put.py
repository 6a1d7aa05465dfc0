"""One question put to a vision-language model, always coming back: with an answer, or the reason why not.

Cache, time limit, one wait for a rate limit, one more try after a bad answer. Knows nothing of what the questions mean,
and nothing of ComfyUI: who needs an interrupt hands it in.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from ..form.answers import Answer
from ..form.boxes import BadAnswer
from ..form.parse import MAX_ANSWER, parse
from ..form.questions import Question
from .cache import keep, kept
from .protocol import Backend, BlindModel, Request, VlmError
from .settings import Settings

log = logging.getLogger(__name__)

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True)
class Given(Generic[A]):
    """What came of a question: the answer or None, who gave it, and in plain words whatever was out of the ordinary."""

    answer: A | None
    by: str
    warnings: tuple[str, ...] = ()
    cached: bool = False


@dataclass(frozen=True)
class Asking:
    """Everything about asking that is not the question: backend (None: offline), settings, cache folder, interrupt.

    poll: called a few times a second while a server is waited for; raises to give up (ComfyUI's Cancel).
    remarks: what happened when the backend was chosen, for the report.
    """

    backend: Backend | None = None
    settings: Settings = field(default_factory=Settings)
    cache: Path | None = None
    poll: Callable[[], None] = lambda: None
    remarks: tuple[str, ...] = ()


def put(question: Question, asking: Asking) -> Given:
    """One question to the backend, within the settings' time limit in all. Raises nothing but what `poll` raises."""
    backend, settings = asking.backend, asking.settings
    if backend is None:
        return Given(None, "offline")
    by = f"{backend.name} {settings.scrub(_shown(backend.model))}"
    known = kept(asking.cache, question.key(by)) if asking.cache else None
    if known is not None:
        try:
            return Given(_checked(known, question)[0], by, cached=True)
        except BadAnswer:
            log.info("a kept answer no longer follows its schema; asking again")
    warnings: list[str] = []
    answer: Answer | None = None
    try:
        answer, text = _converse(question, backend, asking, warnings)
        if asking.cache:
            keep(asking.cache, question.key(by), text)
    except VlmError as error:
        warnings.append(f"{backend.name} was asked about {question.name!r}: {error}")
    return Given(answer, by, tuple(settings.scrub(warning) for warning in warnings))


def _shown(model: str) -> str:
    """A model's name; of a path on the server's machine, the last part only."""
    return re.split(r"[\\/]", model)[-1] if re.match(r"[/~]|[A-Za-z]:\\", model) else model


def _converse(question: Question, backend: Backend, asking: Asking, warnings: list[str]) -> tuple[Answer, str]:
    """Ask; wait once if the server says so; send one bad answer back; do without the picture if it must be.

    Returns the answer and the text it was read from; adds what was out of the ordinary to `warnings`.
    """
    deadline = time.monotonic() + asking.settings.timeout
    complaint, waited = "", False
    while True:
        left = deadline - time.monotonic()
        if left <= 0.05:
            raise VlmError(f"no usable answer within {asking.settings.timeout:g} s")
        request = _request(question, backend.sees, complaint, left)
        try:
            text = asking.settings.scrub(_within(backend, request, asking)[: MAX_ANSWER + 1])
        except BlindModel:
            backend.sees = False
            warnings.append(f"{_shown(backend.model)} sees no pictures; it was told what was measured on this one")
            continue
        except VlmError as error:
            pause = error.retry_after
            if pause is None or waited or pause >= deadline - time.monotonic():
                raise
            log.info("%s asks to wait %.1f s", backend.name, pause)
            _sleep(pause, asking.poll)
            waited = True
            continue
        try:
            answer, repairs = _checked(text, question)
            warnings += [f"repaired: {repair}" for repair in repairs]
            return answer, text
        except BadAnswer as fault:
            if complaint:
                raise VlmError(f"two answers were of no use; the last: {fault}") from None
            complaint = str(fault)
            warnings.append(f"asked once more: {fault}")


def _request(question: Question, sees: bool, complaint: str, seconds: float) -> Request:
    text = question.text
    if not sees and question.picture is not None:
        text += f"\n\nYou cannot see the picture. What was measured on it: {question.measured or 'nothing'}."
    if complaint:
        text += f"\n\nYour last answer could not be used: {complaint}. Answer again, with the JSON only."
    return Request(question.system, text, question.jpeg() if sees else None, question.wire, seconds)


def _checked(text: str, question: Question) -> tuple[Answer, tuple[str, ...]]:
    parsed = parse(text, question.schema)
    question.check(parsed.answer)
    return parsed.answer, parsed.repairs


def _within(backend: Backend, request: Request, asking: Asking) -> str:
    """The backend's text, or VlmError: whatever its library raises, and when the time is over.

    A library's own timeout is one for each read, which a server that drips a byte a second never reaches; so the call
    runs in a thread of its own, which is left behind when the time is over.
    """
    outcome: list[str | Exception] = []

    def call() -> None:
        try:
            outcome.append(backend.ask(request))
        except Exception as error:
            outcome.append(error)

    if backend.in_process:
        call()
    else:
        worker = threading.Thread(target=call, name=f"coverloop-{backend.name}", daemon=True)
        worker.start()
        end = time.monotonic() + request.seconds
        while worker.is_alive() and time.monotonic() < end:
            worker.join(min(0.2, max(0.01, end - time.monotonic())))
            asking.poll()
    if not outcome:
        raise VlmError(f"no answer within {request.seconds:.0f} s")
    result = outcome[0]
    if isinstance(result, VlmError):
        raise result
    if isinstance(result, Exception):
        raise VlmError(_one_line(result)) from None
    return result


def _one_line(error: BaseException) -> str:
    """A library's error in one short line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _sleep(seconds: float, poll: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(0.2, left))
        poll()
