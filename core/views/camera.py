"""Where a camera goes, in the sentences that the angle LoRAs of Qwen-Image-Edit were trained on. Knows no model.

2509's LoRA takes sentences in Chinese and English, in the order and the words of the node that its users know (Camera
Control Prompt, MIT), so that what somebody found with that node comes out of this one too; going backward, which that
node has not, is written as its other moves are. 2511's LoRA takes three names: side, height, distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from ..errors import UsageError

HORIZONTAL = ("none", "left", "right")
VERTICAL = ("none", "up", "down")
DEPTH = ("none", "forward", "backward")
MODELS = ("2509", "2511")
STEP = 45
"""Degrees: both LoRAs know quarters and halves of a right angle, and nothing between."""

_MOVES = {
    "left": "将镜头向左移动 Move the camera left.",
    "right": "将镜头向右移动 Move the camera right.",
    "up": "将镜头向上移动 Move the camera up.",
    "down": "将镜头向下移动 Move the camera down.",
    "forward": "将镜头向前移动 Move the camera forward.",
    "backward": "将镜头向后移动 Move the camera backward.",
}
_VIEWS = {
    "top": "将镜头转为俯视 Turn the camera to a top-down view.",
    "wide": "将镜头转为广角镜头 Turn the camera to a wide-angle lens.",
    "close": "将镜头转为特写镜头 Turn the camera to a close-up.",
    "low": "將相機方向調整為由下而上的視角 Turn the camera to a bottom-up view.",
}
_SIDES = (
    "front view",
    "front-right quarter view",
    "right side view",
    "back-right quarter view",
    "back view",
    "back-left quarter view",
    "left side view",
    "front-left quarter view",
)


@dataclass(frozen=True)
class Camera:
    """horizontal, vertical, depth: a move, of HORIZONTAL, VERTICAL, DEPTH. rotate: degrees about the subject, below
    zero to the left, a multiple of 45 from -180 to 180. top, wide, close, low: kinds of view, together if wished.

    Raises:
        UsageError: a move or an angle that no LoRA knows.
    """

    horizontal: str = "none"
    vertical: str = "none"
    depth: str = "none"
    rotate: int = 0
    top: bool = False
    wide: bool = False
    close: bool = False
    low: bool = False

    def __post_init__(self):
        for name, known in (("horizontal", HORIZONTAL), ("vertical", VERTICAL), ("depth", DEPTH)):
            if getattr(self, name) not in known:
                raise UsageError(f"{name}={getattr(self, name)}: must be one of {', '.join(known)}")
        if self.rotate % STEP or abs(self.rotate) > 180:
            raise UsageError(f"rotate={self.rotate}: the angle LoRAs know multiples of {STEP} degrees, -180 to 180")

    def prompt(self, model: str = "2509") -> str:
        """What the angle LoRA of Qwen-Image-Edit `model` is told.

        2509 can be asked to stay: then it is "". 2511 always names a place; moves to the left and right have no name
        there, and views that contradict each other (top and low, wide and close) cancel.

        Raises:
            UsageError: another model, or an angle that this one's LoRA does not know.
        """
        if model not in MODELS:
            raise UsageError(f"camera for {model}: there are sentences for {' and '.join(MODELS)}")
        return self._sentences() if model == "2509" else self._place()

    def _sentences(self) -> str:
        if abs(self.rotate) > 90:
            raise UsageError(f"rotate={self.rotate}: the angle LoRA of 2509 knows -90 to 90; 2511's goes all around")
        said = [_MOVES[move] for move in (self.horizontal, self.vertical, self.depth) if move != "none"]
        if self.rotate:
            chinese, english = ("左", "left") if self.rotate < 0 else ("右", "right")
            degrees = abs(self.rotate)
            said.append(f"将镜头向{chinese}旋转{degrees}度 Rotate the camera {degrees} degrees to the {english}.")
        said += [sentence for view, sentence in _VIEWS.items() if getattr(self, view)]
        return " ".join(said)

    def _place(self) -> str:
        tilt = (self.top - self.low) * 2 + (self.vertical == "up") - (self.vertical == "down")
        near = self.close + (self.depth == "forward") - self.wide - (self.depth == "backward")
        height = "high-angle" if tilt > 1 else "elevated" if tilt == 1 else "low-angle" if tilt < 0 else "eye-level"
        distance = "close-up" if near > 0 else "wide shot" if near < 0 else "medium shot"
        return f"<sks> {_SIDES[self.rotate // STEP % len(_SIDES)]} {height} shot {distance}"


ANGLES = {
    **{name: Camera(horizontal=name) for name in HORIZONTAL[1:]},
    **{name: Camera(vertical=name) for name in VERTICAL[1:]},
    **{name: Camera(depth=name) for name in DEPTH[1:]},
    **{f"left{degrees}": Camera(rotate=-degrees) for degrees in (45, 90, 135)},
    **{f"right{degrees}": Camera(rotate=degrees) for degrees in (45, 90, 135)},
    "behind": Camera(rotate=180),
    **{view: replace(Camera(), **{view: True}) for view in _VIEWS},
}
"""Names of cameras, as people write them."""


def read_angles(words: str | Sequence[str]) -> dict[str, Camera]:
    """`left45, top, right90+close` (a string with commas, or its parts) -> name -> camera, in their order.

    Raises:
        UsageError: none at all, or one that is not known (it is named, with those that are).
    """
    parts = words.split(",") if isinstance(words, str) else words
    names = [part.strip().lower() for part in parts if part.strip()]
    if not names:
        raise UsageError(f"no angle is named; there are {', '.join(ANGLES)}, and several at once as left45+top")
    return {name: _read(name) for name in names}


def _read(name: str) -> Camera:
    camera = Camera()
    for part in name.split("+"):
        one = ANGLES.get(part.strip())
        if one is None:
            raise UsageError(f"unknown angle {part.strip() or name}; there are {', '.join(ANGLES)}")
        chosen = {f.name: getattr(one, f.name) for f in fields(one) if getattr(one, f.name) != f.default}
        camera = replace(camera, **chosen)
    return camera
