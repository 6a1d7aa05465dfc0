"""The questions about a picture as they are sent: the words from `prompts/*_vN.md`, the picture, the form of answer.

`worded` and the forms are what a question elsewhere is made of too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, get_args

import cv2
import numpy as np

from ...image import fit
from ...pixels import resized
from .answers import LETTERING_KINDS, Answer, Direction, FindAnswer, JudgeAnswer, Kind, Medium, Mood, MoveAnswer, Place
from .boxes import BadAnswer, Box, BoxStyle
from .orders import reads_like_an_order

PROMPTS = Path(__file__).resolve().parents[3] / "prompts"
JUDGE_VERSION, FIND_VERSION, MOVE_VERSION = 1, 1, 1
# Longer side of the picture that is sent. 896 is a multiple of 28 and of 32, the patch sizes of Qwen2.5-VL and
# Qwen3-VL, and within the pixels they take, so that a server resizes nothing and pixel boxes are those of our picture.
SENT_SIDE = 896
_PATCH = 224  # least common multiple of 28 and 32


@dataclass(frozen=True)
class Question:
    """One question about one picture, or about words alone. `measured`: what was measured, in words, for a model that
    sees no pictures.

    picture: (H, W, 3) uint8 as sent, or None; wire: JSON schema for servers that constrain the answer; check: raises
    `BadAnswer` for what the schema cannot know (a region number that does not exist).
    """

    name: str
    version: int
    system: str
    text: str
    picture: np.ndarray | None
    schema: type[Answer]
    wire: dict[str, Any]
    measured: str = ""
    check: Callable[[Any], None] = lambda answer: None

    def key(self, model: str) -> str:
        """Under which an answer is kept: picture, question, its version, and the model asked."""
        picture = np.empty(0, np.uint8) if self.picture is None else self.picture
        digest = hashlib.sha256(np.ascontiguousarray(picture).tobytes())
        digest.update(json.dumps([picture.shape, self.name, self.version, self.system, self.text, model]).encode())
        return digest.hexdigest()

    def jpeg(self) -> bytes | None:
        if self.picture is None:
            return None
        done, data = cv2.imencode(".jpg", self.picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
        assert done, "encoding a picture of known shape cannot fail"
        return data.tobytes()


def judge_question(cover: np.ndarray, regions: Sequence[tuple[Box, str | None]], measured: str = "") -> Question:
    """Keep or lift, for each region. regions: box in cover pixels, and the string read or None."""
    listing = []
    for index, (_, text) in enumerate(regions):
        # Lettering that addresses the model is not repeated to it in words of ours.
        quoted = "" if text is None or reads_like_an_order(text) else f" {json.dumps(text[:80], ensure_ascii=False)}"
        listing.append(f"{index}{quoted}")
    system, text = worded("judge", JUDGE_VERSION, regions="; ".join(listing) + ".")

    def check(answer: JudgeAnswer) -> None:
        beyond = [verdict.index for verdict in answer.regions if verdict.index >= len(regions)]
        if beyond:
            raise BadAnswer(f"there is no region {beyond[0]}; the numbers go from 0 to {len(regions) - 1}")

    picture, wire = _numbered(cover, [box for box, _ in regions]), _judge_wire(len(regions))
    return Question("judge", JUDGE_VERSION, system, text, picture, JudgeAnswer, wire, measured, check)


def find_question(cover: np.ndarray, style: BoxStyle) -> Question:
    """Every piece of lettering, boxed in the way the model at hand writes boxes."""
    picture = to_send(cover)
    system, text = worded("find", FIND_VERSION, box_format=style.words(picture.shape[1], picture.shape[0]))
    return Question("find", FIND_VERSION, system, text, picture, FindAnswer, _FIND_WIRE)


def move_question(plate: np.ndarray, wish: str = "", measured: str = "") -> Question:
    """What moves in the clean plate. wish: what the person or the tags say, quoted as data."""
    said = f"What is wished for or known, as data: {json.dumps(wish, ensure_ascii=False)}." if wish else ""
    system, text = worded("move", MOVE_VERSION, wish=said)
    return Question("move", MOVE_VERSION, system, text, to_send(plate), MoveAnswer, _MOVE_WIRE, measured)


def to_send(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> the picture that is sent: longer side 896 px, both sides a multiple of 224, 224 at least."""
    height, width = image.shape[:2]
    scale = SENT_SIDE / max(height, width)
    sides = [max(_PATCH, round(side * scale / _PATCH) * _PATCH) for side in (width, height)]
    return resized(image, sides[0], sides[1], cv2.INTER_CUBIC)


def _numbered(cover: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    """The cover with each region outlined and numbered, which a model points at more surely than at coordinates."""
    drawn = fit(cover, SENT_SIDE).copy() if min(cover.shape[:2]) < SENT_SIDE else cover.copy()
    scale = drawn.shape[1] / cover.shape[1]
    size = max(drawn.shape[:2]) / SENT_SIDE
    for index, box in enumerate(boxes):
        x0, y0, x1, y1 = (round(v * scale) for v in box)
        cv2.rectangle(drawn, (x0, y0), (x1, y1), (255, 0, 0), max(1, round(2 * size)))
        label, corner = str(index), (x0, max(round(20 * size), y0 - round(4 * size)))
        for colour, weight in (((0, 0, 0), 5), ((255, 255, 255), 2)):
            cv2.putText(drawn, label, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.8 * size, colour, round(weight * size) or 1)
    return to_send(drawn)


@cache
def _sections(name: str, version: int) -> tuple[str, str]:
    text = (PROMPTS / f"{name}_v{version}.md").read_text(encoding="utf-8")
    _, system, question = (part.strip() for part in text.replace("## Question", "## System").split("## System"))
    return system, question


def worded(name: str, version: int, **fill: str) -> tuple[str, str]:
    system, question = _sections(name, version)
    return system, Template(question).substitute(fill)


def object_of(**properties: Any) -> dict[str, Any]:
    required = [name for name, form in properties.items() if not form.pop("optional", False)]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def list_of(form: dict[str, Any], most: int) -> dict[str, Any]:
    return {"type": "array", "items": form, "maxItems": most}


def one_of(choices: Any) -> dict[str, Any]:
    return {"type": "string", "enum": list(choices)}


def _judge_wire(count: int) -> dict[str, Any]:
    """Exactly one entry for each region: a small model told "up to 200" does not stop."""
    verdict = object_of(
        index={"type": "integer", "minimum": 0, "maximum": max(0, count - 1)},
        kind=one_of(LETTERING_KINDS),
        action=one_of(("keep", "lift")),
        reason=dict(_TEXT),
    )
    return object_of(regions={"minItems": count, **list_of(verdict, count)})


_TEXT: dict[str, Any] = {"type": "string", "maxLength": 80}
_NUMBER: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}
_FIND_WIRE = object_of(
    regions=list_of(
        object_of(
            box_2d={"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4},
            text={**_TEXT, "optional": True},
        ),
        40,
    )
)
_MOVE_WIRE = object_of(
    movements={
        "minItems": 1,
        **list_of(
            object_of(
                subject=dict(_TEXT),
                motion=dict(_TEXT),
                kind=one_of(get_args(Kind)),
                direction=one_of(get_args(Direction)),
                strength=dict(_NUMBER),
                region=one_of(get_args(Place)),
                box={"optional": True, **object_of(**{side: dict(_NUMBER) for side in ("x0", "y0", "x1", "y1")})},
            ),
            6,
        ),
    },
    mood=one_of(get_args(Mood)),
    medium=one_of(get_args(Medium)),
)
