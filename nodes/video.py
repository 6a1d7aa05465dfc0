import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import comfy.utils
import folder_paths
import numpy as np
import torch
from comfy.cli_args import args
from comfy_api.latest import io, ui

from ..core import limits
from ..core.files import write_text
from ..core.song.voice import blocks
from ..core.video.encode import CRF, FINEST, encode, frame_rate, write_poster
from ..core.video.reel import SOUND_RATE, join, write_shot
from .known import known
from .tensors import frames_of, picture, samples_of


class CoverLoopSave(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="CoverLoopSave",
            display_name="Save Loop",
            category="CoverLoop",
            description="Writes the loop as an MP4 that plays everywhere (H.264, Rec.709) and whose join the "
            "encoder does not open again, with a poster (first frame) and a sidecar JSON. With sound: a film.",
            **known(io.Schema, search_aliases=["save video", "export mp4", "video combine", "loop export"]),
            inputs=[
                io.Image.Input("frames", tooltip="One turn of the loop."),
                io.Float.Input("fps", default=24.0, **limits.FPS.ends(), step=0.001, tooltip="Frames per second."),
                io.String.Input(
                    "filename_prefix",
                    default="coverloop/loop",
                    tooltip="Folder and start of the name inside ComfyUI's output folder.",
                ),
                io.Int.Input(
                    "crf",
                    **known(io.Int.Input, advanced=True),
                    default=CRF,
                    **limits.CRF.ends(),
                    tooltip="Quality of the encode: lower is better and larger. 16 is hard to tell from the frames.",
                ),
                io.String.Input(
                    "judgement", optional=True, force_input=True, tooltip="From Judge Loop, kept in the sidecar."
                ),
                io.Audio.Input(
                    "sound",
                    optional=True,
                    tooltip="With sound it is a film with a beginning and an end, from Fit Voice; a loop has none.",
                ),
            ],
            outputs=[],
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo],
            is_output_node=True,
        )

    @classmethod
    def execute(
        cls,
        frames: torch.Tensor,
        fps: float,
        filename_prefix: str,
        crf: int,
        judgement: str | None = None,
        sound: dict[str, Any] | None = None,
    ) -> io.NodeOutput:
        height, width = frames.shape[1:3]
        folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory(), width, height
        )
        stem = f"{name}_{counter:05}_"
        video, poster, note = (Path(folder) / f"{stem}{end}" for end in _ENDINGS)  # a dot in the prefix is no suffix
        _write(_with_progress(frames), video, fps, crf, sound, _graph(cls.hidden))
        write_poster(picture(frames), poster)
        judged = json.loads(judgement) if judgement else None
        sidecar = {"frames": len(frames), "fps": fps, "width": width, "height": height, "crf": crf, "judgement": judged}
        write_text(note, json.dumps(sidecar, indent=1))
        mp4, jpg, text = (ui.SavedResult(f"{stem}{end}", subfolder, io.FolderType.output) for end in _ENDINGS)
        return io.NodeOutput(ui={**ui.PreviewVideo([mp4]).as_dict(), "poster": [jpg], "sidecar": [text]})


_ENDINGS = (".mp4", ".jpg", ".json")


def _write(
    frames: Iterator[np.ndarray],
    video: Path,
    fps: float,
    crf: int,
    sound: dict[str, Any] | None,
    graph: dict[str, str],
) -> None:
    if sound is None:
        encode(frames, video, fps=fps, crf=crf, metadata=graph)
        return
    with tempfile.TemporaryDirectory(dir=video.parent) as folder:
        silent = Path(folder) / "silent.mp4"
        write_shot(frames, silent, frame_rate(fps), max(crf, FINEST))
        join([silent], video, sound=blocks(*samples_of(sound), SOUND_RATE), graph=graph)


def _with_progress(frames):
    progress = comfy.utils.ProgressBar(len(frames))
    for frame in frames_of(frames):
        yield frame
        progress.update(1)


def _graph(hidden) -> dict[str, str]:
    """The graph as ComfyUI's own nodes store it, so that the file dropped on the canvas opens it again."""
    if args.disable_metadata:
        return {}
    graph = {key: json.dumps(value) for key, value in (hidden.extra_pnginfo or {}).items()}
    return {**graph, "prompt": json.dumps(hidden.prompt)} if hidden.prompt else graph
