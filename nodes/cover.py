import hashlib
import logging
import os
from pathlib import Path

import folder_paths
import torch
from comfy_api.latest import io

from ..core.image import SUFFIXES, fit, read_cover
from ..core.limits import SIZE
from .known import known
from .tensors import image_of, picture

EXAMPLE = "cover.png"
log = logging.getLogger(__name__)


def put_example() -> None:
    """The example cover into ComfyUI's input folder, where no picture has its name: the graphs open with it."""
    source = Path(__file__).resolve().parent.parent / "assets" / EXAMPLE
    target = Path(folder_paths.get_input_directory()) / EXAMPLE
    try:
        with target.open("xb") as file:
            file.write(source.read_bytes())
    except FileExistsError:
        pass
    except OSError as error:
        log.warning("CoverLoop: the example cover could not be put to %s (%s)", target, error.strerror)


def _covers() -> list[str]:
    """Names of the pictures in ComfyUI's input folder."""
    with os.scandir(folder_paths.get_input_directory()) as files:
        return sorted(file.name for file in files if file.name.lower().endswith(SUFFIXES) and file.is_file())


class CoverLoopLoadCover(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopLoadCover",
            display_name="Load Cover",
            category="CoverLoop",
            description="Reads a cover as the command line does: colour profiles become sRGB, transparent parts "
            "lie over white, photographs stand upright, CMYK and 16 bits are converted.",
            **known(io.Schema, search_aliases=["album cover", "album art", "open image", "load image"]),
            inputs=[
                io.Combo.Input(
                    "image",
                    options=_covers(),
                    default=EXAMPLE,
                    upload=io.UploadType.image,
                    tooltip="The album cover: a JPEG, PNG, WebP, TIFF, AVIF or HEIC in ComfyUI's input folder.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="cover", tooltip="The cover in plain sRGB, at its own size."),
                io.String.Output(display_name="notes", tooltip="What had to be converted, a line each. Mostly empty."),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, image: str) -> str:
        return hashlib.sha256(Path(folder_paths.get_annotated_filepath(image)).read_bytes()).hexdigest()

    @classmethod
    def validate_inputs(cls, image: str) -> bool | str:
        there = folder_paths.exists_annotated_filepath(image)
        return there or f"{image}: is not in ComfyUI's input folder; upload or choose a cover"

    @classmethod
    def execute(cls, image: str) -> io.NodeOutput:
        cover = read_cover(folder_paths.get_annotated_filepath(image))
        return io.NodeOutput(image_of(cover.image), "\n".join(cover.notes))


class CoverLoopFitCover(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopFitCover",
            display_name="Fit Cover",
            category="CoverLoop",
            description="Resizes the cover to the size of the loop, aspect kept, both sides even as video needs them.",
            **known(io.Schema, search_aliases=["resize cover", "crop square", "resize image"]),
            inputs=[
                io.Image.Input("image", tooltip="The album cover. Of a batch, the first picture is used."),
                io.Int.Input(
                    "size", default=1080, **SIZE.ends(), step=2, tooltip="Shorter side of the loop in pixels."
                ),
                io.Int.Input(
                    "multiple",
                    **known(io.Int.Input, advanced=True),
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
    def execute(cls, image: torch.Tensor, size: int, multiple: int = 2) -> io.NodeOutput:
        fitted = fit(picture(image), size, multiple)
        as_it_is = image.shape == (1, *fitted.shape)  # a large one would lie in memory twice
        return io.NodeOutput(image if as_it_is else image_of(fitted))
