"""Asking a vision-language model, whichever it is, and always coming back: with an answer or the reason why not.

    Backend        what each of vlm_gemini.py, vlm_openai.py, vlm_qwen.py is: a name, a model, its box habit, `ask`
    open_backend   "auto", "gemini", "openai", "qwen" or "offline" -> a backend; None is offline
    put            one question to one backend: cache, time limit, rate limits, one more try after a bad answer

Knows nothing of what the questions mean, and nothing of ComfyUI: who needs a device or an interrupt hands them in.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar
from uuid import uuid4

from ...errors import CoverLoopError, UsageError
from ..form.answers import Answer
from ..form.boxes import BadAnswer, BoxStyle
from ..form.parse import MAX_ANSWER, parse
from ..form.questions import Question
from .settings import Settings

log = logging.getLogger(__name__)

BACKENDS = ("auto", "gemini", "openai", "qwen", "offline")
A = TypeVar("A", bound=Answer)


class VlmError(CoverLoopError):
    """A model could not be asked or did not answer. `retry_after`: seconds the server asks to wait, or None."""

    def __init__(self, message: str, retry_after: float | None = None):
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Request:
    """What a backend sends. jpeg: None for a model that sees no pictures; seconds: how long it may take."""

    system: str
    text: str
    jpeg: bytes | None
    wire: dict[str, Any]
    seconds: float


class Backend(Protocol):
    name: str
    model: str
    boxes: BoxStyle
    in_process: bool  # keeps to `Request.seconds` by itself and must not be left running in a thread
    sees: bool  # False once the model turned out to take no pictures

    def ask(self, request: Request) -> str:
        """The model's text. Raises VlmError, or whatever its library raises."""
        ...


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


def open_backend(name: str, settings: Settings, qwen: Callable[[Path], Backend] | None = None) -> Backend | None:
    """The backend of that name; None is offline.

    "auto" takes what is configured: COVERLOOP_VLM, else a Gemini key, else OPENAI_BASE_URL or an OpenAI key with
    COVERLOOP_VLM_MODEL, else COVERLOOP_QWEN, else offline. qwen: how to load a Qwen-VL folder (a node hands in
    ComfyUI's device management); by default plainly, on the CPU or the first GPU.

    Raises:
        UsageError: unknown name, or not configured (which setting is missing is said).
        VlmError: its library is not installed.
    """
    if name == "auto":
        name = settings.get("COVERLOOP_VLM") or "auto"
    if name not in BACKENDS:
        raise UsageError(f"backend {name[:40]!r} is not known; choose one of {', '.join(BACKENDS)}")
    if name == "auto":
        name = _configured(settings)
    if name == "gemini":
        from .gemini import Gemini

        _need("google.genai", "google-genai", "gemini")
        return Gemini.configured(settings)
    if name == "openai":
        from .openai import OpenAICompatible

        _need("openai", "openai", "openai")
        return OpenAICompatible.configured(settings)
    if name == "qwen":
        from .qwen import Qwen

        _need("transformers", "transformers", "")
        folder = settings.get("COVERLOOP_QWEN")
        if not folder:
            raise UsageError("qwen needs COVERLOOP_QWEN: the folder with Qwen2.5-VL or Qwen3-VL weights")
        return (qwen or Qwen)(Path(folder).expanduser())
    return None


def _configured(settings: Settings) -> str:
    if settings.gemini_key:
        return "gemini"
    if settings.has_openai:
        return "openai"
    return "qwen" if settings.get("COVERLOOP_QWEN") else "offline"


def _need(module: str, package: str, extra: str) -> None:
    try:
        found = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        how = f"pip install {package}" + (f" (or coverloop[{extra}])" if extra else "")
        raise VlmError(f"the {package} library is not installed; {how}, or use the offline backend")


def put(question: Question, asking: Asking) -> Given:
    """One question to the backend, within the settings' time limit in all. Raises nothing but what `poll` raises."""
    backend, settings = asking.backend, asking.settings
    if backend is None:
        return Given(None, "offline")
    by = f"{backend.name} {settings.scrub(_shown(backend.model))}"
    kept = _kept(asking.cache, question.key(by)) if asking.cache else None
    if kept is not None:
        try:
            return Given(_checked(kept, question)[0], by, cached=True)
        except BadAnswer:
            log.info("a kept answer no longer follows its schema; asking again")
    warnings: list[str] = []
    answer: Answer | None = None
    try:
        answer, text = _converse(question, backend, asking, warnings)
        if asking.cache:
            _keep(asking.cache, question.key(by), text)
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


class BlindModel(VlmError):
    """The server says that its model takes no pictures."""


def _request(question: Question, sees: bool, complaint: str, seconds: float) -> Request:
    text = question.text
    if not sees:
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
        raise VlmError(one_line(result)) from None
    return result


def seconds_of(header: str | None) -> float | None:
    """A Retry-After header in seconds; the date form, which rate limits do not use, is not read."""
    return float(header) if header and re.fullmatch(r"\s*\d{1,6}(?:\.\d+)?\s*", header) else None


def one_line(error: BaseException) -> str:
    """A library's error in one short line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _sleep(seconds: float, poll: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(0.2, left))
        poll()


def _kept(folder: Path, key: str) -> str | None:
    try:
        document = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        return document["text"] if isinstance(document["text"], str) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(folder: Path, key: str, text: str) -> None:
    """Keep an answer; a folder that cannot be written costs the next run a question, nothing else."""
    partial = folder / f"{key}.{uuid4().hex}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({"text": text}, ensure_ascii=False), encoding="utf-8")
        partial.replace(folder / f"{key}.json")
    except OSError as error:
        log.warning("answers cannot be kept in %s (%s)", folder, error.strerror)
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def open_or_offline(name: str, settings: Settings, qwen: Callable[[Path], Backend] | None = None) -> Asking:
    """As `open_backend`, for a node: a backend that cannot be opened becomes the offline one, with a remark."""
    try:
        return Asking(open_backend(name, settings, qwen), settings)
    except CoverLoopError as error:
        return Asking(None, settings, remarks=(settings.scrub(f"offline instead: {error}"),))


def with_cache(asking: Asking, folder: Path, poll: Callable[[], None] | None = None) -> Asking:
    return replace(asking, cache=folder, poll=poll or asking.poll)
