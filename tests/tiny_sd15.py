"""Random-weight stand-ins for Stable Diffusion 1.5 and its OpenPose ControlNet, under the official file names.

`make(models)` fills a ComfyUI models folder in a few seconds. ComfyUI reads how deep the UNet is from the file, but not
how wide: it has one level of 320 channels. Text encoder and VAE have the sizes that ComfyUI takes for granted. All
weights are cut out of one strip of random numbers, so that they are quickly made.
"""

import math
from pathlib import Path

import torch
from safetensors.torch import save_file

CHECKPOINT = "v1-5-pruned-emaonly-fp16.safetensors"
CONTROL = "control_v11p_sd15_openpose_fp16.safetensors"
LORA = "tiny_style.safetensors"
STRANGER = "tiny_sdxl.safetensors"  # a LoRA that says it is for SDXL, and whose layers have another size
UPSCALER = "tiny_x2.pth"

WIDTH, TIME, CONTEXT = 320, 1280, 768
Weights = dict[str, torch.Tensor]
_STRIP = torch.randn(1_000_003, generator=torch.Generator().manual_seed(5))


def make(models: Path) -> None:
    files = {f"checkpoints/{CHECKPOINT}": checkpoint(), f"controlnet/{CONTROL}": control()}
    for name, weights in files.items():
        save(models / name, weights)
    save(models / "loras" / LORA, lora(CONTEXT))
    save(models / "loras" / STRANGER, lora(2048), {"ss_base_model_version": "sdxl_base_v1-0"})
    (models / "upscale_models").mkdir(parents=True, exist_ok=True)
    torch.save(upscaler(), models / "upscale_models" / UPSCALER)


def save(path: Path, weights: Weights, said: dict[str, str] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(
        {key: value.contiguous() for key, value in weights.items()}, path, metadata={"format": "pt", **(said or {})}
    )


class _Net:
    """Names and shapes of layers, filled from the strip."""

    def __init__(self, prefix: str = ""):
        self.prefix, self.weights, self._at = prefix, {}, 0

    def put(self, name: str, *shape: int, std: float | None = None) -> None:
        count = math.prod(shape)
        self._at = (self._at + 7919) % len(_STRIP)
        strip = torch.cat([_STRIP[self._at :], _STRIP])
        values = strip.repeat(count // len(strip) + 1)[:count].view(shape)
        scale = 1 / math.sqrt(math.prod(shape[1:])) if std is None else std
        self.weights[f"{self.prefix}{name}.weight"] = (values * scale).half()

    def linear(self, name: str, out: int, into: int, bias: bool = True, std: float | None = None) -> None:
        self.put(name, out, into, std=std)
        if bias:
            self.weights[f"{self.prefix}{name}.bias"] = torch.zeros(out).half()

    def conv(self, name: str, out: int, into: int, side: int = 3, std: float | None = None) -> None:
        self.put(name, out, into, side, side, std=std)
        self.weights[f"{self.prefix}{name}.bias"] = torch.zeros(out).half()

    def norm(self, name: str, width: int) -> None:
        self.weights[f"{self.prefix}{name}.weight"] = torch.ones(width).half()
        self.weights[f"{self.prefix}{name}.bias"] = torch.zeros(width).half()


def checkpoint() -> Weights:
    net = _Net("model.diffusion_model.")
    encoder(net)
    for number in range(2):
        residual(net, f"output_blocks.{number}.0", 2 * WIDTH)
        transformer(net, f"output_blocks.{number}.1")
    net.norm("out.0", WIDTH)
    net.conv("out.2", 4, WIDTH)
    return {**net.weights, **text_encoder(), **vae()}


def encoder(net: _Net) -> None:
    """The half of the UNet that a ControlNet has as well."""
    net.linear("time_embed.0", TIME, WIDTH)
    net.linear("time_embed.2", TIME, TIME)
    net.conv("input_blocks.0.0", WIDTH, 4)
    residual(net, "input_blocks.1.0", WIDTH)
    transformer(net, "input_blocks.1.1")
    residual(net, "middle_block.0", WIDTH)
    transformer(net, "middle_block.1")
    residual(net, "middle_block.2", WIDTH)


def residual(net: _Net, name: str, into: int) -> None:
    net.norm(f"{name}.in_layers.0", into)
    net.conv(f"{name}.in_layers.2", WIDTH, into)
    net.linear(f"{name}.emb_layers.1", WIDTH, TIME)
    net.norm(f"{name}.out_layers.0", WIDTH)
    net.conv(f"{name}.out_layers.3", WIDTH, WIDTH)
    if into != WIDTH:
        net.conv(f"{name}.skip_connection", WIDTH, into, 1)


def transformer(net: _Net, name: str) -> None:
    net.norm(f"{name}.norm", WIDTH)
    net.conv(f"{name}.proj_in", WIDTH, WIDTH, 1)
    block = f"{name}.transformer_blocks.0"
    for attention, context in (("attn1", WIDTH), ("attn2", CONTEXT)):
        net.linear(f"{block}.{attention}.to_q", WIDTH, WIDTH, bias=False, std=0.2)
        net.linear(f"{block}.{attention}.to_k", WIDTH, context, bias=False, std=0.2)
        net.linear(f"{block}.{attention}.to_v", WIDTH, context, bias=False)
        net.linear(f"{block}.{attention}.to_out.0", WIDTH, WIDTH)
    net.linear(f"{block}.ff.net.0.proj", WIDTH * 8, WIDTH)
    net.linear(f"{block}.ff.net.2", WIDTH, WIDTH * 4)
    for number in (1, 2, 3):
        net.norm(f"{block}.norm{number}", WIDTH)
    net.conv(f"{name}.proj_out", WIDTH, WIDTH, 1)


def control() -> Weights:
    net = _Net()
    encoder(net)
    into = 3
    for number, out in zip(range(0, 16, 2), (16, 16, 32, 32, 96, 96, 256, WIDTH), strict=True):
        net.conv(f"input_hint_block.{number}", out, into)
        into = out
    for name in ("zero_convs.0.0", "zero_convs.1.0", "middle_block_out.0"):
        net.conv(name, WIDTH, WIDTH, 1)
    return net.weights


def text_encoder() -> Weights:
    net = _Net("cond_stage_model.transformer.text_model.")
    net.put("embeddings.token_embedding", 49408, CONTEXT, std=0.5)
    net.put("embeddings.position_embedding", 77, CONTEXT, std=0.1)
    for layer in (f"encoder.layers.{number}" for number in range(12)):
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            net.linear(f"{layer}.self_attn.{name}", CONTEXT, CONTEXT)
        net.linear(f"{layer}.mlp.fc1", 4 * CONTEXT, CONTEXT)
        net.linear(f"{layer}.mlp.fc2", CONTEXT, 4 * CONTEXT)
        net.norm(f"{layer}.layer_norm1", CONTEXT)
        net.norm(f"{layer}.layer_norm2", CONTEXT)
    net.norm("final_layer_norm", CONTEXT)
    return net.weights


def vae() -> Weights:
    net = _Net("first_stage_model.")

    def block(name: str, into: int, out: int) -> None:
        net.norm(f"{name}.norm1", into)
        net.conv(f"{name}.conv1", out, into)
        net.norm(f"{name}.norm2", out)
        net.conv(f"{name}.conv2", out, out)
        if into != out:
            net.conv(f"{name}.nin_shortcut", out, into, 1)

    def middle(name: str) -> None:
        block(f"{name}.block_1", 512, 512)
        net.norm(f"{name}.attn_1.norm", 512)
        for part in ("q", "k", "v", "proj_out"):
            net.conv(f"{name}.attn_1.{part}", 512, 512, 1)
        block(f"{name}.block_2", 512, 512)

    widths = (128, 256, 512, 512)
    net.conv("encoder.conv_in", 128, 3)
    into = 128
    for level, width in enumerate(widths):
        for number in range(2):
            block(f"encoder.down.{level}.block.{number}", into, width)
            into = width
        if level < 3:
            net.conv(f"encoder.down.{level}.downsample.conv", width, width)
    middle("encoder.mid")
    net.norm("encoder.norm_out", 512)
    net.conv("encoder.conv_out", 8, 512)
    net.conv("quant_conv", 8, 8, 1)
    net.conv("post_quant_conv", 4, 4, 1)
    net.conv("decoder.conv_in", 512, 4)
    middle("decoder.mid")
    for level in (3, 2, 1, 0):
        for number in range(3):
            block(f"decoder.up.{level}.block.{number}", into, widths[level])
            into = widths[level]
        if level:
            net.conv(f"decoder.up.{level}.upsample.conv", into, into)
    net.norm("decoder.norm_out", 128)
    net.conv("decoder.conv_out", 3, 128, std=0.015)
    return net.weights


def lora(context: int, rank: int = 4) -> Weights:
    """A LoRA on cross-attention and on a layer of the text encoder, with kohya's names."""
    layers = {f"lora_unet_{place}_1_transformer_blocks_0_attn2_to_{part}": (WIDTH, context)
              for place in ("input_blocks_1", "output_blocks_0", "output_blocks_1") for part in "kv"}  # fmt: skip
    if context == CONTEXT:
        layers["lora_te_text_model_encoder_layers_0_mlp_fc1"] = (4 * CONTEXT, CONTEXT)
    net = _Net()
    for name, (out, into) in layers.items():
        net.put(f"{name}.lora_down", rank, into)
        net.put(f"{name}.lora_up", out, rank, std=0.2)
        net.weights[f"{name}.alpha"] = torch.tensor(float(rank)).half()
    return net.weights


def upscaler() -> Weights:
    """ESRGAN, twice as large, one block of eight channels."""
    from spandrel.architectures.ESRGAN.__arch.RRDB import RRDBNet

    torch.manual_seed(6)
    return RRDBNet(num_filters=8, num_blocks=1, scale=2).state_dict()
