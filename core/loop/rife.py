"""RIFE 4.x, the network only: intermediate flow estimation for frame interpolation. Inference, no training.

Source of the method and of the published weights: Huang et al., "Real-Time Intermediate Flow Estimation for Video Frame
Interpolation" (ECCV 2022), github.com/hzwer/ECCV2022-RIFE and github.com/hzwer/Practical-RIFE, MIT licence. Written
anew from the layer shapes of those weights and checked against their reference implementation.

Two generations are known, told apart by the shapes in the state dict: 4.0 (four blocks, no encoder) and 4.25/4.26 (five
blocks, a 4-channel encoder, features passed from block to block).
"""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import ModelError

MAX_BYTES = 200_000_000
TRAINING_ONLY = ("block_tea.", "teacher.", "caltime.", "contextnet.", "unet.")
"""Parts of published files that inference does not use (4.0's refinement network is off in Practical-RIFE)."""
_COMFY = re.compile(r"^blocks\.(\d)\.")
"""How files for ComfyUI's own frame interpolation name the blocks of 4.25 and 4.26."""
MULTIPLE = 64
"""Both sides of the pictures must be a multiple of this."""


def load(path: str | Path, device: str = "cpu") -> RIFE40 | RIFE425:
    """Read weights (.pkl, .pth, .safetensors; tensors only) and return the network that they fit, ready to run.

    Raises:
        ModelError: no such file, not a plain state dict, or weights of another version (the message says of what).
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"{path}: no such file; give RIFE 4.0, 4.25 or 4.26 weights")
    if path.stat().st_size > MAX_BYTES:
        raise ModelError(f"{path}: {path.stat().st_size / 1e6:.0f} MB is too large for RIFE weights")
    try:
        state = _read(path)
    except Exception as error:  # torch raises half a dozen unrelated types for files it does not trust or understand
        reason = str(error).splitlines()[0][:120]
        raise ModelError(f"{path}: is not a state dict that can be loaded safely ({reason})") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelError(f"{path}: holds something other than named tensors; give RIFE 4.0, 4.25 or 4.26 weights")
    state = {key.removeprefix("module."): value for key, value in state.items()}
    state = {_COMFY.sub(r"block\1.", key): value for key, value in state.items()}
    state = {key: value.float() for key, value in state.items() if not key.startswith(TRAINING_ONLY)}
    network = _network_for(state, path)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ModelError(f"{path}: {_found(state)}; only RIFE 4.0, 4.25 and 4.26 are known") from error
    return network.eval().requires_grad_(False).to(device)


def _read(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    with path.open("rb") as file:  # an open file, as torch does not open every path that Windows has
        return torch.load(file, map_location="cpu", weights_only=True)


def _network_for(state: dict[str, Tensor], path: Path) -> RIFE40 | RIFE425:
    shapes = {key: tuple(value.shape) for key, value in state.items()}
    if shapes.get("block0.lastconv.weight") == (192, 5, 4, 4) and shapes.get("block0.conv0.0.0.weight", ())[1:2] == (
        7,
    ):
        return RIFE40()
    if shapes.get("block4.lastconv.0.weight") == (32, 52, 4, 4) and "encode.cnn0.weight" in shapes:
        return RIFE425()
    raise ModelError(f"{path}: {_found(state)}; only RIFE 4.0, 4.25 and 4.26 are known")


def _found(state: dict[str, Tensor]) -> str:
    blocks = len({key.split(".")[0] for key in state if key.startswith("block")})
    first = state.get("block0.conv0.0.0.weight")
    taken = "no first block" if first is None or first.ndim != 4 else f"{first.shape[1]} input channels"
    encoder = "an encoder" if any(key.startswith("encode") for key in state) else "no encoder"
    return f"{len(state)} tensors, {blocks} blocks, {taken}, {encoder}"


def _resize(x: Tensor, factor: float) -> Tensor:
    return x if factor == 1 else functional.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def _warp(image: Tensor, flow: Tensor) -> Tensor:
    """image sampled at x + flow (pixels), border repeated."""
    height, width = flow.shape[2:]
    y = torch.linspace(-1, 1, height, device=flow.device).view(1, height, 1).expand(len(flow), -1, width)
    x = torch.linspace(-1, 1, width, device=flow.device).view(1, 1, width).expand(len(flow), height, -1)
    grid = torch.stack((x + flow[:, 0] * (2 / (width - 1)), y + flow[:, 1] * (2 / (height - 1))), dim=3)
    return functional.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=True)


class _Block40(nn.Module):
    def __init__(self, taken: int, width: int):
        super().__init__()

        def conv(before: int, after: int, stride: int = 1) -> nn.Sequential:
            return nn.Sequential(nn.Conv2d(before, after, 3, stride, 1), nn.PReLU(after))

        self.conv0 = nn.Sequential(conv(taken, width // 2, 2), conv(width // 2, width, 2))
        self.convblock = nn.Sequential(*(conv(width, width) for _ in range(8)))
        self.lastconv = nn.ConvTranspose2d(width, 5, 4, 2, 1)

    def forward(self, x: Tensor, flow: Tensor | None, scale: int) -> tuple[Tensor, Tensor]:
        x = _resize(x, 1 / scale)
        if flow is not None:
            x = torch.cat((x, _resize(flow, 1 / scale) / scale), 1)
        features = self.conv0(x)
        out = _resize(self.lastconv(self.convblock(features) + features), scale * 2)
        return out[:, :4] * (scale * 2), out[:, 4:5]


def _when(a: Tensor, time: Tensor | float) -> Tensor:
    """(B, 1, H, W): the time, as the network takes it."""
    return torch.ones_like(a[:, :1]) * time


class _Rife(nn.Module):
    def motion(self, a: Tensor, b: Tensor, time: Tensor | float) -> tuple[Tensor, Tensor]:
        """a, b: (B, 3, H, W) 0..1, sides a multiple of 64; time: 0..1, or (B, 1, 1, 1).

        Returns (B, 4, H, W), where the pixels between come from in a and in b (offsets in px), and (B, 1, H, W), how
        much of them from a.
        """
        raise NotImplementedError

    def forward(self, a: Tensor, b: Tensor, time: Tensor | float) -> Tensor:
        """The picture between as upstream draws it: both sampled bilinearly. Arguments as in `motion`."""
        flow, mask = self.motion(a, b, time)
        return _warp(a, flow[:, :2]) * mask + _warp(b, flow[:, 2:]) * (1 - mask)


class RIFE40(_Rife):
    version = "4.0"

    def __init__(self):
        super().__init__()
        self.block0, self.block1 = _Block40(7, 192), _Block40(12, 128)
        self.block2, self.block3 = _Block40(12, 96), _Block40(12, 64)

    def motion(self, a: Tensor, b: Tensor, time: Tensor | float) -> tuple[Tensor, Tensor]:
        when = _when(a, time)

        def refine(block: _Block40, flow: Tensor, mask: Tensor, scale: int) -> tuple[Tensor, Tensor]:
            seen = torch.cat((_warp(a, flow[:, :2]), _warp(b, flow[:, 2:]), when, mask), 1)
            return block(seen, flow, scale)

        scales = [8, 4, 2, 1]
        flow, mask = self.block0(torch.cat((a, b, when), 1), None, scales[0])
        change, more = refine(self.block1, flow, mask, scales[1])
        reach = change.abs().amax((2, 3))
        far = (reach[:, :2].amax(1) > 32) & (reach[:, 2:].amax(1) > 32)
        if far.any() and not far.all():  # each pair as if it were alone
            parts = [self.motion(a[i : i + 1], b[i : i + 1], when[i : i + 1]) for i in range(len(a))]
            flows, masks = zip(*parts, strict=True)
            return torch.cat(flows), torch.cat(masks)
        if far.all():  # far motion: start coarser, as upstream
            scales = [scale * 2 for scale in scales]
            flow, mask = self.block0(torch.cat((a, b, when), 1), None, scales[0])
            change, more = refine(self.block1, flow, mask, scales[1])
        flow, mask = flow + change, mask + more
        for block, scale in ((self.block2, scales[2]), (self.block3, scales[3])):
            change, more = refine(block, flow, mask, scale)
            flow, mask = flow + change, mask + more
        return flow, torch.sigmoid(mask)


class _ResConv(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, 1, 1)
        self.beta = nn.Parameter(torch.ones(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(self.conv(x) * self.beta + x, 0.2)


class _Block425(nn.Module):
    def __init__(self, taken: int, width: int):
        super().__init__()

        def conv(before: int, after: int) -> nn.Sequential:
            return nn.Sequential(nn.Conv2d(before, after, 3, 2, 1), nn.LeakyReLU(0.2))

        self.conv0 = nn.Sequential(conv(taken, width // 2), conv(width // 2, width))
        self.convblock = nn.Sequential(*(_ResConv(width) for _ in range(8)))
        self.lastconv = nn.Sequential(nn.ConvTranspose2d(width, 52, 4, 2, 1), nn.PixelShuffle(2))

    def forward(self, x: Tensor, flow: Tensor | None, scale: int) -> tuple[Tensor, Tensor, Tensor]:
        x = _resize(x, 1 / scale)
        if flow is not None:
            x = torch.cat((x, _resize(flow, 1 / scale) / scale), 1)
        out = _resize(self.lastconv(self.convblock(self.conv0(x))), scale)
        return out[:, :4] * scale, out[:, 4:5], out[:, 5:]


class _Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn0 = nn.Conv2d(3, 16, 3, 2, 1)
        self.cnn1 = nn.Conv2d(16, 16, 3, 1, 1)
        self.cnn2 = nn.Conv2d(16, 16, 3, 1, 1)
        self.cnn3 = nn.ConvTranspose2d(16, 4, 4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        for layer in (self.cnn0, self.cnn1, self.cnn2):
            x = functional.leaky_relu(layer(x), 0.2)
        return self.cnn3(x)


class RIFE425(_Rife):
    version = "4.25/4.26"

    def __init__(self):
        super().__init__()
        self.encode = _Encoder()
        self.block0 = _Block425(15, 192)
        self.block1, self.block2 = _Block425(28, 128), _Block425(28, 96)
        self.block3, self.block4 = _Block425(28, 64), _Block425(28, 32)

    def motion(self, a: Tensor, b: Tensor, time: Tensor | float) -> tuple[Tensor, Tensor]:
        when = _when(a, time)
        inside_a, inside_b = self.encode(a), self.encode(b)
        flow, mask, features = self.block0(torch.cat((a, b, inside_a, inside_b, when), 1), None, 16)
        for block, scale in ((self.block1, 8), (self.block2, 4), (self.block3, 2), (self.block4, 1)):
            to_a, to_b = flow[:, :2], flow[:, 2:]
            pictures = (_warp(a, to_a), _warp(b, to_b), _warp(inside_a, to_a), _warp(inside_b, to_b))
            change, mask, features = block(torch.cat((*pictures, when, mask, features), 1), flow, scale)
            flow = flow + change
        return flow, torch.sigmoid(mask)
