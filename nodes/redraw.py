from typing import Any

import cv2
import numpy as np
import torch
from comfy_api.latest import io, ui

from ..core.errors import ModelError
from ..core.limits import MEGAPIXELS, PICTURE_SIDE
from ..core.motion import matte
from ..core.pixels import ramp
from ..core.views.fit import denoise, working_picture, working_size
from ..core.views.style import style_prompt
from .known import known
from .tensors import image_of, mask_of
from .tensors import picture as picture_of


class CoverLoopStyleWords(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopStyleWords",
            display_name="Style Words",
            category="CoverLoop",
            description="The prompt of a picture in a style: the trigger word of its LoRA in front, exactly once, "
            "Korean put into English where the encoder knows no Hangul.",
            **known(io.Schema, search_aliases=["trigger word", "style prompt", "translate prompt"]),
            inputs=[
                io.String.Input("words", multiline=True, default="", tooltip="What is to be seen, English or Korean."),
                io.String.Input("trigger", default="", tooltip="Trigger words of the LoRA, comma-separated."),
                io.Boolean.Input(
                    "reads_hangul",
                    default=False,
                    tooltip="The text encoder reads Hangul (Qwen does, CLIP does not): Korean stays as it is.",
                ),
            ],
            outputs=[
                io.String.Output(display_name="prompt", tooltip="For CLIP Text Encode."),
                io.String.Output(display_name="notes", tooltip="Words that the glossary does not know, left out."),
            ],
        )

    @classmethod
    def execute(cls, words: str, trigger: str, reads_hangul: bool) -> io.NodeOutput:
        styled = style_prompt(words, trigger, reads_hangul)
        notes = "\n".join(styled.notes)
        return io.NodeOutput(styled.prompt, notes, ui=ui.PreviewText("\n".join((styled.prompt, *styled.notes))))


class CoverLoopFitPicture(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopFitPicture",
            display_name="Fit Picture",
            category="CoverLoop",
            description="What an image model begins with: a picture at the area it was trained on, its shape kept, or "
            "an empty one of the size wished. Width and height bring the result back to the size of the picture.",
            **known(io.Schema, search_aliases=["img2img", "image to latent", "denoise", "restyle"]),
            inputs=[
                io.Vae.Input("vae", tooltip="The VAE of the model."),
                io.Image.Input("picture", optional=True, tooltip="What is redrawn. None: the words alone decide."),
                io.Float.Input(
                    "strength",
                    default=0.6,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="How far from the picture: 0 leaves it, 0.4 changes surfaces, 0.6 shapes, 1 keeps only its "
                    "size. Without a picture it has no effect.",
                ),
                io.Int.Input(
                    "width", default=1024, **PICTURE_SIDE.ends(), tooltip="Width of the result without a picture."
                ),
                io.Int.Input(
                    "height", default=1024, **PICTURE_SIDE.ends(), tooltip="Height of the result without a picture."
                ),
                io.Float.Input(
                    "megapixels",
                    default=0.4,
                    **MEGAPIXELS.ends(),
                    step=0.01,
                    tooltip="Area at which the model draws: 0.25 to 0.5 for SD 1.5, 1 for Z-Image and Qwen.",
                ),
                io.Int.Input(
                    "multiple",
                    default=16,
                    min=8,
                    max=64,
                    step=8,
                    tooltip="Both sides become a multiple of this: 8 for SD 1.5, 16 for Z-Image and Qwen.",
                ),
            ],
            outputs=[
                io.Latent.Output(display_name="latent", tooltip="For the sampler."),
                io.Float.Output(display_name="denoise", tooltip="For the sampler: the strength, 1 without a picture."),
                io.Int.Output(display_name="full_width", tooltip="Width that the result is scaled to."),
                io.Int.Output(display_name="full_height", tooltip="Height that the result is scaled to."),
                io.Image.Output(display_name="fitted", tooltip="The picture as the model sees it; none without one."),
            ],
        )

    @classmethod
    def execute(
        cls,
        vae: Any,
        strength: float,
        width: int,
        height: int,
        megapixels: float,
        multiple: int,
        picture: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        noise = denoise(strength, picture is not None)
        fitted = None
        if picture is not None:
            given = picture_of(picture)
            height, width = given.shape[:2]
            fitted = image_of(working_picture(given, megapixels, multiple))
        if fitted is None or noise == 1:
            wide, high = working_size(width, height, megapixels, multiple)
            latent = torch.zeros(1, 4, high // 8, wide // 8)  # KSampler gives an empty one the channels of its model
        else:
            latent = vae.encode(fitted)
        return io.NodeOutput({"samples": latent}, noise, width, height, fitted)


class CoverLoopCutOut(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopCutOut",
            display_name="Cut Out",
            category="CoverLoop",
            description="Takes the ground from behind what stands out, so that a figure lies free: transparent where "
            "the ground was. The network is U2-Net in its small form.",
            **known(io.Schema, search_aliases=["remove background", "rembg", "matting", "transparent"]),
            inputs=[
                io.Image.Input("picture", tooltip="The picture. Of a batch, the first."),
                io.Boolean.Input("cut", default=True, tooltip="Off: the picture goes through as it is."),
            ],
            outputs=[
                io.Image.Output(display_name="figure", tooltip="With alpha; save it as PNG."),
                io.Mask.Output(display_name="mask", tooltip="What stands out, white."),
            ],
        )

    @classmethod
    def execute(cls, picture: torch.Tensor, cut: bool) -> io.NodeOutput:
        given = picture_of(picture)
        if not cut:
            return io.NodeOutput(picture, mask_of(np.ones(given.shape[:2], np.float32)))
        mask = _matte(given)
        return io.NodeOutput(image_of(np.dstack([given, (mask * 255).round().astype(np.uint8)])), mask_of(mask))


def _matte(given: np.ndarray) -> np.ndarray:
    """(H, W) float32 0..1. Raises ModelError where the network is not, or sees nothing that stands out."""
    path = matte.locate()
    if path is None:
        raise ModelError(f"{matte.U2NETP.name}: not found; run the pack's install.py, or name it in COVERLOOP_MATTE")
    mask = ramp(cv2.resize(matte.matte(given, path), given.shape[1::-1], interpolation=cv2.INTER_CUBIC), 0.2, 0.8)
    if float(mask.mean()) < 0.005:
        raise ModelError("nothing stands out of the ground in this picture; leave cut out off")
    return mask.astype(np.float32)
