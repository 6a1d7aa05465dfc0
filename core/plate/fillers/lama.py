"""LaMa, if it is there ("Resolution-robust Large Mask Inpainting with Fourier Convolutions", Suvorov et al. 2022).

The weights are not ours to ship: a file the user has (`COVERLOOP_LAMA`, a ComfyUI model folder, coverloop's own cache)
or one fetched hash-checked. Two kinds are read: `big-lama.pt`, the TorchScript file of simple-lama-inpainting, whose
hash is checked before it is loaded, because loading TorchScript runs what it contains; and LaMa checkpoints as
`.safetensors`, which cannot run anything, through spandrel (part of ComfyUI).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ... import weights
from ...errors import ModelError
from ...pixels import grow
from ..filler import Filler, State

BIG_LAMA = weights.Download(
    name="big-lama.pt",
    url="https://github.com/enesmsahin/simple-lama-inpainting/releases/download/v0.1.0/big-lama.pt",
    digest="e3aa4aaa15225a33ec84f9f4bc47e500",
    max_bytes=260_000_000,
    variable="COVERLOOP_LAMA",
)
SIZE_MB = 206  # about; for telling people
MULTIPLE = 8
_LARGEST = 1280  # px, longer side of a crop; larger ones are scaled down for the network


def places(folders: Sequence[Path] = ()) -> list[Path]:
    """Where LaMa is looked for, in order. `folders`: model folders, such as ComfyUI's."""
    named = os.environ.get("COVERLOOP_LAMA")
    found = [Path(named)] if named else []
    for folder in (*folders, weights.folder()):
        found += [folder / BIG_LAMA.name, folder / "lama" / BIG_LAMA.name, folder / "inpaint" / BIG_LAMA.name]
        found += sorted(folder.glob("*lama*.safetensors")) if folder.is_dir() else []
    return found


def locate(folders: Sequence[Path] = ()) -> Path | None:
    """The first LaMa file there is, or None.

    Raises:
        ModelError: COVERLOOP_LAMA names a file that does not exist.
    """
    named = os.environ.get("COVERLOOP_LAMA")
    if named and not Path(named).is_file():
        raise ModelError(f"COVERLOOP_LAMA={named}: no such file; point it at {BIG_LAMA.name} or unset it")
    return next((path for path in places(folders) if path.is_file()), None)


@lru_cache(maxsize=1)
def _network(path: Path, changed: float, device: str) -> Callable[[Any, Any], Any]:
    """`changed` (the file's time) makes a replaced file load again."""
    import torch

    if path.suffix == ".safetensors":
        return _through_spandrel(path, device)
    weights.check(path, BIG_LAMA)
    try:
        with path.open(
            "rb"
        ) as file:  # by its name torch finds no file under a folder with letters beyond the code page
            net = torch.jit.load(file, map_location=device).eval()
    except RuntimeError as error:
        raise ModelError(f"{path}: is not a TorchScript file; fetch {BIG_LAMA.name} again") from error
    return lambda image, mask: net(image, mask)


def _through_spandrel(path: Path, device: str) -> Callable[[Any, Any], Any]:
    try:
        import spandrel
    except ImportError as error:
        raise ModelError(f"{path}: needs spandrel, which ComfyUI brings; or use {BIG_LAMA.name}") from error
    try:
        model = spandrel.ModelLoader(device=device).load_from_file(str(path))
    except Exception as error:  # spandrel's and safetensors' own kinds, and what a wrong shape raises in torch
        reason = type(error).__name__
        raise ModelError(f"{path}: is not a model that spandrel knows, or is damaged ({reason}); use LaMa") from error
    if not isinstance(model, spandrel.MaskedImageModelDescriptor):
        raise ModelError(f"{path}: is a {model.architecture.name} model, not one that fills holes; use LaMa")
    return lambda image, mask: model.eval()(image, mask)


def fill_lama(picture: np.ndarray, hole: np.ndarray, path: Path, device: str | None = None) -> np.ndarray:
    """picture: (H, W, 3) uint8; hole: (H, W) bool. Returns the picture with the hole filled, uint8.

    Each cluster of holes is cut out with as much context as it is wide (64 px at least), mirrored up to a multiple of
    8 px, filled and cut back: LaMa is sharper on a crop than on the whole cover.

    Raises:
        ModelError: the file fails its hash check or does not load.
    """
    device = device or weights.default_device()
    net = _network(path, path.stat().st_mtime, device)
    filled = picture.copy()
    count, labels, stats, _ = cv2.connectedComponentsWithStats(grow(hole, 24).astype(np.uint8))
    for i in range(1, count):
        x, y, w, h = (int(v) for v in stats[i][:4])
        pad = int(np.clip(max(w, h) // 2, 64, 256))
        window = np.s_[max(0, y - pad) : y + h + pad, max(0, x - pad) : x + w + pad]
        own = hole[window] & (labels[window] == i)
        filled[window][own] = _run(net, filled[window], hole[window], device)[own]
    return filled


def _run(net: Callable[[Any, Any], Any], crop: np.ndarray, hole: np.ndarray, device: str) -> np.ndarray:
    import torch

    height, width = hole.shape
    scale = min(1.0, _LARGEST / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = cv2.resize(crop, size, interpolation=cv2.INTER_AREA) if scale < 1 else crop
    mask = cv2.resize(hole.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    right, down = -size[0] % MULTIPLE, -size[1] % MULTIPLE
    image = cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_REFLECT)
    mask = cv2.copyMakeBorder(mask, 0, down, 0, right, cv2.BORDER_REFLECT)
    with torch.inference_mode():
        given = torch.from_numpy(image.transpose(2, 0, 1)[None].astype(np.float32) / 255).to(device)
        holes = torch.from_numpy(mask[None, None].astype(np.float32)).to(device)
        made = net(given, holes)[0].float().clamp(0, 1).cpu().numpy().transpose(1, 2, 0)
    made = np.round(made[: size[1], : size[0]] * 255).astype(np.uint8)
    return cv2.resize(made, (width, height), interpolation=cv2.INTER_LANCZOS4) if scale < 1 else made


def _fill(picture: np.ndarray, hole: np.ndarray, *, seed: int, folders: Sequence[Path]) -> np.ndarray:
    path = locate(folders)
    if path is None:
        raise ModelError(
            f"{BIG_LAMA.name}: not found; set {BIG_LAMA.variable} to it, or run: coverloop models fetch lama"
        )
    return fill_lama(picture, hole, path)


def _state(folders: Sequence[Path]) -> State:
    path = locate(folders)
    missing = f"{BIG_LAMA.name} ({SIZE_MB} MB): {BIG_LAMA.variable}, or {BIG_LAMA.url}"
    return State(path is not None, str(path) if path else missing)


FILLER = Filler(
    fill=_fill,
    licence="Apache-2.0",
    size_rule=f"multiple of {MULTIPLE}, mirrored up and cut back",
    rank=1,
    preferred=True,
    grainless=True,
    state=_state,
    fetch=lambda progress: weights.fetch(BIG_LAMA, progress=progress),
)
