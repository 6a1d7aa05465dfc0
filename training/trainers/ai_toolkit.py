"""ai-toolkit: one file of settings; JSON is read as YAML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ..trainer import Card, Set, Trainer

LEARNING_RATE = 1e-4
STEPS = 2000


def files(sets: Sequence[Set], name: str, card: Card) -> Mapping[str, str]:
    process = {
        "type": "sd_trainer",
        "training_folder": "output",
        "device": "cuda:0",
        "network": {"type": "lora", "linear": card.rank, "linear_alpha": card.rank},
        "save": {"dtype": "bf16", "save_every": 250, "max_step_saves_to_keep": 8},
        "datasets": [
            {
                "folder_path": str(one.folder),
                "caption_ext": "txt",
                "num_repeats": one.repeats,
                "caption_dropout_rate": 0.05,
                "num_frames": one.frames,
                "resolution": [max(one.width, one.height)],
                "do_i2v": True,
                "fps": 24,
                "shrink_video_to_frames": False,  # true, its default, stretches time
                "cache_latents_to_disk": True,
            }
            for one in sets
        ],
        "train": {
            "batch_size": 1,
            "steps": STEPS,
            "gradient_checkpointing": True,
            "train_unet": True,
            "train_text_encoder": False,
            "noise_scheduler": "flowmatch",
            "timestep_type": "weighted",
            "optimizer": "adamw8bit",
            "lr": LEARNING_RATE,
            "dtype": "bf16",
        },
        "model": {
            "name_or_path": "Wan-AI/Wan2.2-TI2V-5B-Diffusers",
            "arch": "wan22_5b",
            "quantize": card.quantize,
            "low_vram": card.quantize,
        },
    }
    told = {"job": "extension", "config": {"name": name, "process": [process]}}
    return {"config.yaml": json.dumps(told, indent=2, ensure_ascii=False) + "\n"}


TRAINER = Trainer(
    source="https://github.com/ostris/ai-toolkit",
    files=files,
    commands=("pip install -r requirements.txt", "python run.py {out}/config.yaml"),
)
