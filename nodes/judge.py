import json

import torch
from comfy_api.latest import io, ui

from ..core.judge.plot import plot
from ..core.judge.score import score
from ..core.lettering.regions import TextRegion
from ..core.limits import FPS
from .find import Regions
from .known import known
from .tensors import Frames, array_of_mask, frames_of, image_of, picture


class CoverLoopScore(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopScore",
            display_name="Judge Loop",
            category="CoverLoop",
            description="Judges the loop: is the join visible, does anything jump or stall, is the cover kept, does "
            "the lettering hold still, does enough move. The frames pass through unchanged.",
            **known(io.Schema, search_aliases=["loop quality", "seam score", "check loop"]),
            inputs=[
                io.Image.Input("frames", tooltip="One turn of the loop."),
                io.Float.Input("fps", default=24.0, **FPS.ends(), step=0.001, tooltip="Frames per second of the loop."),
                io.Image.Input("cover", optional=True, tooltip="The cover the first frame must keep."),
                io.Mask.Input("mask", optional=True, tooltip="The glyph mask: where the lettering must hold still."),
                Regions.Input(
                    "regions",
                    optional=True,
                    tooltip="The lettering found on the cover: every word must still be there in every frame. Needs "
                    "the cover it was found on; asks no mask. What is to go with the picture is not watched.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="judged", tooltip="The frames, unchanged."),
                io.String.Output(display_name="judgement", tooltip="Every figure with its limit, as JSON."),
                io.Image.Output(display_name="plot", tooltip="Step sizes around the ring, and the frames at the join."),
            ],
        )

    @classmethod
    def execute(
        cls,
        frames: torch.Tensor,
        fps: float,
        cover: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
        regions: list[TextRegion] | None = None,
    ) -> io.NodeOutput:
        judgement = score(
            frames_of(frames),
            fps=fps,
            cover=None if cover is None else picture(cover),
            lettering=None if mask is None else array_of_mask(mask),
            words=[region for region in regions or () if not region.moves],
        )
        chart = image_of(plot(judgement, Frames(frames)))
        text = json.dumps(judgement.to_dict(), ensure_ascii=False, indent=1)
        return io.NodeOutput(frames, text, chart, ui=ui.PreviewImage(chart, cls=cls))
