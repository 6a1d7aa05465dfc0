"""What a LoRA is, by the header of its file: written as trainers write them, at the sizes of the real models."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner
from coverloop.core.errors import ModelError
from coverloop.orchestrator.cli.main import cli
from coverloop.training.lora import show
from safetensors.numpy import save_file

BLOCK = {f"{attention}.{name}": (3072, 3072) for attention in ("self_attn", "cross_attn") for name in "qkvo"} | {
    "ffn.0": (3072, 14336),
    "ffn.2": (14336, 3072),
}
DIFFUSERS = {"self_attn": "attn1", "cross_attn": "attn2", "ffn.0": "ffn.net.0.proj", "ffn.2": "ffn.net.2"}


def written(path, shapes, metadata=None):
    """A file with the header of these tensors; nothing reads further."""
    header = {name: {"dtype": "F16", "shape": list(shape), "data_offsets": [0, 0]} for name, shape in shapes.items()}
    told = json.dumps(header | ({"__metadata__": metadata} if metadata else {})).encode()
    path.write_bytes(len(told).to_bytes(8, "little") + told)
    return path


def wan(name, down="lora_A.weight", up="lora_B.weight", rank=32, blocks=30, width=1.0):
    """name: a layer of a block -> how the trainer calls it."""
    shapes = {}
    for block in range(blocks):
        for layer, (into, out) in BLOCK.items():
            start = name(block, layer)
            shapes[f"{start}.{down}"] = (rank, int(into * width))
            shapes[f"{start}.{up}"] = (int(out * width), rank)
    return shapes


def ai_toolkit(block, layer):
    return f"diffusion_model.blocks.{block}.{layer}"


def kohya(block, layer):
    return f"lora_unet_blocks_{block}_{layer.replace('.', '_')}"


def diffusers(block, layer):
    for ours, theirs in DIFFUSERS.items():
        layer = layer.replace(ours, theirs)
    layer = re.sub(r"(attn\d)\.([qkv])", r"\1.to_\2", layer).replace("attn1.o", "attn1.to_out.0")
    return f"transformer.blocks.{block}.{layer.replace('attn2.o', 'attn2.to_out.0')}"


@pytest.mark.parametrize(
    "shapes",
    [
        wan(ai_toolkit),
        wan(kohya, "lora_down.weight", "lora_up.weight"),
        wan(diffusers),
        wan(lambda block, layer: f"pipe.dit.blocks.{block}.{layer}", "lora_A.default.weight", "lora_B.default.weight"),
    ],
    ids=["ai-toolkit", "kohya", "diffusers", "diffsynth"],
)
def test_every_layer_of_wan_5b_fits_whoever_wrote_it(tmp_path, shapes):
    found = show(written(tmp_path / "a.safetensors", shapes))
    assert (found.kind, found.ranks, found.base) == ("LoRA", {32: 300}, "Wan 2.2 TI2V 5B")
    assert (found.layers, found.fits) == (300, 300)


def test_the_14b_is_told_from_the_5b(tmp_path):
    found = show(written(tmp_path / "a.safetensors", wan(ai_toolkit, blocks=40, width=5120 / 3072)))
    assert (found.base, found.layers, found.fits) == ("Wan 2.1 or 2.2 14B", 400, 0)


def test_of_a_lora_for_more_blocks_those_that_there_are_fit(tmp_path):
    found = show(written(tmp_path / "a.safetensors", wan(ai_toolkit, blocks=40)))
    assert (found.layers, found.fits) == (400, 300)


@pytest.mark.parametrize(
    ("layer", "into", "base"),
    [
        ("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", 768, "Stable Diffusion 1.5"),
        ("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", 2048, "Stable Diffusion XL"),
        ("transformer.transformer_blocks.7.attn.add_k_proj", 3072, "Qwen-Image"),
        ("diffusion_model.layers.3.attention.to_q", 3840, "Z-Image"),
        ("diffusion_model.double_blocks.3.img_attn.qkv", 3072, "FLUX"),
        ("somewhere.else", 7, ""),
    ],
)
def test_other_bases_are_known_by_their_layers(tmp_path, layer, into, base):
    shapes = {f"{layer}.lora_down.weight": (8, into), f"{layer}.lora_up.weight": (320, 8), f"{layer}.alpha": ()}
    found = show(written(tmp_path / "a.safetensors", shapes))
    assert (found.base, found.ranks, found.layers, found.fits) == (base, {8: 1}, 1, 0)


def test_kinds_are_told_apart(tmp_path):
    start = "diffusion_model.blocks.0.ffn.0"
    low = {f"{start}.lora_A.weight": (4, 3072), f"{start}.lora_B.weight": (14336, 4)}
    for parts, kind in (
        (low | {f"{start}.dora_scale": (14336, 1)}, "DoRA"),
        ({f"{start}.hada_w1_a": (14336, 4), f"{start}.hada_w1_b": (4, 3072)}, "LoHa"),
        ({f"{start}.lokr_w1": (4, 4), f"{start}.lokr_w2": (3584, 768)}, "LoKr"),
        ({f"{start}.diff": (14336, 3072)}, "whole weights"),
    ):
        assert show(written(tmp_path / "a.safetensors", parts)).kind == kind


def test_the_trigger_and_what_the_file_says_come_as_one_safe_line_each(tmp_path):
    told = {"modelspec.trigger_phrase": "m0t10n", "ss_base_model_version": "wan2.2\x1b[31m\nred", "long": "x" * 5000}
    path = written(tmp_path / "가 나.safetensors", wan(ai_toolkit, blocks=1), told)
    found = show(path)
    assert (found.trigger, found.said) == ("m0t10n", "wan2.2 [31m red") and "long" not in found.metadata
    printed = CliRunner().invoke(cli, ["lora", "show", str(path)])
    assert printed.exit_code == 0 and "10 of 10 layers fit Wan 2.2 TI2V 5B" in printed.output
    as_json = json.loads(CliRunner().invoke(cli, ["lora", "show", str(path), "--json"]).output)
    assert as_json["trigger"] == "m0t10n" and as_json["ranks"] == {"32": 10}


def test_a_real_file_of_the_library_is_read(tmp_path):
    layer = "diffusion_model.blocks.0.cross_attn.q"
    weights = {f"{layer}.lora_A.weight": np.zeros((2, 3072), np.float16), f"{layer}.lora_B.weight": np.zeros((3072, 2))}
    save_file(weights, tmp_path / "a.safetensors", {"format": "pt"})
    assert show(tmp_path / "a.safetensors").fits == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "tell no header"),
        (b"\xff" * 64, "tell no header"),
        ((9).to_bytes(8, "little") + b"{" * 9, "damaged"),
        ((2).to_bytes(8, "little") + b"[]", "no object"),
        ((30).to_bytes(8, "little") + b'{"a":{"shape":[-1]}}'.ljust(30), "no shape"),
        ((40).to_bytes(8, "little") + b'{"model.w":{"shape":[1]}}'.ljust(40), "no LoRA"),
        ((10**12).to_bytes(8, "little") + b"{}", "tell no header"),
    ],
)
def test_what_is_no_lora_is_one_line(tmp_path, content, words):
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=words) as error:
        show(path)
    assert "\n" not in str(error.value)
    with pytest.raises(ModelError, match="No such file"):
        show(tmp_path / "none.safetensors")
