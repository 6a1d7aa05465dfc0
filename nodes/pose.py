from typing import Any

import torch
from comfy_api.latest import io, ui

from ..core.errors import CoverError
from ..core.limits import POSE_FIGURES
from ..core.views.figures import find_figures
from ..core.views.skeleton import Skeleton, draw, on_canvas, read_keypoints, tell
from .known import known
from .tensors import checked, image_of
from .tensors import picture as picture_of


class CoverLoopPose(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopPose",
            display_name="Pose",
            category="CoverLoop",
            description="Draws the skeleton of a figure as OpenPose colours it, for a ControlNet or as the second "
            "picture of an edit model. It finds the joints itself, or takes the keypoints of another estimator.",
            **known(io.Schema, search_aliases=["openpose", "dwpose", "skeleton", "keypoints", "controlnet pose"]),
            inputs=[
                io.Image.Input(
                    "picture",
                    optional=True,
                    tooltip="A person in the pose, from head to foot if the feet count. Of a batch, the first.",
                ),
                io.Custom("POSE_KEYPOINT").Input(
                    "keypoints",
                    optional=True,
                    tooltip="Instead of a picture: the POSE_KEYPOINT of DWPose or OpenPose Estimator.",
                ),
                io.Int.Input(
                    "figures",
                    default=1,
                    **POSE_FIGURES.ends(),
                    optional=True,
                    tooltip="How many figures are drawn at most, the largest first.",
                ),
                io.Image.Input(
                    "canvas",
                    optional=True,
                    tooltip="The figure that takes the pose: the skeleton is drawn in this picture's size, in its "
                    "middle.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="skeleton", tooltip="On black, as large as its picture or the canvas."),
                io.String.Output(
                    display_name="notes",
                    tooltip="A line each: more figures than are drawn, parts of a figure that are not seen.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        picture: torch.Tensor | None = None,
        keypoints: Any = None,
        figures: int = 1,
        canvas: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        found, size = _found(picture, keypoints)
        notes = "\n".join(tell(found, figures))
        if canvas is not None:
            height, width = checked(canvas).shape[1:3]
            found, size = on_canvas(found, size, (width, height)), (width, height)
        return io.NodeOutput(image_of(draw(found[:figures], *size)), notes, ui=ui.PreviewText(notes))


def _found(picture: torch.Tensor | None, keypoints: Any) -> tuple[list[Skeleton], tuple[int, int]]:
    """The figures, and width and height of their picture."""
    if keypoints is not None:
        found, width, height = read_keypoints(keypoints)
        return found, (width, height)
    if picture is None:
        raise CoverError("Pose has neither a picture nor keypoints; connect one of them")
    seen = picture_of(picture)
    return find_figures(seen), (seen.shape[1], seen.shape[0])
