"""What a file of `trainers/` says of a trainer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Set:
    """Clips of one kind. name: resolution or time; folder: of the export, that holds NAME.mp4 and NAME.txt; clips:
    their names and captions; repeats: how often each is shown for once that others are; frames: the fewest of a clip;
    width, height: px, of the first."""

    name: str
    folder: Path
    clips: Mapping[str, str]
    repeats: int
    frames: int
    width: int
    height: int


@dataclass(frozen=True)
class Card:
    """What a graphics card allows. memory: GB; rank: of the LoRA; quantize: the model is held in eight bits."""

    memory: int
    rank: int
    quantize: bool


CARDS = {24: Card(24, 32, True), 80: Card(80, 64, False)}


@dataclass(frozen=True)
class Trainer:
    """files: of the sets, the name of the LoRA and the card, file name -> text; stills: in its place for who trains on
    pictures: of their number and the name, file name -> text; commands: the lines that a person types in a checkout of
    the trainer, with {out} for the export's folder and {name}; source: where its author says so; refuses: why nothing
    is written for it."""

    source: str
    files: Callable[[Sequence[Set], str, Card], Mapping[str, str]] = lambda sets, name, card: {}
    stills: Callable[[int, str], Mapping[str, str]] | None = None
    commands: Sequence[str] = ()
    refuses: str = ""


def toml(table: Mapping[str, Any]) -> str:
    """Strings, numbers and lists as lines of TOML, which writes them as JSON does."""
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in table.items())
