"""Random-weight stand-ins for the files of Qwen-Image-Edit 2509 under the official names.

ComfyUI counts the blocks of the diffusion model in its file; its width, and the sizes of Qwen 2.5 VL, it takes for
granted, so the server also needs the test-only pack `tiny_edit_compat`. Key names and layouts are those of the
published files; the VAE is Wan 2.1's.
"""

import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from tiny_s2v import vae
from tiny_wan import Weights, _random

UNET = "qwen_image_edit_2509_fp8_e4m3fn.safetensors"
TEXT_ENCODER = "qwen_2.5_vl_7b_fp8_scaled.safetensors"
VAE = "qwen_image_vae.safetensors"
ANGLES = "Qwen-Edit-2509-Multiple-angles.safetensors"
LIGHTNING = "Qwen-Image-Edit-2509-Lightning-8steps-V1.0-bf16.safetensors"
STRANGER = "tiny_wan_stranger.safetensors"  # a LoRA of Wan: no key matches

WIDTH, BLOCKS, TEXT, CHANNELS, VOCABULARY, HEADS, SIGHT = 128, 2, 64, 64, 152064, 512, 64


def make(models: Path) -> None:
    generator = torch.Generator().manual_seed(7)
    files = {
        f"diffusion_models/{UNET}": unet(generator),
        f"text_encoders/{TEXT_ENCODER}": text_encoder(generator),
        f"vae/{VAE}": vae(generator),
        f"loras/{ANGLES}": lora(generator, "transformer_blocks.{}.attn.to_q"),
        f"loras/{LIGHTNING}": lora(generator, "transformer_blocks.{}.attn.to_out.0"),
        f"loras/{STRANGER}": lora(generator, "diffusion_model.blocks.{}.self_attn.q"),
    }
    for name, weights in files.items():
        path = models / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({key: value.contiguous() for key, value in weights.items()}, path, metadata={"format": "pt"})


def _linear(weights: Weights, generator, name: str, out: int, into: int, gain: float = 1.0, bias: bool = True) -> None:
    weights[f"{name}.weight"] = _random(generator, out, into, std=gain / math.sqrt(into))
    if bias:
        weights[f"{name}.bias"] = torch.zeros(out).half()


def unet(generator: torch.Generator) -> Weights:
    weights: Weights = {"txt_norm.weight": torch.ones(TEXT).half()}

    def linear(name: str, out: int, into: int, gain: float = 1.0) -> None:
        _linear(weights, generator, name, out, into, gain)

    linear("img_in", WIDTH, CHANNELS)
    linear("txt_in", WIDTH, TEXT)
    linear("time_text_embed.timestep_embedder.linear_1", WIDTH, 256)
    linear("time_text_embed.timestep_embedder.linear_2", WIDTH, WIDTH)
    for block in (f"transformer_blocks.{number}" for number in range(BLOCKS)):
        for stream in ("img", "txt"):
            linear(f"{block}.{stream}_mod.1", 6 * WIDTH, WIDTH, gain=3.0)
            linear(f"{block}.{stream}_mlp.net.0.proj", 4 * WIDTH, WIDTH)
            linear(f"{block}.{stream}_mlp.net.2", WIDTH, 4 * WIDTH)
        for name in ("to_q", "to_k", "to_v", "add_q_proj", "add_k_proj", "add_v_proj", "to_out.0", "to_add_out"):
            linear(f"{block}.attn.{name}", WIDTH, WIDTH, gain=3.0)
        for name in ("norm_q", "norm_k", "norm_added_q", "norm_added_k"):
            weights[f"{block}.attn.{name}.weight"] = torch.ones(128).half()
    linear("norm_out.linear", 2 * WIDTH, WIDTH)
    linear("proj_out", CHANNELS, WIDTH)
    return weights


def text_encoder(generator: torch.Generator) -> Weights:
    """Qwen 2.5 VL: one layer of language, one of sight."""
    weights: Weights = {"model.embed_tokens.weight": _random(generator, VOCABULARY, TEXT, std=1.0)}

    def linear(name: str, out: int, into: int, bias: bool = True) -> None:
        _linear(weights, generator, name, out, into, bias=bias)

    layer = "model.layers.0"
    for name in "qkv":
        linear(f"{layer}.self_attn.{name}_proj", HEADS, TEXT)
    linear(f"{layer}.self_attn.o_proj", TEXT, HEADS, bias=False)
    for name in ("gate", "up", "down"):
        linear(f"{layer}.mlp.{name}_proj", TEXT, TEXT, bias=False)
    for name in (f"{layer}.input_layernorm", f"{layer}.post_attention_layernorm", "model.norm"):
        weights[f"{name}.weight"] = torch.ones(TEXT).half()
    weights["visual.patch_embed.proj.weight"] = _random(generator, SIGHT, 3, 2, 14, 14, std=0.05)
    block = "visual.blocks.0"
    linear(f"{block}.attn.qkv", 3 * SIGHT, SIGHT)
    linear(f"{block}.attn.proj", SIGHT, SIGHT)
    for name in ("gate", "up", "down"):
        linear(f"{block}.mlp.{name}_proj", SIGHT, SIGHT)
    for name in (f"{block}.norm1", f"{block}.norm2", "visual.merger.ln_q"):
        weights[f"{name}.weight"] = torch.ones(SIGHT).half()
    linear("visual.merger.mlp.0", 4 * SIGHT, 4 * SIGHT)
    linear("visual.merger.mlp.2", TEXT, 4 * SIGHT)
    return weights


def lora(generator: torch.Generator, layer: str, rank: int = 4) -> Weights:
    weights: Weights = {}
    for name in (layer.format(number) for number in range(BLOCKS)):
        weights[f"{name}.lora_A.weight"] = _random(generator, rank, WIDTH, std=0.3)
        weights[f"{name}.lora_B.weight"] = _random(generator, WIDTH, rank, std=0.3)
    return weights
