"""`coverloop dataset caption`: a caption beside every clip, by a model, or by what was measured.

A model sees four moments and what was measured, says what is there and what moves, and is asked once more to take out
contradictions. The trigger is put in by code, once and at the front; no model sees it.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import quote

import platformdirs
from pydantic import BeforeValidator, Field

from ..core.errors import ClipError, UsageError
from ..core.files import write_text
from ..core.film.safety import faults
from ..core.prompt.ask.protocol import Backend
from ..core.prompt.ask.put import Asking, put
from ..core.prompt.ask.registry import open_backend, read_settings
from ..core.prompt.form.answers import Answer, plain_words
from ..core.prompt.form.boxes import BadAnswer
from ..core.prompt.form.questions import Question, list_of, object_of, to_send, worded
from .pictures import scene_words
from .seen import Seen, look
from .trigger import checked_token

CAPTION_VERSION = 2
ASKED = 2
"""Questions for each clip."""
_CAMERA = re.compile(r"\b(camera|pans?|panning|zooms?|zooming|dolly|tilts? (up|down))\b", re.IGNORECASE)
_SENTENCE, _SENTENCES = 220, 5
Unsafe = Literal["nudity", "gore", "violence", "self-harm", "hate"]

Sentence = Annotated[str, BeforeValidator(plain_words), Field(min_length=3, max_length=_SENTENCE)]


class CaptionAnswer(Answer):
    scene: Sentence
    motions: list[Sentence] = Field(min_length=1, max_length=_SENTENCES)
    unsafe: list[Unsafe] = Field(default=[], max_length=len(get_args(Unsafe)))


_WIRE = object_of(
    scene={"type": "string", "maxLength": _SENTENCE},
    motions={"minItems": 1, **list_of({"type": "string", "maxLength": _SENTENCE}, _SENTENCES)},
    unsafe=list_of({"type": "string", "enum": list(get_args(Unsafe))}, len(get_args(Unsafe))),
)


@dataclass
class Captioned:
    """written: clip -> its caption; kept: how many were there; failed: clip -> why it has none; remarks: clip -> what
    was out of the ordinary; by: who wrote."""

    by: str
    written: dict[str, str] = field(default_factory=dict)
    kept: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {
            "by": self.by,
            "written": self.written,
            "kept": self.kept,
            "failed": self.failed,
            "remarks": self.remarks,
        }

    def told(self) -> Iterator[str]:
        yield f"{len(self.written)} captions by {self.by}, {self.kept} were there"
        yield from (f"  {clip}: {why}" for clip, why in {**self.remarks, **self.failed}.items())


def clips_of(folder: Path) -> list[Path]:
    """The clips of every set of a prepared folder, by name.

    Raises:
        UsageError: there are none.
    """
    found = sorted(folder.glob("*/*.mp4")) if folder.is_dir() else []
    if not found:
        raise UsageError(f"{folder}: no clips; give the folder that `dataset prepare` wrote")
    return found


def caption(
    folder: Path,
    token: str,
    backend: str = "auto",
    *,
    tokenizer: Path | None = None,
    force: bool = False,
    each: Callable[[str], None] = lambda _: None,
) -> Captioned:
    """Write NAME.txt beside each NAME.mp4 that has none, and `captions.html` with all of them. tokenizer: whose words
    the token must not be one of, as `trigger.pieces` takes it; each: called with the name of every clip that is done.

    A clip that cannot be read, or of which a model says what cannot be, is told and the run goes on: where a model
    gives no answer the measured caption is written, and that is said.

    Raises:
        UsageError: the folder, token or backend must be mended. ModelError: no tokenizer can be read.
    """
    token, clips = checked_token(token, tokenizer), clips_of(folder)
    settings = read_settings()
    model = open_backend(backend, settings)
    cache = platformdirs.user_cache_path("coverloop", appauthor=False) / "answers"
    asking = Asking(model, settings, cache)
    made = Captioned(f"{model.name} {settings.scrub(Path(model.model).name)}" if model else "measurements")
    for clip in clips:
        name = f"{clip.parent.name}/{clip.name}"
        text = clip.with_suffix(".txt")
        if text.exists() and not force:
            made.kept += 1
            continue
        try:
            words, remark = _caption(look(clip), asking, model)
        except ClipError as error:
            made.failed[name] = str(error)
            continue
        if re.search(rf"\b{token}\b", words, re.IGNORECASE):
            made.failed[name] = f"its caption has the trigger {token!r} by itself; choose another one"
            continue
        made.written[name] = f"{token}, {words}"
        if remark:
            made.remarks[name] = remark
        write_text(text, made.written[name] + "\n")
        each(name)
    write_text(folder / "captions.html", _page(clips, folder, made.failed))
    return made


def _caption(seen: Seen, asking: Asking, model: Backend | None) -> tuple[str, str]:
    """A caption, and what was out of the ordinary."""
    measured = _measured(seen)
    if model is None:
        return measured, ""
    first = put(_question("caption", seen, measured), asking)
    if not isinstance(first.answer, CaptionAnswer):
        return measured, f"measured, not described: {'; '.join(first.warnings) or 'no answer'}"
    _refuse_unsafe(first.answer)
    described = json.dumps(first.answer.model_dump(mode="json"), ensure_ascii=False)
    second = put(_question("caption_check", seen, measured, described=described), asking)
    answer = second.answer if isinstance(second.answer, CaptionAnswer) else first.answer
    _refuse_unsafe(answer)
    remark = "" if answer is second.answer else f"not looked at twice: {'; '.join(second.warnings) or 'no answer'}"
    return " ".join(f"{sentence.rstrip('.')}." for sentence in (answer.scene, *answer.motions)), remark


def _refuse_unsafe(answer: CaptionAnswer) -> None:
    """Raises ClipError for what must not be trained on, by the model's word or by its words."""
    found = [*answer.unsafe, *(kind for _, kind in faults(" ".join((answer.scene, *answer.motions))))]
    if found:
        why = ", ".join(dict.fromkeys(found))
        raise ClipError(f"unsafe ({why}): no caption, so that no export takes it; write one yourself if it is not")


def _measured(seen: Seen) -> str:
    return f"{scene_words(seen.first)}. {seen.words[0].upper()}{seen.words[1:]}."


def _question(name: str, seen: Seen, measured: str, **more: str) -> Question:
    filled = {"seconds": f"{seen.seconds:.1f}", "measured": seen.words, **more}
    system, text = worded(name, CAPTION_VERSION, **filled)

    def check(answer: CaptionAnswer) -> None:
        said = " ".join((answer.scene, *answer.motions))
        if not any(part.startswith("the whole picture") for part in seen.told) and (found := _CAMERA.search(said)):
            raise BadAnswer(f"motions: {found.group(0)!r}, but the whole picture was not measured to move")

    return Question(
        name, CAPTION_VERSION, system, text, to_send(seen.moments), CaptionAnswer, _WIRE, measured, check=check
    )


def _page(clips: list[Path], folder: Path, failed: Mapping[str, str]) -> str:
    """Every clip with its caption, or why it has none, as a page to read through."""
    rows = []
    for clip in clips:
        text, name = clip.with_suffix(".txt"), clip.relative_to(folder).as_posix()
        words = html.escape(text.read_text("utf-8", errors="replace")) if text.exists() else "<em>none</em>"
        if name in failed:
            words += f"<br><b>{html.escape(failed[name])}</b>"
        rows.append(f'<tr><td><video src="{quote(name)}" width=240 muted loop controls></video><td>{words}')
    body = "\n".join(rows)
    return f"<!doctype html><meta charset=utf-8><title>Captions</title><table>\n{body}\n</table>\n"
