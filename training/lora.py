"""What a LoRA's file says of itself: its kind, rank, base model, trigger, and how much of it Wan 2.2 5B takes.

Only the header of a safetensors file is read, JSON with the name, shape and place of each tensor
(huggingface/safetensors, "Format"); no weight is loaded.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..core.errors import ModelError

MOST_HEADER = 16_000_000
"""Bytes of a header that are read; those of LoRAs have some 100,000."""
_MOST_WORDS = 200

_DOWN = ("lora_A", "lora_down", "lora.down")
_UP = ("lora_B", "lora_up", "lora.up")
_KINDS = (  # parts of names that a kind has; LoRA comes late, since DoRA has its parts, too
    ("DoRA", ("dora_scale",)),
    ("LoHa", ("hada_w1_a",)),
    ("LoKr", ("lokr_w1",)),
    ("OFT", ("oft_blocks", "oft_diag")),
    ("LoRA", _DOWN),
    ("whole weights", (".diff", ".diff_b")),
)
_SUFFIX = re.compile(
    r"\.(lora_[AB](\.default)?\.weight|lora_(up|down|mid)\.weight|lora\.(up|down)\.weight|lora_[AB]|alpha|dora_scale"
    r"|hada_\w+|lokr_\w+|oft_\w+|diff(_b)?)$"
)


class Base(NamedTuple):
    """A base model: a layer of its that names it, and how many numbers go into that layer."""

    name: str
    layer: str
    into: int


_BASES = (
    Base("Wan 2.2 TI2V 5B", r"blocks\.\d+\.self_attn\.q", 3072),
    Base("Wan 2.1 or 2.2 14B", r"blocks\.\d+\.self_attn\.q", 5120),
    Base("Wan 2.1 1.3B", r"blocks\.\d+\.self_attn\.q", 1536),
    Base("Qwen-Image", r"transformer_blocks\.\d+\.(img_mlp\.net\.0\.proj|attn\.add_k_proj)", 3072),
    Base("Z-Image", r"layers\.\d+\.attention\.(to_q|qkv)", 3840),
    Base("FLUX", r"(double_blocks\.\d+\.img_attn\.qkv|single_blocks\.\d+\.linear1)", 3072),
    Base("Stable Diffusion 1.5", r"(down|input)_blocks.*attn2[._]to_k", 768),
    Base("Stable Diffusion 2", r"(down|input)_blocks.*attn2[._]to_k", 1024),
    Base("Stable Diffusion XL", r"(down|input)_blocks.*attn2[._]to_k", 2048),
)

# Wan 2.2 TI2V 5B: numbers into and out of each layer that a LoRA may change (Wan-AI/Wan2.2-TI2V-5B, config.json:
# dim 3072, ffn_dim 14336, 30 blocks, 48 channels in patches of 2x2, text 4096, time 256).
_WAN_BLOCKS = 30
_WAN_BLOCK = {
    **{f"{attention}.{name}": (3072, 3072) for attention in ("self_attn", "cross_attn") for name in "qkvo"},
    "ffn.0": (3072, 14336),
    "ffn.2": (14336, 3072),
}
_WAN_REST = {
    "text_embedding.0": (4096, 3072),
    "text_embedding.2": (3072, 3072),
    "time_embedding.0": (256, 3072),
    "time_embedding.2": (3072, 3072),
    "time_projection.1": (3072, 18432),
    "patch_embedding": (48, 3072),
    "head.head": (3072, 192),
}
_DIFFUSERS_WAN = re.compile(r"(blocks\.\d+\.(attn|ffn)|condition_embedder\.|proj_out$)")
_DIFFUSERS = (  # as Diffusers calls the layers of Wan
    ("attn1.", "self_attn."),
    ("attn2.", "cross_attn."),
    (".to_q", ".q"),
    (".to_k", ".k"),
    (".to_v", ".v"),
    (".to_out.0", ".o"),
    ("ffn.net.0.proj", "ffn.0"),
    ("ffn.net.2", "ffn.2"),
    ("condition_embedder.text_embedder.linear_1", "text_embedding.0"),
    ("condition_embedder.text_embedder.linear_2", "text_embedding.2"),
    ("condition_embedder.time_embedder.linear_1", "time_embedding.0"),
    ("condition_embedder.time_embedder.linear_2", "time_embedding.2"),
    ("condition_embedder.time_proj", "time_projection.1"),
    ("proj_out", "head.head"),
)
_BEFORE = re.compile(r"^(diffusion_model|transformer|unet|base_model\.model|model|pipe\.dit)\.")
_TRIGGERS = ("modelspec.trigger_phrase", "ss_trigger_words", "trigger_word", "trigger")


@dataclass(frozen=True)
class Lora:
    """kind: how it changes a layer; ranks: each with how many layers have it; base: the model it was made for, by the
    shapes of its layers, "" where none is known; said: the base that its file names; layers: how many it changes; fits:
    how many of them Wan 2.2 TI2V 5B has, in that size; trigger: its word, "" where the file names none; metadata: what
    else its file says, cut to a line each."""

    file: str
    kind: str
    ranks: dict[int, int]
    base: str
    said: str
    layers: int
    fits: int
    trigger: str
    metadata: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def told(self) -> Iterator[str]:
        ranks = ", ".join(f"{rank} ({count} layers)" for rank, count in self.ranks.items())
        yield f"kind      {self.kind}{f', rank {ranks}' if ranks else ''}"
        yield f"base      {self.base or 'not known by its layers'}{f'; its file says {self.said}' if self.said else ''}"
        yield f"Wan 5B    {self.fits} of {self.layers} layers fit Wan 2.2 TI2V 5B"
        yield f"trigger   {self.trigger or 'its file names none'}"
        yield from (f"{key}: {value}" for key, value in self.metadata.items())


def show(path: Path) -> Lora:
    """What a LoRA is. path: a .safetensors file.

    Raises:
        ModelError: it is missing, no safetensors file, damaged, or no LoRA.
    """
    tensors, metadata = _header(path)
    layers = _layers(tensors)
    kind = next((kind for kind, parts in _KINDS if any(part in key for key in tensors for part in parts)), "")
    if not kind:
        raise ModelError(f"{path}: no LoRA: none of its {len(tensors)} tensors is one's, such as {_first(tensors)}")
    sizes = {name: _size(parts) for name, parts in layers.items()}
    ranks = Counter(rank for rank in map(_rank, layers.values()) if rank)
    trigger = next((metadata[key] for key in _TRIGGERS if metadata.get(key)), "")
    said = metadata.get("modelspec.architecture") or metadata.get("ss_base_model_version") or ""
    rest = {key: value for key, value in sorted(metadata.items()) if len(value) <= _MOST_WORDS and value != trigger}
    return Lora(
        file=path.name,
        kind=kind,
        ranks=dict(ranks.most_common(4)),
        base=_base(sizes),
        said=said,
        layers=len(layers),
        fits=sum(_fits_wan(name, size) for name, size in sizes.items()),
        trigger=trigger,
        metadata=dict(list(rest.items())[:20]),
    )


def _header(path: Path) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    """Shape of each tensor, and the metadata."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(MOST_HEADER, path.stat().st_size - 8):
                raise ValueError("its first eight bytes tell no header")
            told = json.loads(file.read(length).decode("utf-8"))
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}; give a .safetensors file") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: no safetensors file, or a damaged one: {str(error)[:80]}") from error
    if not isinstance(told, dict):
        raise ModelError(f"{path}: no safetensors file: its header is no object")
    said = told.pop("__metadata__", {})
    shapes = {}
    for name, tensor in told.items():
        shape = tensor.get("shape") if isinstance(tensor, dict) else None
        if not isinstance(shape, list) or not all(type(side) is int and 0 <= side < 2**40 for side in shape):
            raise ModelError(f"{path}: a damaged safetensors file: {_line(name)} has no shape")
        shapes[name] = tuple(shape)
    metadata = said.items() if isinstance(said, dict) else ()
    return shapes, {_line(key): _line(value) for key, value in metadata if isinstance(value, str)}


def _line(text: str) -> str:
    """Text of a stranger as one line that a terminal may print."""
    return "".join(sign if sign.isprintable() else " " for sign in text[: _MOST_WORDS + 1])


def _layers(tensors: Mapping[str, tuple[int, ...]]) -> dict[str, dict[str, tuple[int, ...]]]:
    """Layer -> the tensors that change it, by the last part of their names."""
    layers: dict[str, dict[str, tuple[int, ...]]] = {}
    for key, shape in tensors.items():
        if end := _SUFFIX.search(key):
            layers.setdefault(_name(key[: end.start()]), {})[end.group(1)] = shape
    return layers


def _name(layer: str) -> str:
    """The name of a layer as the model's own, where the file was written by another program."""
    layer = re.sub(r"^lora_(unet|transformer|te\d?)_", "", layer)
    while (plain := _BEFORE.sub("", layer)) != layer:
        layer = plain
    if "." not in layer:  # kohya-ss joins names by underscores
        layer = re.sub(r"(?<=[a-z])_(?=\d)|(?<=\d)_(?=[a-z\d])|(?<=attn)_(?=[qkvo]$)", ".", layer)
    for theirs, ours in _DIFFUSERS if _DIFFUSERS_WAN.match(layer) else ():
        layer = layer.replace(theirs, ours)
    return layer


def _size(parts: Mapping[str, tuple[int, ...]]) -> tuple[int, int] | None:
    """Numbers into and out of a layer; None where its tensors do not tell."""
    down, up = (_of(parts, names) for names in (_DOWN, _UP))
    return (down[1], up[0]) if down and up and len(down) > 1 else None


def _rank(parts: Mapping[str, tuple[int, ...]]) -> int:
    down = _of(parts, (*_DOWN, "hada_w1_b", "lokr_w1_b", "lokr_w2_b"))
    return down[0] if down else 0


def _of(parts: Mapping[str, tuple[int, ...]], names: tuple[str, ...]) -> tuple[int, ...] | None:
    return next((shape for end, shape in parts.items() if end.startswith(names) and shape), None)


def _base(sizes: Mapping[str, tuple[int, int] | None]) -> str:
    """The base whose layer most of the layers are."""
    found = Counter(
        base.name
        for name, size in sizes.items()
        for base in _BASES
        if size and size[0] == base.into and re.search(base.layer, name)
    )
    return found.most_common(1)[0][0] if found else ""


def _fits_wan(name: str, size: tuple[int, int] | None) -> bool:
    block = re.fullmatch(r"blocks\.(\d+)\.(.+)", name)
    if block:
        wanted = _WAN_BLOCK.get(block.group(2)) if int(block.group(1)) < _WAN_BLOCKS else None
    else:
        wanted = _WAN_REST.get(name)
    return wanted is not None and (size is None or size == wanted)


def _first(tensors: Mapping[str, Any]) -> str:
    return _line(next(iter(tensors), "-"))
