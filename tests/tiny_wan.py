"""Random-weight stand-ins for the Wan 2.2 TI2V 5B files, a few MB in all, under the official file names.

`make(models)` fills a ComfyUI models folder in about a second. ComfyUI reads the sizes of the UNet from the file; the
text encoder and the VAE are narrower than the sizes it takes for granted, so the server also needs the test-only pack
`tiny_wan_compat`. Key names and layouts are those of the published files. The pictures are noise, but every path of
the real graph runs: tokenizer, conditioning, mask, per-frame timesteps, LoRA keys, causal VAE.
"""

import io
import math
import random
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import save_file

UNET = "wan2.2_ti2v_5B_fp16.safetensors"
TEXT_ENCODER = "umt5_xxl_fp8_e4m3fn_scaled.safetensors"
VAE = "wan2.2_vae.safetensors"
TURBO = "Wan2_2_5B_FastWanFullAttn_lora_rank_128_bf16.safetensors"
LORAS = ("tiny_diffusers.safetensors", "tiny_kohya.safetensors", "tiny_musubi.safetensors")
STRANGER = "tiny_stranger.safetensors"  # a LoRA for another kind of model: no key matches
OVERSIZE = "tiny_oversize.safetensors"  # a LoRA for a larger model: the keys match, the sizes do not

TEXT_DIM, TIME_DIM, CHANNELS, VOCABULARY = 4096, 256, 48, 384
WIDTH, FFN, BLOCKS = 128, 128, 2
Weights = dict[str, torch.Tensor]


def make(models: Path) -> None:
    generator = torch.Generator().manual_seed(1234)
    files = {
        f"diffusion_models/{UNET}": unet(generator),
        f"text_encoders/{TEXT_ENCODER}": text_encoder(generator),
        f"vae/{VAE}": vae(generator),
        f"loras/{TURBO}": lora(generator, "diffusers"),
        f"loras/{STRANGER}": {f"transformer_{name}": w for name, w in lora(generator, "diffusers").items()},
        f"loras/{OVERSIZE}": lora(generator, "diffusers", width=WIDTH * 2, ffn=FFN * 2),
    }
    for name, style in zip(LORAS, ("diffusers", "kohya", "musubi"), strict=True):
        files[f"loras/{name}"] = lora(generator, style)
    for name, weights in files.items():
        path = models / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({key: value.contiguous() for key, value in weights.items()}, path, metadata={"format": "pt"})


def _random(generator: torch.Generator, *shape: int, std: float) -> torch.Tensor:
    return (torch.randn(*shape, generator=generator) * std).half()


def unet(generator: torch.Generator, channels: int = CHANNELS) -> Weights:
    """WanModel: ComfyUI infers width, blocks and FFN from these shapes; heads are width / 128."""
    weights: Weights = {}

    def linear(name: str, out: int, into: int, gain: float = 1.0) -> None:
        weights[f"{name}.weight"] = _random(generator, out, into, std=gain / math.sqrt(into))
        weights[f"{name}.bias"] = torch.zeros(out).half()

    weights["patch_embedding.weight"] = _random(generator, WIDTH, channels, 1, 2, 2, std=1 / math.sqrt(channels * 4))
    weights["patch_embedding.bias"] = torch.zeros(WIDTH).half()
    linear("text_embedding.0", WIDTH, TEXT_DIM)
    linear("text_embedding.2", WIDTH, WIDTH)
    linear("time_embedding.0", WIDTH, TIME_DIM)
    linear("time_embedding.2", WIDTH, WIDTH)
    linear("time_projection.1", WIDTH * 6, WIDTH)
    for block in (f"blocks.{i}" for i in range(BLOCKS)):
        gates = torch.tensor([0.0, 0, 1, 0, 0, 1]).view(1, 6, 1)  # attention and FFN open, so that inputs matter
        weights[f"{block}.modulation"] = (_random(generator, 1, 6, WIDTH, std=0.3) + gates).half()
        for attention in ("self_attn", "cross_attn"):
            for name in "qkvo":
                linear(f"{block}.{attention}.{name}", WIDTH, WIDTH, gain=1.5 if name in "qk" else 1.0)
            for name in ("norm_q", "norm_k"):
                weights[f"{block}.{attention}.{name}.weight"] = torch.ones(WIDTH).half()
        weights[f"{block}.norm3.weight"] = torch.ones(WIDTH).half()
        weights[f"{block}.norm3.bias"] = torch.zeros(WIDTH).half()
        linear(f"{block}.ffn.0", FFN, WIDTH)
        linear(f"{block}.ffn.2", WIDTH, FFN)
    weights["head.modulation"] = _random(generator, 1, 2, WIDTH, std=0.1)
    linear("head.head", channels * 4, WIDTH, gain=0.7)
    return weights


def lora(generator: torch.Generator, style: str, width: int = WIDTH, ffn: int = FFN, rank: int = 4) -> Weights:
    """A LoRA on all attention and FFN layers, with the key names of diffusers, kohya or musubi-tuner."""
    layers = {f"blocks.{i}.{a}.{n}": (width, width) for i in range(BLOCKS) for a in ATTENTIONS for n in "qkvo"}
    for i in range(BLOCKS):
        layers |= {f"blocks.{i}.ffn.0": (ffn, width), f"blocks.{i}.ffn.2": (width, ffn)}
    weights: Weights = {}
    for layer, (out, into) in layers.items():
        down = _random(generator, rank, into, std=0.3 / math.sqrt(into))
        up = _random(generator, out, rank, std=0.3)
        name = f"lora_unet_{layer.replace('.', '_')}" if style == "musubi" else f"diffusion_model.{layer}"
        ends = ("lora_A", "lora_B") if style == "diffusers" else ("lora_down", "lora_up")
        weights |= {f"{name}.{ends[0]}.weight": down, f"{name}.{ends[1]}.weight": up}
        if style != "diffusers":
            weights[f"{name}.alpha"] = torch.tensor(float(rank)).half()
    return weights


ATTENTIONS = ("self_attn", "cross_attn")


def text_encoder(generator: torch.Generator, heads: int = 1, head: int = 16, ffn: int = 32) -> Weights:
    """A UMT5 encoder of one block, with its tokenizer inside as ComfyUI expects it."""
    block = "encoder.block.0.layer"
    shapes = {
        **{f"{block}.0.SelfAttention.{n}.weight": (heads * head, TEXT_DIM) for n in "qkv"},
        f"{block}.0.SelfAttention.o.weight": (TEXT_DIM, heads * head),
        f"{block}.1.DenseReluDense.wi_0.weight": (ffn, TEXT_DIM),
        f"{block}.1.DenseReluDense.wi_1.weight": (ffn, TEXT_DIM),
        f"{block}.1.DenseReluDense.wo.weight": (TEXT_DIM, ffn),
    }
    weights = {name: _random(generator, *shape, std=0.5 / math.sqrt(shape[1])) for name, shape in shapes.items()}
    weights["shared.weight"] = _random(generator, VOCABULARY, TEXT_DIM, std=1.0)
    weights[f"{block}.0.SelfAttention.relative_attention_bias.weight"] = _random(generator, 32, heads, std=0.1)
    weights |= {f"{block}.{i}.layer_norm.weight": torch.ones(TEXT_DIM).half() for i in (0, 1)}
    weights["encoder.final_layer_norm.weight"] = torch.full((TEXT_DIM,), 0.15).half()
    # ComfyUI tells UMT5-XXL by the width of this layer of its last block
    weights["encoder.block.23.layer.1.DenseReluDense.wi_1.weight"] = torch.zeros(1, TEXT_DIM).half()
    weights["spiece_model"] = tokenizer()
    return weights


WORDS = """a the of and in on with slow gentle soft calm steady seamless loop camera locked light fog sea sky water hair
cloth leaves stars dust particles drift breathe glow sway flicker blur fast zoom text watermark distorted"""


def tokenizer() -> torch.Tensor:
    """A sentencepiece model with T5's special tokens, as the bytes ComfyUI stores beside the weights."""
    import sentencepiece

    pick, words = random.Random(0), WORDS.split()
    lines = (" ".join(pick.choice(words) for _ in range(12)) for _ in range(400))
    model = io.BytesIO()
    special = dict(pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    size = dict(vocab_size=VOCABULARY, hard_vocab_limit=False, byte_fallback=True, model_type="unigram")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines, model_writer=model, num_threads=1, minloglevel=2, **special, **size
    )
    return torch.frombuffer(bytearray(model.getvalue()), dtype=torch.uint8).clone()


def vae(generator: torch.Generator, width: int = 12) -> Weights:
    """Wan 2.2's VAE, `width` channels wide instead of 160 (encoder) and 256 (decoder)."""
    weights: Weights = {}

    def conv(name: str, out: int, into: int, *kernel: int, gain: float = 1.0) -> None:
        std = gain / math.sqrt(into * math.prod(kernel))
        weights[f"{name}.weight"] = _random(generator, out, into, *kernel, std=std)
        weights[f"{name}.bias"] = torch.zeros(out).half()

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

    def stages(name: str, widths: list[int], residuals: int, in_time: tuple[bool, ...], time_conv: tuple) -> None:
        for i, (into, out) in enumerate(pairwise(widths)):
            stage = f"{name}.{i}.{name.rpartition('.')[2]}"
            for r in range(residuals):
                residual(f"{stage}.{r}", into if r == 0 else out, out)
            if i < len(in_time):
                conv(f"{stage}.{residuals}.resample.1", out, out, 3, 3)
                if in_time[i]:
                    conv(f"{stage}.{residuals}.time_conv", time_conv[0] * out, out, *time_conv[1])

    down = [width, width, 2 * width, 4 * width, 4 * width]
    conv("encoder.conv1", down[0], 12, 3, 3, 3)
    stages("encoder.downsamples", down, 2, (False, True, True), (1, (3, 1, 1)))
    middle("encoder.middle", down[-1])
    norm("encoder.head.0", down[-1])
    conv("encoder.head.2", 2 * CHANNELS, down[-1], 3, 3, 3)
    conv("conv1", 2 * CHANNELS, 2 * CHANNELS, 1, 1, 1)
    conv("conv2", CHANNELS, CHANNELS, 1, 1, 1)
    up = [4 * width, 4 * width, 4 * width, 2 * width, width]
    conv("decoder.conv1", up[0], CHANNELS, 3, 3, 3)
    middle("decoder.middle", up[0])
    stages("decoder.upsamples", up, 3, (True, True, False), (2, (3, 1, 1)))
    norm("decoder.head.0", up[-1])
    conv("decoder.head.2", 12, up[-1], 3, 3, 3, gain=0.5)
    return weights
