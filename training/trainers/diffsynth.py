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
    found = {"train.sh": "#!/bin/sh\nset -e\n" + "".join(_command(one, name, card) for one in sets)}
    for one in sets:
        table = io.StringIO()
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(("video", "prompt"))
        rows.writerows((f"{clip}.mp4", caption) for clip, caption in one.clips.items())
        found[f"clips/{one.folder.name}/metadata.csv"] = table.getvalue()
    return found


def _command(one: Set, name: str, card: Card) -> str:
    flags = {
        "dataset_base_path": one.folder,
        "dataset_metadata_path": one.folder / "metadata.csv",
        "height": one.height,
        "width": one.width,
        "num_frames": one.frames,
        "dataset_repeat": REPEAT,
        "model_id_with_origin_paths": ",".join(f"{_MODEL}:{file}" for file in _FILES),
        "learning_rate": LEARNING_RATE,
        "num_epochs": EPOCHS,
        "remove_prefix_in_ckpt": "pipe.dit.",
        "output_path": f"output/{name}_{one.name}",
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
