import comfy.utils
import cv2
import numpy as np
import torch
from comfy_api.latest import io, ui

from ..core.errors import UsageError
from ..core.lettering.find import TextRegion
from ..core.lettering.hold import Hold
from ..core.lettering.layer import TextOver, text_layer
from ..core.lettering.mask import find_glyphs
from ..core.pixels import resized
from .find import Regions
from .known import known
from .tensors import array_of_mask, checked, empty_images, image_of, layer_of, mask_of, mask_over, picture, rgb_float


class CoverLoopGlyphMask(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopGlyphMask",
            display_name="Glyph Mask",
            category="CoverLoop",
            description="Masks the lettering to the stroke, with its outline, shadow and glow. A line is lifted whole "
            "or, where a part of it would be left behind, held whole.",
            **known(io.Schema, search_aliases=["text mask", "lettering mask", "text segmentation"]),
            inputs=[
                io.Image.Input("cover", tooltip="The cover the regions were found on."),
                Regions.Input("regions", tooltip="From Find Lettering. Regions marked 'keep' stay in the picture."),
                io.Mask.Input(
                    "hold",
                    optional=True,
                    tooltip="Painted over the cover, of any size: what lies here stays as it is and does not move.",
                ),
                io.Mask.Input(
                    "lift",
                    optional=True,
                    tooltip="Painted over the cover, of any size: lettering here is lifted, whatever its mask may "
                    "leave behind.",
                ),
            ],
            outputs=[
                io.Mask.Output(display_name="mask", tooltip="Soft mask: 1 where lettering covers the picture."),
                io.Mask.Output(
                    display_name="held",
                    tooltip="1 where the cover stays as it is: lettering that is not lifted, badges, borders. For "
                    "'still' of Ambient Motion, and for Lettering Back after a model drew the frames.",
                ),
            ],
            is_output_node=True,  # so that its preview, which loops are judged by, is told also when it is cached
        )

    @classmethod
    def execute(
        cls,
        cover: torch.Tensor,
        regions: list[TextRegion],
        hold: torch.Tensor | None = None,
        lift: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        shown = picture(cover)
        found = find_glyphs(shown, regions, hold=_painted(hold, shown), lift=_painted(lift, shown))
        mask = mask_of(found.mask)
        return io.NodeOutput(mask, mask_of(found.held), ui=ui.PreviewMask(mask, cls=cls))


def _painted(mask: torch.Tensor | None, shown: np.ndarray) -> np.ndarray | None:
    """A painted mask at the size of the cover, (H, W) bool."""
    return (
        None if mask is None else resized(array_of_mask(mask), shown.shape[1], shown.shape[0], cv2.INTER_LINEAR) > 0.5
    )


class CoverLoopTextLayer(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopTextLayer",
            display_name="Lift Lettering",
            category="CoverLoop",
            description="Lifts the lettering off as a transparent layer: colour and alpha un-mixed from the plate.",
            **known(io.Schema, search_aliases=["text layer", "extract text", "unmix alpha"]),
            inputs=[
                io.Image.Input("cover", tooltip="The cover with its lettering."),
                io.Image.Input("plate", tooltip="The same cover without lettering, from Clean Plate."),
                io.Mask.Input("mask", tooltip="The glyph mask, of any size."),
            ],
            outputs=[
                io.Image.Output(
                    display_name="layer", tooltip="RGBA picture: laid over the plate it gives the cover back."
                )
            ],
        )

    @classmethod
    def execute(cls, cover: torch.Tensor, plate: torch.Tensor, mask: torch.Tensor) -> io.NodeOutput:
        shown = picture(cover)
        return io.NodeOutput(image_of(text_layer(shown, picture(plate), mask_over(mask, shown))))


class CoverLoopTextOver(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopTextOver",
            display_name="Lettering Back",
            category="CoverLoop",
            description="Lays the lettering over every frame at the same pixels, so that it never moves.",
            **known(io.Schema, search_aliases=["overlay text", "composite text", "put text back"]),
            inputs=[
                io.Image.Input("frames", tooltip="The frames of the loop, the size of the layer."),
                io.Image.Input("layer", tooltip="The transparent layer from Lift Lettering."),
                io.Image.Input(
                    "cover",
                    optional=True,
                    tooltip="With 'held': the cover, whose own pixels come back there. For frames a model drew.",
                ),
                io.Mask.Input(
                    "held",
                    optional=True,
                    tooltip="'held' of Glyph Mask: there the cover comes back over every frame, with a soft rim and in "
                    "the tone of the frame around it.",
                ),
            ],
            outputs=[io.Image.Output(display_name="lettered", tooltip="The frames with the lettering back in place.")],
        )

    @classmethod
    def execute(
        cls,
        frames: torch.Tensor,
        layer: torch.Tensor,
        cover: torch.Tensor | None = None,
        held: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        over, hold = TextOver(layer_of(layer)), _hold(cover, held)
        lettered = empty_images((*checked(frames).shape[:3], 3))
        progress = comfy.utils.ProgressBar(len(frames))
        for i in range(len(lettered)):
            frame = lettered[i].copy_(rgb_float(frames[i])).numpy()
            if hold is not None:
                frame[:] = hold.over(frame * 255) / 255
            over.blend_float(frame)
            progress.update(1)
        return io.NodeOutput(lettered)


def _hold(cover: torch.Tensor | None, held: torch.Tensor | None) -> Hold | None:
    """Raises UsageError when one of the two is given without the other."""
    if cover is None and held is None:
        return None
    if cover is None or held is None:
        raise UsageError("Lettering Back: give both 'cover' and 'held', or neither")
    return Hold(picture(cover), array_of_mask(held))
