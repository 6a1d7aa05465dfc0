"""Random-weight stand-ins for the Wan 2.2 S2V 14B files under the official file names.

ComfyUI reads the sizes of the diffusion model and of Wan 2.1's VAE from their files; those of the text encoder and of
wav2vec2 it takes for granted, so the server also needs the test-only pack `tiny_wan_compat`. See `tiny_wan.py`.
"""

import math
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import save_file
from tiny_wan import TEXT_ENCODER, WIDTH, Weights, _random, text_encoder, unet

UNET = "wan2.2_s2v_14B_fp8_scaled.safetensors"
VAE = "wan_2.1_vae.safetensors"
AUDIO_ENCODER = "wav2vec2_large_english_fp16.safetensors"
CHANNELS, AUDIO, LAYERS, TOKENS, HEARD = 16, 1024, 25, 4, 8
INJECTORS = 12  # in the blocks 0, 4, 8, ... of the full model: here the first one is reached


def make(models: Path) -> None:
    generator = torch.Generator().manual_seed(99)
    files = {
        f"diffusion_models/{UNET}": s2v(generator),
        f"text_encoders/{TEXT_ENCODER}": text_encoder(generator),
        f"vae/{VAE}": vae(generator),
        f"audio_encoders/{AUDIO_ENCODER}": wav2vec2(generator),
    }
    for name, weights in files.items():
        path = models / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({key: value.contiguous() for key, value in weights.items()}, path, metadata={"format": "pt"})


def _conv(weights: Weights, generator: torch.Generator, name: str, *shape: int, gain: float = 1.0) -> None:
    weights[f"{name}.weight"] = _random(generator, *shape, std=gain / math.sqrt(math.prod(shape[1:])))
    weights[f"{name}.bias"] = torch.zeros(shape[0]).half()


def s2v(generator: torch.Generator) -> Weights:
    weights = unet(generator, CHANNELS)

    def conv(name: str, *shape: int, gain: float = 1.0) -> None:
        _conv(weights, generator, name, *shape, gain=gain)

    weights["trainable_cond_mask.weight"] = _random(generator, 3, WIDTH, std=0.3)
    heard = "casual_audio_encoder"
    weights[f"{heard}.weights"] = torch.full((1, LAYERS, 1, 1), 0.5).half()
    weights[f"{heard}.encoder.padding_tokens"] = _random(generator, 1, 1, 1, WIDTH, std=0.3)
    conv(f"{heard}.encoder.conv1_local.conv", WIDTH // 4 * TOKENS, AUDIO, 3)
    conv(f"{heard}.encoder.conv1_global.conv", WIDTH // 4, AUDIO, 3)
    conv(f"{heard}.encoder.conv2.conv", WIDTH // 2, WIDTH // 4, 3)
    conv(f"{heard}.encoder.conv3.conv", WIDTH, WIDTH // 2, 3)
    conv(f"{heard}.encoder.final_linear", WIDTH, WIDTH)
    conv("cond_encoder", WIDTH, CHANNELS, 1, 2, 2)
    for number in range(INJECTORS):
        injector = f"audio_injector.injector.{number}"
        for name in "qkvo":
            conv(f"{injector}.{name}", WIDTH, WIDTH, gain=3.0 if name in "vo" else 1.0)
        for name in ("norm_q", "norm_k"):
            weights[f"{injector}.{name}.weight"] = torch.ones(WIDTH).half()
        conv(f"audio_injector.injector_adain_layers.{number}.linear", 2 * WIDTH, WIDTH)
    for name, kernel in (("proj", (1, 2, 2)), ("proj_2x", (2, 4, 4)), ("proj_4x", (4, 8, 8))):
        conv(f"frame_packer.{name}", WIDTH, CHANNELS, *kernel)
    return weights


def vae(generator: torch.Generator, width: int = 8) -> Weights:
    """Wan 2.1's VAE, `width` channels wide instead of 96."""
    weights: Weights = {}

    def conv(name: str, *shape: int, gain: float = 1.0) -> None:
        _conv(weights, generator, name, *shape, gain=gain)

    def norm(name: str, channels: int, dims: int = 3) -> None:
        weights[f"{name}.gamma"] = torch.ones(channels, *[1] * dims).half()

    def residual(name: str, into: int, out: int) -> None:
        norm(f"{name}.residual.0", into)
        conv(f"{name}.residual.2", out, into, 3, 3, 3)
        norm(f"{name}.residual.3", out)
        conv(f"{name}.residual.6", out, out, 3, 3, 3)
        if into != out:
            conv(f"{name}.shortcut", out, into, 1, 1, 1)

    def middle(name: str, channels: int) -> None:
        residual(f"{name}.0", channels, channels)
        norm(f"{name}.1.norm", channels, dims=2)
        conv(f"{name}.1.to_qkv", 3 * channels, channels, 1, 1)
        conv(f"{name}.1.proj", channels, channels, 1, 1)
        residual(f"{name}.2", channels, channels)

    def stages(name: str, widths: list[int], residuals: int, halved: bool, in_time: tuple[bool, ...]) -> None:
        place = 0
        for stage, (into, out) in enumerate(pairwise(widths)):
            into = into // 2 if halved and stage else into
            for _ in range(residuals):
                residual(f"{name}.{place}", into, out)
                into, place = out, place + 1
            if stage < len(in_time):
                conv(f"{name}.{place}.resample.1", out // 2 if halved else out, out, 3, 3)
                if in_time[stage]:
                    conv(f"{name}.{place}.time_conv", 2 * out if halved else out, out, 3, 1, 1)
                place += 1

    down = [width, width, 2 * width, 4 * width, 4 * width]
    conv("encoder.conv1", down[0], 3, 3, 3, 3)
    stages("encoder.downsamples", down, 2, False, (False, True, True))
    middle("encoder.middle", down[-1])
    norm("encoder.head.0", down[-1])
    conv("encoder.head.2", 2 * CHANNELS, down[-1], 3, 3, 3)
    conv("conv1", 2 * CHANNELS, 2 * CHANNELS, 1, 1, 1)
    conv("conv2", CHANNELS, CHANNELS, 1, 1, 1)
    up = [4 * width, 4 * width, 4 * width, 2 * width, width]
    conv("decoder.conv1", up[0], CHANNELS, 3, 3, 3)
    middle("decoder.middle", up[0])
    stages("decoder.upsamples", up, 3, True, (True, True, False))
    norm("decoder.head.0", up[-1])
    conv("decoder.head.2", 3, up[-1], 3, 3, 3, gain=0.5)
    return weights


def wav2vec2(generator: torch.Generator) -> Weights:
    """wav2vec2-large of one layer, `HEARD` channels wide at its front instead of 512."""
    weights: Weights = {"masked_spec_embed": torch.zeros(AUDIO).half()}

    def conv(name: str, *shape: int) -> None:
        _conv(weights, generator, name, *shape)

    def norm(name: str, channels: int) -> None:
        weights[f"{name}.weight"], weights[f"{name}.bias"] = torch.ones(channels).half(), torch.zeros(channels).half()

    for number, kernel in enumerate((10, 3, 3, 3, 3, 2, 2)):
        layer = f"feature_extractor.conv_layers.{number}"
        conv(f"{layer}.conv", HEARD, HEARD if number else 1, kernel)
        norm(f"{layer}.layer_norm", HEARD)
    norm("feature_projection.layer_norm", HEARD)
    conv("feature_projection.projection", AUDIO, HEARD)
    place = "encoder.pos_conv_embed.conv"
    weights[f"{place}.bias"] = torch.zeros(AUDIO).half()
    weights[f"{place}.parametrizations.weight.original0"] = torch.ones(1, 1, 128).half()
    weights[f"{place}.parametrizations.weight.original1"] = _random(generator, AUDIO, AUDIO // 16, 128, std=0.01)
    layer = "encoder.layers.0"
    for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
        conv(f"{layer}.attention.{name}", AUDIO, AUDIO)
    conv(f"{layer}.feed_forward.intermediate_dense", 4 * AUDIO, AUDIO)
    conv(f"{layer}.feed_forward.output_dense", AUDIO, 4 * AUDIO)
    for name in (f"{layer}.layer_norm", f"{layer}.final_layer_norm", "encoder.layer_norm"):
        norm(name, AUDIO)
    return weights
