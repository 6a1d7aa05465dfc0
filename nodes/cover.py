from comfy_api.latest import io

from ..core.image import fit
from .tensors import image_of, picture


class CoverLoopFitCover(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopFitCover",
            display_name="Fit Cover",
            category="CoverLoop",
            description="Resizes the cover to the size of the loop, aspect kept, both sides even as video needs them.",
            inputs=[
                io.Image.Input("image", tooltip="The album cover. Of a batch, the first picture is used."),
                io.Int.Input(
                    "size", default=1080, min=64, max=4096, step=2, tooltip="Shorter side of the loop in pixels."
                ),
                io.Int.Input(
                    "multiple",
                    default=2,
                    min=2,
                    max=64,
                    step=2,
                    optional=True,
                    tooltip="Both sides become a multiple of this: 2 for video, 32 for Wan 2.2.",
                ),
            ],
            outputs=[io.Image.Output(display_name="cover", tooltip="The cover at the size of the loop.")],
        )

    @classmethod
    def execute(cls, image, size, multiple=2) -> io.NodeOutput:
        return io.NodeOutput(image_of(fit(picture(image), size, multiple)))
