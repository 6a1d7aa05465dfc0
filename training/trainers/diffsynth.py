"""DiffSynth-Studio: a table of clips and captions, and one long command for each set."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Mapping, Sequence

from ..trainer import Card, Set, Trainer

LEARNING_RATE = "1e-4"
REPEAT = 100
EPOCHS = 2
_MODEL = "Wan-AI/Wan2.2-TI2V-5B"
_FILES = ("models_t5_umt5-xxl-enc-bf16.pth", "diffusion_pytorch_model*.safetensors", "Wan2.2_VAE.pth")


def files(sets: Sequence[Set], name: str, card: Card) -> Mapping[str, str]:
    kinds = {kind: [one for one in sets if one.name == kind] for kind in dict.fromkeys(one.name for one in sets)}
    commands = (_command(kind, parts, name, card) for kind, parts in kinds.items())
    found = {"train.sh": "#!/bin/sh\nset -e\n" + "".join(commands)}
    for kind, parts in kinds.items():
        table = io.StringIO()
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(("video", "prompt"))
        for one in parts:
            for _ in range(one.repeats):
                rows.writerows((f"{one.folder.name}/{clip}.mp4", caption) for clip, caption in one.clips.items())
        found[f"clips/{kind}.csv"] = table.getvalue()
    return found


def _command(kind: str, parts: Sequence[Set], name: str, card: Card) -> str:
    clips = parts[0].folder.parent
    flags = {
        "dataset_base_path": clips,
        "dataset_metadata_path": clips / f"{kind}.csv",
        "height": parts[0].height,
        "width": parts[0].width,
        "num_frames": min(one.frames for one in parts),
        "dataset_repeat": REPEAT,
        "model_id_with_origin_paths": ",".join(f"{_MODEL}:{file}" for file in _FILES),
        "learning_rate": LEARNING_RATE,
        "num_epochs": EPOCHS,
        "remove_prefix_in_ckpt": "pipe.dit.",
        "output_path": f"output/{name}_{kind}",
        "lora_base_model": "dit",
        "lora_target_modules": "q,k,v,o,ffn.0,ffn.2",
        "lora_rank": card.rank,
        "extra_inputs": "input_image",
    }
    words = [f"--{flag} {shlex.quote(str(value))}" for flag, value in flags.items()]
    words += ["--use_gradient_checkpointing_offload"] if card.quantize else []
    return "accelerate launch examples/wanvideo/model_training/train.py \\\n  " + " \\\n  ".join(words) + "\n"


TRAINER = Trainer(
    source="https://github.com/modelscope/DiffSynth-Studio",
    files=files,
    commands=("pip install -e .", "sh {out}/train.sh"),
)
