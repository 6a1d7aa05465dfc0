import json

import torch
from comfy_api.latest import io, ui

from ..core.lettering.find import find_text
from .known import known
from .tensors import picture

Regions = io.Custom("COVERLOOP_REGIONS")


class CoverLoopFindText(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopFindText",
            display_name="Find Lettering",
            category="CoverLoop",
            description="Finds every piece of lettering on the cover (PP-OCRv6) and reads what can be read.",
            **known(io.Schema, search_aliases=["ocr", "text detection", "detect text", "read text"]),
            inputs=[
                io.Image.Input("cover", tooltip="The album cover. Of a batch, the first picture is used."),
                io.Boolean.Input(
                    "read",
                    default=True,
                    tooltip="Also read the strings (Latin, Japanese, Chinese). What cannot be read still counts.",
                ),
            ],
            outputs=[
                Regions.Output(display_name="regions", tooltip="The lettering found: outlines, confidence, strings."),
                io.String.Output(display_name="regions_json", tooltip="The same as JSON, to look at or to keep."),
            ],
        )

    @classmethod
    def execute(cls, cover: torch.Tensor, read: bool) -> io.NodeOutput:
        regions = find_text(picture(cover), read=read)
        listing = json.dumps([region.to_dict() for region in regions], ensure_ascii=False, indent=1)
        return io.NodeOutput(regions, listing, ui=ui.PreviewText(listing))
