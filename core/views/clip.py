"""CLIP's image half (Radford et al. 2021) from an ONNX file that somebody names; none comes with this project.

Any export of one with a single picture as input will do, such as `vision_model.onnx` beside the models of
transformers.js. It runs on the processor in full precision wherever this runs. In ComfyUI the node takes a CLIP_VISION
instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..errors import ModelError
from ..pixels import resized

_MEAN = np.array((0.48145466, 0.4578275, 0.40821073), np.float32)
_SPREAD = np.array((0.26862954, 0.26130258, 0.27577711), np.float32)
_SIDE = 224  # px, where the file leaves it open
_SIDES = range(8, 1025)


class Clip:
    """Raises ModelError: no such file, not ONNX, or not the image half of a CLIP; says which."""

    def __init__(self, path: Path):
        if not path.is_file():
            raise ModelError(f"{path}: no such file; give a CLIP image model as ONNX (vision_model.onnx)")
        self._network = _open(path)
        inputs = self._network.get_inputs()
        shape = inputs[0].shape if inputs else []
        side = shape[-1] if len(shape) == 4 and isinstance(shape[-1], int) else _SIDE
        if len(inputs) != 1 or len(shape) != 4 or shape[1] not in (3, "num_channels") or side not in _SIDES:
            wants = ", ".join(f"{i.name} {i.shape}" for i in inputs)
            raise ModelError(f"{path}: takes {wants}, not one picture; give the image half of a CLIP")
        if inputs[0].type != "tensor(float)":
            raise ModelError(f"{path}: works in {inputs[0].type}; give the export in full precision (float)")
        names = [output.name for output in self._network.get_outputs()]
        self._input, self._side, self._path = inputs[0].name, side, path
        self._output = "image_embeds" if "image_embeds" in names else names[0]

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 sRGB -> (D,) float32.

        Raises:
            ModelError: what it gives is not one row of numbers.
        """
        scale = self._side / min(picture.shape[:2])
        high, wide = (max(self._side, round(side * scale)) for side in picture.shape[:2])
        small = resized(picture, wide, high, cv2.INTER_CUBIC)
        top, left = (high - self._side) // 2, (wide - self._side) // 2
        middle = small[top : top + self._side, left : left + self._side].astype(np.float32) / 255
        given = ((middle - _MEAN) / _SPREAD).transpose(2, 0, 1)[None]
        (made,) = self._network.run([self._output], {self._input: np.ascontiguousarray(given)})
        if made.ndim != 2 or len(made) != 1:
            raise ModelError(f"{self._path}: {self._output} is {made.shape}, not one row of numbers; give a CLIP")
        return made[0]


def _open(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError("onnxruntime: not found; install it with: pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own classes, one for each way a file can be wrong
        reason = str(error).splitlines()[0][:120]
        raise ModelError(f"{path}: is not an ONNX model that can be run ({reason})") from error
