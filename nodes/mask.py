import comfy.utils
from comfy_api.latest import io, ui

from ..core.lettering.layer import TextOver, text_layer
from ..core.lettering.mask import find_glyphs
from .find import Regions
from .tensors import array_of_mask, checked, empty_images, image_of, layer_of, mask_of, picture, rgb_float


class CoverLoopGlyphMask(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopGlyphMask",
            display_name="Glyph Mask",
            category="CoverLoop",
            description="Masks the lettering to the stroke, with its outline, shadow and glow, by adaptive contrast.",
            inputs=[
                io.Image.Input("cover", tooltip="The cover the regions were found on."),
                Regions.Input("regions", tooltip="From Find Lettering. Regions marked 'keep' stay in the picture."),
            ],
            outputs=[
                io.Mask.Output(display_name="mask", tooltip="Soft mask: 1 where lettering covers the picture."),
                io.Mask.Output(
                    display_name="unsure",
                    tooltip="1 where lettering and picture cannot be told apart, mostly for being of one colour: for "
                    "'still' of Ambient Motion. Mostly empty.",
                ),
            ],
            is_output_node=True,  # so that its preview, which loops are judged by, is told also when it is cached
        )

    @classmethod
    def execute(cls, cover, regions) -> io.NodeOutput:
        found = find_glyphs(picture(cover), regions)
        mask = mask_of(found.mask)
        return io.NodeOutput(mask, mask_of(found.unsure), ui=ui.PreviewMask(mask, cls=cls))


class CoverLoopTextLayer(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopTextLayer",
            display_name="Lift Lettering",
            category="CoverLoop",
            description="Lifts the lettering off as a transparent layer: colour and alpha un-mixed from the plate.",
            inputs=[
                io.Image.Input("cover", tooltip="The cover with its lettering."),
                io.Image.Input("plate", tooltip="The same cover without lettering, from Clean Plate."),
                io.Mask.Input("mask", tooltip="The glyph mask."),
            ],
            outputs=[
                io.Image.Output(
                    display_name="layer", tooltip="RGBA picture: laid over the plate it gives the cover back."
                )
            ],
        )

    @classmethod
    def execute(cls, cover, plate, mask) -> io.NodeOutput:
        return io.NodeOutput(image_of(text_layer(picture(cover), picture(plate), array_of_mask(mask))))


class CoverLoopTextOver(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopTextOver",
            display_name="Lettering Back",
            category="CoverLoop",
            description="Lays the lettering over every frame at the same pixels, so that it never moves.",
            inputs=[
                io.Image.Input("frames", tooltip="The frames of the loop, the size of the layer."),
                io.Image.Input("layer", tooltip="The transparent layer from Lift Lettering."),
            ],
            outputs=[io.Image.Output(display_name="lettered", tooltip="The frames with the lettering back in place.")],
        )

    @classmethod
    def execute(cls, frames, layer) -> io.NodeOutput:
        over = TextOver(layer_of(layer))
        lettered = empty_images((*checked(frames).shape[:3], 3))
        progress = comfy.utils.ProgressBar(len(frames))
        for i in range(len(lettered)):
            over.blend_float(lettered[i].copy_(rgb_float(frames[i])).numpy())
            progress.update(1)
        return io.NodeOutput(lettered)
