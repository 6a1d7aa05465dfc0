import functools
import json
from pathlib import Path

import comfy.model_management
import comfy.model_patcher
import folder_paths
import torch
from comfy_api.latest import io, ui

from ..core.errors import ModelError
from ..core.limits import FPS, FRAMES, SECONDS, TRIM
from ..core.loop.between import FlowWarp, Interpolator, Rife, planes_on
from ..core.loop.close import close
from ..core.loop.cut import trim
from ..core.loop.retime import retime
from ..core.loop.ring import best_cut
from ..core.loop.tone import tone_match
from .known import known
from .tensors import array_of_mask, clip_of, images_of, picture

AUTO, FLOW = "auto", "optical flow"


_FOLDERS = ("rife", "frame_interpolation")
_ENDINGS = (".safetensors", ".pth", ".pkl", ".pt")


def _rife_files() -> dict[str, Path]:
    """RIFE weights by name: ComfyUI's model folders and its extra paths first, then where Frame-Interpolation keeps its
    own. The newest ComfyUI has a folder of its own for them."""
    places: list[Path] = []
    for name in _FOLDERS:
        registered = name in folder_paths.folder_names_and_paths
        places += map(Path, folder_paths.get_folder_paths(name) if registered else [])
        places.append(Path(folder_paths.models_dir) / name)
    for packs in folder_paths.get_folder_paths("custom_nodes"):
        places += sorted(Path(packs).glob("*/ckpts/rife"))
    files = [file for place in places for file in sorted(place.glob("*")) if file.suffix in _ENDINGS]
    return {file.name: file for file in reversed(files)}


def _interpolator_input():
    return io.Combo.Input(
        "interpolator",
        options=[AUTO, FLOW, *sorted(_rife_files())],
        default=AUTO,
        tooltip="What draws frames in between. auto: RIFE 4.0, 4.25 or 4.26 where such weights are found, else optical "
        "flow, which needs none. The report says which it was.",
    )


def _interpolator(choice: str, device: torch.device) -> Interpolator:
    """device: where the frames lie; optical flow draws there, RIFE where ComfyUI runs models."""
    files = _rife_files()
    if choice == AUTO:
        for file in files.values():
            try:
                return _rife(file, file.stat().st_mtime_ns)
            except ModelError:  # other versions lie in the same folder
                continue
    if choice in (AUTO, FLOW):
        return FlowWarp(planes_on(device))
    file = files.get(choice, Path(choice))
    return _rife(file, file.stat().st_mtime_ns if file.is_file() else 0)


@functools.lru_cache(maxsize=1)
def _rife(file: Path, changed: int) -> Rife:
    """Loaded once while its file does not change, and moved to its device and off it by ComfyUI's model management."""
    manage = comfy.model_management
    device = manage.get_torch_device()

    def ready() -> None:
        manage.load_models_gpu([patcher], force_full_load=True)

    rife = Rife(file, device, ready)
    patcher = comfy.model_patcher.ModelPatcher(
        rife.network, load_device=device, offload_device=manage.unet_offload_device()
    )
    return rife


class CoverLoopTrim(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopTrim",
            display_name="Trim Ends",
            category="CoverLoop",
            description="Takes the first and last frames off a generated clip: Wan settles in and fades out there.",
            **known(io.Schema, search_aliases=["cut frames", "drop frames"]),
            inputs=[
                io.Image.Input("frames", tooltip="The clip as it was decoded."),
                io.Int.Input("start", default=2, **TRIM.ends(), tooltip="Frames to take off the beginning."),
                io.Int.Input("end", default=4, **TRIM.ends(), tooltip="Frames to take off the end."),
            ],
            outputs=[io.Image.Output(display_name="trimmed", tooltip="The frames between.")],
        )

    @classmethod
    def execute(cls, frames: torch.Tensor, start: int, end: int) -> io.NodeOutput:
        return io.NodeOutput(trim(frames, start, end))


class CoverLoopToneMatch(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopToneMatch",
            display_name="Match Tone",
            category="CoverLoop",
            description="Takes flashes, flicker and colour drift out of the clip and brings it to the tone of the "
            "cover. The correction is smooth in time, so it does not flicker itself.",
            **known(io.Schema, search_aliases=["colour match", "color match", "flicker", "drift"]),
            inputs=[
                io.Image.Input("frames", tooltip="The clip."),
                io.Image.Input(
                    "cover", optional=True, tooltip="What the first frame should look like: the plate or the cover."
                ),
                io.Mask.Input("mask", optional=True, tooltip="The glyph mask: left out of the comparison."),
            ],
            outputs=[io.Image.Output(display_name="toned", tooltip="The clip in the tone of the cover.")],
        )

    @classmethod
    def execute(
        cls, frames: torch.Tensor, cover: torch.Tensor | None = None, mask: torch.Tensor | None = None
    ) -> io.NodeOutput:
        clip = clip_of(frames)
        toned, done = tone_match(
            clip,
            cover=None if cover is None else picture(cover),
            lettering=None if mask is None else array_of_mask(mask),
        )
        words = f"flicker {done.flicker_removed:.1f}, drift {done.drift_removed:.1f}, cover {done.cover_offset:.1f}"
        images = frames if toned is clip else images_of(toned, len(toned), frames.device)
        return io.NodeOutput(images, ui=ui.PreviewText(f"Taken out, in grey levels: {words}"))


class CoverLoopFindCut(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopFindCut",
            display_name="Find Cut",
            category="CoverLoop",
            description="Looks for the part of the clip whose end meets its beginning best: picture meets picture and "
            "motion meets motion (as in Video Textures).",
            **known(io.Schema, search_aliases=["find loop", "loop point", "best cut"]),
            inputs=[
                io.Image.Input("frames", tooltip="The clip."),
                io.Int.Input(
                    "max_start",
                    default=0,
                    **TRIM.ends(),
                    tooltip="How many frames the start may move. 0 keeps the first frame, which shows the cover.",
                ),
                io.Int.Input(
                    "near",
                    **known(io.Int.Input, advanced=True),
                    default=0,
                    min=0,
                    max=FRAMES.high,
                    tooltip="Frames the loop is to have: in-betweens lead from this cut to exactly that many. 0: any.",
                ),
            ],
            outputs=[io.Image.Output(display_name="cut", tooltip="The part that loops best.")],
        )

    @classmethod
    def execute(cls, frames: torch.Tensor, max_start: int, near: int) -> io.NodeOutput:
        cut = best_cut(clip_of(frames), max_start=max_start, length=near or None)
        words = f"frames {cut.start} to {cut.end - 1} of {len(frames)}; the join is {cut.gap:.2f} of a usual step"
        return io.NodeOutput(frames[cut.start : cut.end], ui=ui.PreviewText(words))


class CoverLoopClose(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopClose",
            display_name="Close Loop",
            category="CoverLoop",
            description="Makes the clip a ring whose steps are even: as many frames across the join as its gap and the "
            "motion on both sides ask for, stalls left out, holes filled. The first frame stays the first.",
            **known(io.Schema, search_aliases=["seamless loop", "close seam", "rife", "interpolate seam"]),
            inputs=[
                io.Image.Input("frames", tooltip="The clip, cut where it loops best."),
                io.Int.Input(
                    "near",
                    **known(io.Int.Input, advanced=True),
                    default=0,
                    min=0,
                    max=FRAMES.high,
                    tooltip="Frames the loop is to have, exactly, unless the clip is far too short. 0: any length.",
                ),
                _interpolator_input(),
            ],
            outputs=[
                io.Image.Output(display_name="closed", tooltip="One turn of the ring."),
                io.String.Output(display_name="report", tooltip="What was done, as JSON."),
            ],
        )

    @classmethod
    def execute(cls, frames: torch.Tensor, near: int, interpolator: str) -> io.NodeOutput:
        closed, done = close(clip_of(frames), _interpolator(interpolator, frames.device), length=near or None)
        report = json.dumps(done.to_dict(), indent=1)
        return io.NodeOutput(images_of(closed, len(closed), frames.device), report, ui=ui.PreviewText(report))


class CoverLoopRetime(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopRetime",
            display_name="Retime Loop",
            category="CoverLoop",
            description="Gives the loop its exact length and frame rate. The step from the last frame to the first is "
            "one like any other, so no hole opens at the join.",
            **known(io.Schema, search_aliases=["change fps", "frame interpolation", "change length", "rife"]),
            inputs=[
                io.Image.Input("frames", tooltip="One turn of the loop."),
                io.Float.Input(
                    "seconds", default=4.0, **SECONDS.ends(), step=0.1, tooltip="Length of one turn of the loop."
                ),
                io.Float.Input("fps", default=24.0, **FPS.ends(), step=0.001, tooltip="Frames per second."),
                _interpolator_input(),
            ],
            outputs=[
                io.Image.Output(display_name="retimed", tooltip="One turn of the loop."),
                io.Float.Output(display_name="rate", tooltip="The frames per second, for the nodes that follow."),
            ],
        )

    @classmethod
    def execute(cls, frames: torch.Tensor, seconds: float, fps: float, interpolator: str) -> io.NodeOutput:
        count = max(2, round(seconds * fps))
        if count == len(frames):
            return io.NodeOutput(frames, fps)
        retimed = retime(clip_of(frames), count, _interpolator(interpolator, frames.device))
        return io.NodeOutput(images_of(retimed, len(retimed), frames.device), fps)
