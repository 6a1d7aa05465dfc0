from typing import Any

import torch
from comfy_api.latest import io, ui

from ..core.errors import CoverError
from ..core.limits import POSE_FIGURES
from ..core.views.figures import find_figures
from ..core.views.skeleton import draw, read_keypoints, tell
from .known import known
from .tensors import image_of
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
            ],
            outputs=[
                io.Image.Output(display_name="skeleton", tooltip="The skeleton on black, as large as its picture."),
                io.String.Output(
                    display_name="notes",
                    tooltip="A line each: more figures than are drawn, parts of a figure that are not seen.",
                ),
            ],
        )

    @classmethod
    def execute(cls, picture: torch.Tensor | None = None, keypoints: Any = None, figures: int = 1) -> io.NodeOutput:
        if keypoints is not None:
            found, width, height = read_keypoints(keypoints)
        elif picture is not None:
            seen = picture_of(picture)
            found, (height, width) = find_figures(seen), seen.shape[:2]
        else:
            raise CoverError("Pose has neither a picture nor keypoints; connect one of them")
        notes = "\n".join(tell(found, figures))
        return io.NodeOutput(image_of(draw(found[:figures], width, height)), notes, ui=ui.PreviewText(notes))
