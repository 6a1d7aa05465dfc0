"""The two networks that see lettering: PP-OCRv6 small finds it and reads it.

Finding is differentiable binarisation (Liao et al. 2020); straightened lines in Latin, Japanese and Chinese are read
after SVTR (Du et al. 2022).

Weights come from the package `rapidocr` (Apache-2.0), of which nothing else is used, and run in onnxruntime: on the
processor and in full precision wherever this runs, so that the same cover gives the same masks. Knows nothing of
regions, lines or masks.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..errors import ModelError
from .calibration import STROKES

_STRIDE = 32  # px: the detector's input sides are multiples of this
LINE_HEIGHT = 48  # px, what the recogniser was trained on
_LONGEST_LINE = 1600  # px, a bound on memory
_WIDTHS = 160  # px: lines are padded to multiples of this, so that few shapes of input are compiled
# What the detector has seen on the way, by the names of its graph: its stem, first stage, neck and head.
_FEATURES = ("Concat.1", "Add.33", "p2o.pd_op.relu.18.0", "p2o.pd_op.relu.19.0")


def weights(name: str) -> Path:
    """Path of a weight file of `rapidocr`.

    Raises:
        ModelError: it is not installed.
    """
    return packaged("models", name)


def packaged(*names: str) -> Path:
    """Path of a file of `rapidocr`.

    Raises:
        ModelError: it is not installed.
    """
    spec = importlib.util.find_spec("rapidocr")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder, *names)
        if path.is_file():
            return path
    raise ModelError(f"{names[-1]}: not found; install it with: pip install --no-deps rapidocr==3.10.0")


@lru_cache(maxsize=4)
def session(path: Path, outputs: tuple[str, ...] = ()) -> Any:
    """A network, with some of its inner values as outputs too.

    Raises:
        ModelError: onnxruntime is missing, or the file is damaged.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError("onnxruntime: not found; install it with: pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(8, os.cpu_count() or 1)
    options.enable_cpu_mem_arena = False  # it would keep the memory of the largest cover for good
    # Threads that wait sleep: where others want the processor too, a spinning one takes it from the one it waits for.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        model = path.read_bytes() + b"".join(_output(name) for name in outputs)
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"{path}: damaged ({type(error).__name__}); reinstall rapidocr==3.10.0") from error


def _output(name: str) -> bytes:
    """What makes `name` an output of the graph when it follows a model: protobuf joins a message that comes in parts.

    Fields of onnx.proto: ModelProto.graph = 7, GraphProto.output = 12, ValueInfoProto.name = 1.
    """
    value = bytes([1 << 3 | 2, len(name)]) + name.encode()
    graph = bytes([12 << 3 | 2, len(value)]) + value
    return bytes([7 << 3 | 2, len(graph)]) + graph


@dataclass(frozen=True)
class Seen:
    """lettering: (h, w) float32 0..1, chance that a pixel is in the middle of lettering; strokes: (h, w) float32 0..1,
    chance that it is stroke (meaningless far from lettering); scale_x, scale_y: map pixels per cover pixel."""

    lettering: np.ndarray
    strokes: np.ndarray
    scale_x: float
    scale_y: float


def see(cover: np.ndarray, side: int) -> Seen:
    """Look for lettering with the cover scaled to a longer side of `side` px. cover: (H, W, 3) uint8 sRGB.

    Raises:
        ModelError: weights or onnxruntime are missing.
    """
    lettering, features = features_of(cover, side)
    rows, columns = lettering.shape
    strokes = np.full(features[0].shape[1:], STROKES.bias, np.float32)
    first = 0
    for part in features:
        weight = np.zeros(len(part), np.float32)
        for channel, value in STROKES.weights:
            if first <= channel < first + len(part):
                weight[channel - first] = value
        first += len(part)
        strokes += cv2.resize(np.tensordot(weight, part, 1), strokes.shape[::-1], interpolation=cv2.INTER_LINEAR)
    strokes = cv2.resize(1 / (1 + np.exp(-strokes)), (columns, rows), interpolation=cv2.INTER_LINEAR)
    return Seen(lettering, strokes, columns / cover.shape[1], rows / cover.shape[0])


def features_of(cover: np.ndarray, side: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """One pass of the detector: (chance (h, w), features of four depths, each (channels, h / n, w / n))."""
    height, width = cover.shape[:2]
    scale = side / max(height, width)
    rows, columns = (max(1, round(length * scale / _STRIDE)) * _STRIDE for length in (height, width))
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(cover, (columns, rows), interpolation=kernel)
    given = _normalised(small[..., ::-1])[None]  # it was trained on BGR
    net = session(weights("PP-OCRv6_det_small.onnx"), _FEATURES)
    lettering, *features = net.run(None, {net.get_inputs()[0].name: given})
    return lettering[0, 0], [part[0] for part in features]


def _normalised(picture: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 -> (3, h, w) float32 in -1..1."""
    return np.ascontiguousarray(picture.astype(np.float32).transpose(2, 0, 1) / np.float32(127.5) - 1)


@dataclass(frozen=True)
class Reading:
    """text: what a line reads; trust: 0..1, mean confidence of its characters; by: who read it."""

    text: str
    trust: float
    by: str = "PP-OCRv6"


def read_lines(lines: Sequence[np.ndarray], path: Path | None = None) -> list[Reading]:
    """Read straightened lines of lettering, each (h, w, 3) uint8 sRGB. path: of another recogniser of this family,
    which carries its own signs.

    Raises:
        ModelError: weights or onnxruntime are missing, or the file is damaged.
    """
    net = session(path or weights("PP-OCRv6_rec_small.onnx"))
    characters = _characters(net)
    return [_decoded(net.run(None, {net.get_inputs()[0].name: _line(line)})[0][0], characters) for line in lines]


def _line(line: np.ndarray) -> np.ndarray:
    height, width = line.shape[:2]
    columns = int(np.clip(round(width * LINE_HEIGHT / height), 8, _LONGEST_LINE))
    small = cv2.resize(line, (columns, LINE_HEIGHT), interpolation=cv2.INTER_AREA if height > 48 else cv2.INTER_CUBIC)
    given = np.zeros((1, 3, LINE_HEIGHT, -(-columns // _WIDTHS) * _WIDTHS), np.float32)
    given[0, :, :, :columns] = _normalised(small[..., ::-1])
    return given


@lru_cache(maxsize=2)
def _characters(net: Any) -> tuple[str, ...]:
    """What each output of the recogniser stands for: nothing, the list its file carries, a space."""
    listed = net.get_modelmeta().custom_metadata_map["character"].splitlines()
    return ("", *listed, " ")


def _decoded(chances: np.ndarray, characters: tuple[str, ...]) -> Reading:
    """chances: (steps, characters). Greedy decoding (connectionist temporal classification, Graves et al. 2006)."""
    best = chances.argmax(1)
    starts = np.flatnonzero((best != 0) & (np.diff(best, prepend=0) != 0))
    text = " ".join("".join(characters[best[step]] for step in starts).split())
    return Reading(text, float(chances[starts, best[starts]].mean()) if text else 0.0)
