import json
from typing import Any

import torch
from comfy_api.latest import io, ui

from ..core.views import camera as core
from ..core.views.calibration import WEIGHTS
from ..core.views.chart import chart
from ..core.views.consistency import compare
from ..core.views.family import family
from .known import known
from .tensors import Frames, image_of, picture


class CoverLoopCamera(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopCamera",
            display_name="Camera",
            category="CoverLoop",
            description="Says where the camera goes in the sentences that the angle LoRAs of Qwen-Image-Edit know, in "
            "their order. Several cameras at once: what comes after it runs once for each.",
            **known(io.Schema, search_aliases=["camera angle", "multiple angles", "qwen edit angle", "rotate view"]),
            inputs=[
                io.String.Input(
                    "angles",
                    default="",
                    tooltip="Cameras by name, comma-separated: left45, right90, top, low, close, wide, left45+top. "
                    "Empty: the one that is set below.",
                ),
                io.Combo.Input("horizontal", options=list(core.HORIZONTAL), tooltip="Moves to a side."),
                io.Combo.Input("vertical", options=list(core.VERTICAL), tooltip="Moves up or down."),
                io.Combo.Input("depth", options=list(core.DEPTH), tooltip="Moves to the subject or away from it."),
                io.Int.Input(
                    "rotate",
                    default=0,
                    min=-180,
                    max=180,
                    step=core.STEP,
                    tooltip="Degrees about the subject; below zero to the left. 2509 knows -90 to 90.",
                ),
                io.Boolean.Input("top", default=False, tooltip="Seen from above."),
                io.Boolean.Input("wide", default=False, tooltip="A wide-angle lens."),
                io.Boolean.Input("close", default=False, tooltip="A close-up."),
                io.Boolean.Input("low", default=False, tooltip="Seen from below."),
                io.Combo.Input(
                    "model",
                    options=list(core.MODELS),
                    tooltip="Whose angle LoRA reads it: Qwen-Image-Edit 2509 or 2511.",
                ),
            ],
            outputs=[
                io.String.Output(display_name="prompts", is_output_list=True, tooltip="A prompt for each camera."),
                io.String.Output(display_name="names", is_output_list=True, tooltip="Their names, in the same order."),
            ],
        )

    @classmethod
    def execute(cls, angles: str, model: str, **settings: Any) -> io.NodeOutput:
        cameras = core.read_angles(angles) if angles.strip() else {"camera": core.Camera(**settings)}
        prompts = [one.prompt(model) for one in cameras.values()]
        shown = "\n".join(f"{name}: {prompt}" for name, prompt in zip(cameras, prompts, strict=True))
        return io.NodeOutput(prompts, list(cameras), ui=ui.PreviewText(shown))


class CoverLoopConsistency(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopConsistency",
            display_name="Same Thing?",
            category="CoverLoop",
            description="Says of pictures whether they still show what the reference shows: who it is (with a CLIP "
            "vision model), its style and meaning, and how far the camera went.",
            **known(io.Schema, search_aliases=["similarity", "identity", "clip score", "compare images", "ssim"]),
            inputs=[
                io.Image.Input("reference", tooltip="The picture the others are to agree with."),
                io.Image.Input("pictures", tooltip="One or more pictures, as views or a set for training."),
                io.ClipVision.Input(
                    "clip_vision",
                    optional=True,
                    tooltip="From Load CLIP Vision; without it nobody says who it is, and the rest counts more.",
                ),
            ],
            outputs=[
                io.String.Output(display_name="report", tooltip="Every figure of every picture, as JSON."),
                io.Image.Output(display_name="chart", tooltip="Each picture with its bars."),
                io.Float.Output(display_name="composite", tooltip="The mean of all, 0 to 100."),
            ],
        )

    @classmethod
    def execute(cls, reference: torch.Tensor, pictures: torch.Tensor, clip_vision: Any = None) -> io.NodeOutput:
        against, frames = picture(reference), Frames(pictures)
        pairs = _embedded(clip_vision, reference, pictures) if clip_vision is not None else [None] * len(frames)
        results = [compare(against, frame, pair) for frame, pair in zip(frames, pairs, strict=True)]
        found = family(results)
        kinds = found.kinds if len(results) > 1 else ("",)
        rows = [{**one.to_dict(), "stands_out": kind} for one, kind in zip(results, kinds, strict=True)]
        report = json.dumps({"weights": WEIGHTS, "pictures": rows, "mean": found.mean}, indent=1)
        drawn = image_of(chart(against, frames, results, kinds))
        return io.NodeOutput(report, drawn, found.mean["composite"], ui=ui.PreviewImage(drawn, cls=cls))


def _embedded(clip_vision: Any, reference: torch.Tensor, pictures: torch.Tensor):
    """By ComfyUI's own CLIP vision: for each picture the reference's embedding and its own, (D,) float."""

    def embed(image: torch.Tensor):
        return clip_vision.encode_image(image)["image_embeds"][0].detach().float().cpu().numpy()

    first = embed(reference[:1])
    return [(first, embed(pictures[i : i + 1])) for i in range(len(pictures))]
