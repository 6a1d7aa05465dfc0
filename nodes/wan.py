from collections.abc import Mapping
from typing import Any

import comfy.lora
import comfy.lora_convert
import comfy.utils
import folder_paths
import torch
from comfy_api.latest import io, ui

from ..core.errors import ModelError
from ..core.limits import MEGAPIXELS, SECONDS, SHOT_FRAMES, SHOT_SIDE, SPARE
from ..core.wan import clip as core
from .known import known
from .tensors import checked, image_of, scaled_images
from .tensors import picture as picture_of

NONE = "none"


class CoverLoopFitWan(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopFitWan",
            display_name="Fit for Wan",
            category="CoverLoop",
            description="Gives Wan 2.2 the start picture, size and length it works with: sides a multiple of 32 at the "
            "area it was trained on, 4n + 1 frames with some to spare for the join.",
            **known(io.Schema, search_aliases=["wan size", "resize for wan", "frame count"]),
            inputs=[
                io.Image.Input("plate", tooltip="The clean plate."),
                io.Float.Input(
                    "seconds", default=4.0, **SECONDS.ends(), step=0.1, tooltip="Length of one turn of the loop."
                ),
                io.Float.Input(
                    "megapixels",
                    default=0.9,
                    **MEGAPIXELS.ends(),
                    step=0.01,
                    tooltip="Area of the generated clip. Wan 2.2 5B was trained at 0.9 (1280x704, 960x960).",
                ),
                io.Int.Input(
                    "spare",
                    **known(io.Int.Input, advanced=True),
                    default=9,
                    **SPARE.ends(),
                    tooltip="Frames generated on top of the loop: trimmed ends and room for the search of the cut.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="start", tooltip="The plate at the size of the clip."),
                io.Int.Output(display_name="width", tooltip="Width of the clip."),
                io.Int.Output(display_name="height", tooltip="Height of the clip."),
                io.Int.Output(display_name="length", tooltip="Frames of the clip."),
                io.Int.Output(display_name="near", tooltip="Frames of the loop at Wan's 24 a second."),
            ],
        )

    @classmethod
    def execute(cls, plate: torch.Tensor, seconds: float, megapixels: float, spare: int) -> io.NodeOutput:
        start = core.start_picture(picture_of(plate), megapixels)
        height, width = start.shape[:2]
        return io.NodeOutput(
            image_of(start), width, height, core.length_for(seconds, spare), round(seconds * core.RATE)
        )


class CoverLoopFitShot(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopFitShot",
            display_name="Fit Shot for Wan",
            category="CoverLoop",
            description="Size and length of a shot that Wan 2.2 makes of words, and its first frame if it has one: the "
            "middle of a picture in the shot's shape. Without a picture the words alone decide.",
            **known(io.Schema, search_aliases=["text to video size", "first frame", "wan shot"]),
            inputs=[
                io.Image.Input(
                    "picture",
                    optional=True,
                    tooltip="What the shot begins with: a cover, the last frame of the shot before. None: words alone.",
                ),
                io.Int.Input(
                    "width",
                    default=1280,
                    **SHOT_SIDE.ends(),
                    step=core.MULTIPLE,
                    tooltip="Width of the shot. Wan 2.2 5B was trained at 1280x704 and 704x1280.",
                ),
                io.Int.Input(
                    "height", default=704, **SHOT_SIDE.ends(), step=core.MULTIPLE, tooltip="Height of the shot."
                ),
                io.Int.Input(
                    "frames",
                    default=core.TRAINED,
                    **SHOT_FRAMES.ends(),
                    step=4,
                    tooltip="Length of the shot, 24 frames a second; Wan makes 4n + 1. It was trained at 121.",
                ),
            ],
            outputs=[
                io.Image.Output(
                    display_name="start", tooltip="The first frame; nothing where no picture is connected."
                ),
                io.Int.Output(display_name="shot_width", tooltip="Width of the shot, a multiple of 32."),
                io.Int.Output(display_name="shot_height", tooltip="Height of the shot, a multiple of 32."),
                io.Int.Output(display_name="length", tooltip="Frames of the shot, 4n + 1."),
            ],
        )

    @classmethod
    def execute(cls, width: int, height: int, frames: int, picture: torch.Tensor | None = None) -> io.NodeOutput:
        wide, high = (side // core.MULTIPLE * core.MULTIPLE for side in (width, height))
        start = None if picture is None else image_of(core.shot_start(picture_of(picture), wide, high))
        return io.NodeOutput(start, wide, high, core.shot_length(frames))


class CoverLoopScaleToCover(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopScaleToCover",
            display_name="Scale to Cover",
            category="CoverLoop",
            description="Brings the frames to the size of the cover, so that the lettering goes back at full size.",
            **known(io.Schema, search_aliases=["upscale frames", "resize to cover"]),
            inputs=[
                io.Image.Input("frames", tooltip="The frames of the loop, at the size they were generated."),
                io.Image.Input("cover", tooltip="The cover: only its size counts."),
            ],
            outputs=[io.Image.Output(display_name="scaled", tooltip="The frames at the size of the cover.")],
        )

    @classmethod
    def execute(cls, frames: torch.Tensor, cover: torch.Tensor) -> io.NodeOutput:
        height, width = checked(cover).shape[1:3]
        progress = comfy.utils.ProgressBar(len(frames))
        return io.NodeOutput(scaled_images(frames, width, height, lambda: progress.update(1)))


class CoverLoopLora(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopLora",
            display_name="LoRA (checked)",
            category="CoverLoop",
            description="Loads a LoRA into the model, as LoraLoaderModelOnly does, and says how much of it fits: one "
            "made for another model or another size stops the run instead of doing nothing.",
            **known(io.Schema, search_aliases=["load lora", "wan lora"]),
            inputs=[
                io.Model.Input("model", tooltip="The model, or the LoRA before this one."),
                io.Combo.Input(
                    "lora",
                    options=[NONE, *folder_paths.get_filename_list("loras")],
                    default=NONE,
                    tooltip="A file from models/loras. 'none' leaves the model as it is.",
                ),
                io.Float.Input(
                    "strength", default=1.0, min=-10.0, max=10.0, step=0.01, tooltip="How strongly. 0 is off."
                ),
                io.Clip.Input(
                    "clip",
                    optional=True,
                    tooltip="The text encoder, where the LoRA was trained with it, as for Stable Diffusion 1.5.",
                ),
            ],
            outputs=[
                io.Model.Output(display_name="lora_model", tooltip="The model with the LoRA in it."),
                io.Clip.Output(display_name="lora_clip", tooltip="The text encoder with the LoRA in it, if connected."),
            ],
        )

    @classmethod
    def execute(cls, model: Any, lora: str, strength: float, clip: Any = None) -> io.NodeOutput:
        if lora == NONE or strength == 0:
            return io.NodeOutput(model, clip)
        path = folder_paths.get_full_path_or_raise("loras", lora)
        weights, said = comfy.utils.load_torch_file(path, safe_load=True, return_metadata=True)
        weights = comfy.lora_convert.convert_lora(weights)
        names = comfy.lora.model_lora_keys_unet(model.model, {})
        if clip is not None:
            names = comfy.lora.model_lora_keys_clip(clip.cond_stage_model, names)
        patches = comfy.lora.load_lora(weights, names, log_missing=False)
        note = _fit(lora, model, clip, weights, names, patches, said or {})
        return io.NodeOutput(*_patched(patches, strength, model, clip), ui=ui.PreviewText(note))


def _patched(patches, strength, model, clip) -> tuple[Any, Any]:
    model, clip = model.clone(), None if clip is None else clip.clone()
    model.add_patches(patches, strength)
    if clip is not None:
        clip.add_patches(patches, strength)
    return model, clip


def _made_for(said: Mapping[str, str]) -> str:
    """Which base model a LoRA's file says it was trained on, as trainers write it; "" where it says nothing."""
    base = said.get("modelspec.architecture") or said.get("ss_base_model_version") or said.get("ss_sd_model_name")
    return f", its file says it is for {str(base)[:60]}" if base else ""


def _fit(lora, model, clip, weights, names, patches, said) -> str:
    """How much of a LoRA the model takes, in words; drops what has the wrong shape. ComfyUI itself only logs it.

    Raises:
        ModelError: nothing of it fits.
    """
    state = model.model.state_dict()
    if clip is not None:
        state |= clip.cond_stage_model.state_dict()
    wrong = [key for key, patch in patches.items() if isinstance(key, str) and not _same_shape(patch, state[key])]
    for key in wrong:
        del patches[key]
    unknown = [key for key in weights if not _is_known(key, names)]
    if not patches:
        why = f"its {len(wrong)} layers have another size" if wrong else f"no layer is called {next(iter(weights), '')}"
        raise ModelError(
            f"LoRA {lora} does not fit this model: {why}{_made_for(said)}; choose one made for it, or 'none'"
        )
    remarks = [f"LoRA {lora}: {len(patches)} layers changed"]
    remarks += [f"{len(wrong)} have another size and are left out"] if wrong else []
    remarks += [f"{len(unknown)} keys match nothing, such as {unknown[0]}"] if unknown else []
    return "; ".join(remarks)


def _same_shape(patch, weight) -> bool:
    if isinstance(patch, tuple):
        return patch[0] != "diff" or patch[1][0].shape == weight.shape
    if patch.name != "lora":  # the other kinds take their shape from the weight
        return True
    up, down, *_, reshape = patch.weights
    return reshape is not None or up.shape[0] * down[0].numel() == weight.numel()


def _is_known(key, names) -> bool:
    """Whether a key such as `diffusion_model.blocks.0.ffn.0.lora_A.weight` starts with the name of a layer."""
    parts = key.split(".")
    return any(".".join(parts[:end]) in names for end in range(1, len(parts) + 1))
