import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import comfy.utils
import folder_paths
import torch
from comfy_api.latest import io, ui

from .. import __version__
from ..core.errors import UsageError
from ..core.files import write_text
from ..core.formats.drawn import Lifted, drawn
from ..core.formats.make import Made, Turn, make_all
from ..core.formats.reframe.choose import WAYS
from ..core.formats.registry import names, wanted
from ..core.limits import FPS, SECONDS
from ..core.motion.recipe import Recipe
from ..core.video.encode import frame_rate
from .known import known
from .tensors import array_of_mask, checked, frames_of, layer_of, picture


class CoverLoopFormat(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopFormat",
            display_name="Save Formats",
            category="CoverLoop",
            description="Writes a loop for the places that show it (Canvas, Apple Music, wide, web), each in its "
            "shape, length and codec, judged and checked. From plate, layer and recipe frames are drawn one after the "
            "other, so that 3840x3840 needs no more memory than a few of them.",
            **known(io.Schema, search_aliases=["export canvas", "save gif", "save webp", "apple music", "resize loop"]),
            inputs=[
                io.String.Input(
                    "presets",
                    default="square, canvas",
                    tooltip=f"Places, comma-separated: {', '.join(names())}. One of several files: web.gif.",
                ),
                io.Float.Input("fps", default=24.0, **FPS.ends(), step=0.001, tooltip="Frames per second."),
                io.Float.Input(
                    "seconds",
                    default=4.0,
                    **SECONDS.ends(),
                    step=0.1,
                    tooltip="Length of one turn that is drawn here; frames that are connected have their own.",
                ),
                io.Combo.Input(
                    "way",
                    options=list(WAYS),
                    default="auto",
                    tooltip="How another shape than the loop's is made. auto measures what the cover allows.",
                ),
                io.String.Input(
                    "filename_prefix",
                    default="coverloop/loop",
                    tooltip="Folder and start of the names inside ComfyUI's output folder.",
                ),
                io.Image.Input(
                    "frames", optional=True, tooltip="One turn of a finished loop, of a model or of any node."
                ),
                io.Image.Input("plate", optional=True, tooltip="Instead of frames: the clean plate, of any size."),
                io.Image.Input("layer", optional=True, tooltip="With the plate: the lettering from Lift Lettering."),
                io.String.Input(
                    "recipe", optional=True, force_input=True, tooltip="With the plate: what moves, from Motion Prompt."
                ),
                io.Mask.Input(
                    "still", optional=True, tooltip="With the plate: 'held' of Glyph Mask. Nothing moves there."
                ),
                io.String.Input("title", default="", optional=True, tooltip="Title in the files."),
                io.String.Input("artist", default="", optional=True, tooltip="Artist in the files."),
            ],
            outputs=[
                io.String.Output(
                    display_name="report",
                    tooltip="A line for each file: its name, and what place or judge have to say.",
                )
            ],
            is_output_node=True,
        )

    @classmethod
    def execute(
        cls,
        presets: str,
        fps: float,
        seconds: float,
        way: str,
        filename_prefix: str,
        frames: torch.Tensor | None = None,
        plate: torch.Tensor | None = None,
        layer: torch.Tensor | None = None,
        recipe: str | None = None,
        still: torch.Tensor | None = None,
        title: str = "",
        artist: str = "",
    ) -> io.NodeOutput:
        asked = wanted(presets)
        turn = _drawn(fps, seconds, plate, layer, recipe, still) if frames is None else _given(frames, fps)
        folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory(), turn.width, turn.height
        )
        words = {key: said for key, said in (("title", title), ("artist", artist)) if said}
        stem = Path(folder) / f"{name}_{counter:05}_"
        made = make_all(turn, asked, stem, way=way, words={**words, "comment": f"coverloop {__version__}"})
        saved = [_saved(one.video.name, subfolder) for one in made]
        poster, note = made[0].poster.name, f"{stem.name}.json"
        write_text(stem.with_name(note), json.dumps({"formats": [_told(one) for one in made]}, indent=1))
        beside = {"poster": [_saved(poster, subfolder)], "sidecar": [_saved(note, subfolder)]}
        report = "\n".join(f"{one.video.name}  {'; '.join([*one.problems, *one.notes]) or 'passed'}" for one in made)
        return io.NodeOutput(report, ui={"formats": saved, **beside, **ui.PreviewText(report).as_dict()})


def _told(made: Made) -> dict[str, Any]:
    return {**made.to_dict(), "video": made.video.name, "poster": made.poster.name}


def _saved(name: str, subfolder: str) -> ui.SavedResult:
    return ui.SavedResult(name, subfolder, io.FolderType.output)


def _given(frames: torch.Tensor, fps: float) -> Turn:
    """Frames of an IMAGE, converted one at a time at each pass; on a GPU they stay there until then."""
    count, height, width = checked(frames).shape[:3]
    return Turn(lambda: frames_of(frames), count, frame_rate(fps), height, width)


def _drawn(fps: float, seconds: float, plate, layer, recipe: str | None, still) -> Turn:
    if plate is None or layer is None or recipe is None:
        raise UsageError("Save Formats: connect 'frames', or else 'plate', 'layer' and 'recipe'")
    ground, letters = picture(plate), layer_of(layer)
    held = torch.zeros(ground.shape[:2]) if still is None else still
    progress = comfy.utils.ProgressBar(max(2, round(seconds * fps)))
    return drawn(
        Lifted(ground, letters, array_of_mask(held)),
        count=max(2, round(seconds * fps)),
        fps=Fraction(frame_rate(fps)),
        recipe=Recipe.parse(recipe),
        progress=lambda: progress.update(1),
    )
