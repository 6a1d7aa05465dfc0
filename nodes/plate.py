from pathlib import Path

import folder_paths
import torch
from comfy_api.latest import io, ui

from ..core.lettering.find import TextRegion
from ..core.lettering.sheet import lettering_sheet
from ..core.plate import clean as core
from ..core.plate.registry import names
from .find import Regions
from .known import known
from .tensors import array_of_mask, image_of, mask_over, picture


class CoverLoopCleanPlate(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopCleanPlate",
            display_name="Clean Plate",
            category="CoverLoop",
            description="Fills what the lettering covered. LaMa where its weights are, else by the surroundings.",
            **known(io.Schema, search_aliases=["inpaint text", "remove text", "lama", "erase lettering"]),
            inputs=[
                io.Image.Input("cover", tooltip="The cover with its lettering."),
                io.Mask.Input("mask", tooltip="The glyph mask, of any size: what to fill."),
                io.Combo.Input(
                    "filler",
                    options=["auto", *names()],
                    default="auto",
                    tooltip="auto: LaMa if its weights are found, else chosen by what surrounds the lettering.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="plate", tooltip="The picture without lettering."),
                io.String.Output(display_name="filled_by", tooltip="The filler that was used, with its remarks."),
            ],
        )

    @classmethod
    def execute(cls, cover: torch.Tensor, mask: torch.Tensor, filler: str) -> io.NodeOutput:
        shown = picture(cover)
        plate = core.clean_plate(shown, mask_over(mask, shown), filler, folders=[Path(folder_paths.models_dir)])
        return io.NodeOutput(image_of(plate.image), "; ".join((plate.filler, *plate.notes)))


class CoverLoopTextPreview(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopTextPreview",
            display_name="Lettering Preview",
            category="CoverLoop",
            description="Shows the regions on the cover, the glyph mask and the clean plate side by side.",
            **known(io.Schema, search_aliases=["preview text regions", "show text mask"]),
            inputs=[
                io.Image.Input("cover", tooltip="The cover with its lettering."),
                Regions.Input("regions", tooltip="From Find Lettering."),
                io.Mask.Input("mask", tooltip="The glyph mask."),
                io.Image.Input("plate", tooltip="From Clean Plate."),
                io.Mask.Input("held", optional=True, tooltip="'held' of Glyph Mask: tinted on the cover."),
            ],
            outputs=[],
            is_output_node=True,
        )

    @classmethod
    def execute(
        cls,
        cover: torch.Tensor,
        regions: list[TextRegion],
        mask: torch.Tensor,
        plate: torch.Tensor,
        held: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        still = None if held is None else array_of_mask(held) > 0.5
        sheet = lettering_sheet(picture(cover), regions, array_of_mask(mask), picture(plate), still)
        return io.NodeOutput(ui=ui.PreviewImage(image_of(sheet), cls=cls))
