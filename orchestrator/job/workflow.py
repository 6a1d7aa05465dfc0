"""A versioned workflow: request -> prompt. Pure; reads no file, asks no server.

No graph is built here: a prompt is the workflow's file (ComfyUI's API format, see `manifest.py`) with the bound values
put in.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.errors import UsageError

Value = str | int | float | bool


@dataclass(frozen=True)
class Binding:
    """A parameter of a workflow. `kind`: image, audio, int, float, string, bool or choice. A cover is the binding of
    kind image; it has no default, and where it is `optional` and not given its node is taken out. `multiple_of`,
    `plus`: an int must be multiple_of * n + plus (Wan 2.2 wants 4n + 1 frames). `off`, `through`: with the value `off`
    the node is taken out, and what read its output reads what its input `through` read (a LoRA loader without a
    LoRA); where the bound node only loads what another node works with, that one is named by `around`."""

    name: str
    node: str
    input: str
    kind: str
    default: Value | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    help: str = ""
    multiple_of: int = 1
    plus: int = 0
    off: str = ""
    through: str = ""
    around: str = ""
    optional: bool = False

    def read(self, value: Any) -> Value:
        """`value` (a string from a command line or table, or already typed) as this parameter's type, within bounds.

        Raises:
            UsageError: names the parameter, the value and what is allowed.
        """
        try:
            typed = _typed(self.kind, value)
        except (TypeError, ValueError, OverflowError):
            raise UsageError(f"{self.name}={value}: must be {KINDS[self.kind]}") from None
        if self.choices and typed not in self.choices:
            raise UsageError(f"{self.name}={value}: must be one of {', '.join(self.choices)}")
        if isinstance(typed, (int, float)) and not isinstance(typed, bool):
            low = -math.inf if self.minimum is None else self.minimum
            high = math.inf if self.maximum is None else self.maximum
            if not low <= typed <= high:
                raise UsageError(f"{self.name}={value}: must be between {self.minimum} and {self.maximum}")
        if isinstance(typed, int) and self.multiple_of > 1:
            typed = max(0, round((typed - self.plus) / self.multiple_of)) * self.multiple_of + self.plus
        return typed


KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "choice": "text",
    "image": "a picture",
    "audio": "a sound",
}
FILES = ("image", "audio")
"""Kinds that are files on the server, and no values."""


def _typed(kind: str, value: Any) -> Value:
    if kind == "bool":
        if isinstance(value, bool):
            return value
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[str(value).lower()]
    if kind == "int":
        if isinstance(value, bool) or (isinstance(value, float) and value != int(value)):
            raise ValueError
        return int(value)
    if kind == "float":
        number = float(value)
        if isinstance(value, bool) or not math.isfinite(number):
            raise ValueError
        return number
    return str(value)


@dataclass(frozen=True)
class Pack:
    """Nodes a workflow needs, and where to get the pack that has them."""

    id: str
    nodes: tuple[str, ...]
    where: str


@dataclass(frozen=True)
class Model:
    """A model file a workflow needs: in which of ComfyUI's model folders, from where, how large, which hash."""

    name: str
    directory: str
    url: str = ""
    bytes: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class Workflow:
    """One version of one workflow. `prompt`: the API file; `sha256`: of that file; `output_node`: makes the
    deliverable; `mask_node`: saves the glyph mask as a picture, "" when the workflow has none; `formats`: the id of
    the workflow that draws the same for one place, at any size, "" when there is none."""

    id: str
    name: str
    version: int
    title: str
    prompt: Mapping[str, Any]
    sha256: str
    ui_path: Path
    bindings: Mapping[str, Binding]
    output_node: str
    mask_node: str
    min_comfyui: str
    packs: tuple[Pack, ...]
    models: tuple[Model, ...]
    formats: str = ""

    @property
    def node_classes(self) -> tuple[str, ...]:
        return tuple(sorted({node["class_type"] for node in self.prompt.values()}))

    def read_values(self, given: Mapping[str, Any]) -> dict[str, Value]:
        """Every bound parameter with its value: what was given, else the default. `frames`, where a workflow binds it
        and nobody gave it, is round(seconds * fps).

        Raises:
            UsageError: an unknown parameter, a value of the wrong type or out of bounds.
        """
        free = {name: binding for name, binding in self.bindings.items() if binding.kind not in FILES}
        extra = {"seconds", "fps"} if "frames" in free else set()
        unknown = [name for name in given if name not in free and name not in extra]
        if unknown:
            raise UsageError(f"{self.id} has no parameter {unknown[0]}; it has {', '.join(sorted(free)) or 'none'}")
        given = dict(given)
        if "frames" in free and "frames" not in given and "seconds" in given:
            fps = given.get("fps", free["fps"].default if "fps" in free else 24)
            given["frames"] = frame_count(given["seconds"], fps)
        return {name: b.read(given.get(name, b.default)) for name, b in sorted(free.items())}

    def build(self, values: Mapping[str, Value], images: Mapping[str, str]) -> dict[str, Any]:
        """The prompt with `values` (from `read_values`) and `images` (parameter -> name on the server; sounds too) put
        in."""
        prompt = copy.deepcopy(dict(self.prompt))
        for name, value in {**values, **images}.items():
            binding = self.bindings[name]
            prompt[binding.node]["inputs"][binding.input] = value
        for name, value in values.items():
            binding = self.bindings[name]
            if binding.off and value == binding.off:
                _bypass(prompt, binding.around or binding.node, binding.through)
                if binding.around:
                    del prompt[binding.node]
        for name, binding in self.bindings.items():
            if binding.optional and name not in images:
                _take_out(prompt, binding.node)
        return prompt


def _bypass(prompt: dict[str, Any], node: str, through: str) -> None:
    source = prompt.pop(node)["inputs"][through]
    for other in prompt.values():
        for name, value in other["inputs"].items():
            if isinstance(value, list) and value[0] == node:
                other["inputs"][name] = source


def _take_out(prompt: dict[str, Any], node: str) -> None:
    del prompt[node]
    for other in prompt.values():
        inputs = other["inputs"].items()
        other["inputs"] = {name: value for name, value in inputs if not (isinstance(value, list) and value[0] == node)}


def frame_count(seconds: Any, fps: Any) -> int:
    try:
        count = round(float(seconds) * float(fps))
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"seconds={seconds}, fps={fps}: must be numbers") from None
    if count < 2:
        raise UsageError(f"{seconds} s at {fps} frames a second are {count} frames; a loop needs at least 2")
    return count
