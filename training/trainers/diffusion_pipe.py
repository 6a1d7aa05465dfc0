"""diffusion-pipe: two TOML files. It trains the 5B on words alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..trainer import Card, Set, Trainer, toml

LEARNING_RATE = 2e-5
EPOCHS = 100


def files(sets: Sequence[Set], name: str, card: Card) -> Mapping[str, str]:
    out = sets[0].folder.parents[1]
    directories = [
        toml(
            {
                "path": str(one.folder),
                "num_repeats": one.repeats,
                "resolutions": [[one.width, one.height]],
                "ar_buckets": [[one.width, one.height]],
                "frame_buckets": [one.frames],
            }
        )
        for one in sets
    ]
    dataset = toml({"resolutions": [[sets[0].width, sets[0].height]], "enable_ar_bucket": True})
    config = toml(
        {
            "output_dir": f"output/{name}",
            "dataset": str(out / "dataset.toml"),
            "epochs": EPOCHS,
            "micro_batch_size_per_gpu": 1,
            "pipeline_stages": 1,
            "gradient_accumulation_steps": 1,
            "activation_checkpointing": True,
            "save_every_n_epochs": 10,
            "save_dtype": "bfloat16",
            "blocks_to_swap": 20 if card.quantize else 0,
        }
    )
    tables = {
        "model": {"type": "wan", "ckpt_path": str(out / "Wan2.2-TI2V-5B"), "dtype": "bfloat16"},
        "adapter": {"type": "lora", "rank": card.rank, "dtype": "bfloat16"},
        "optimizer": {"type": "adamw_optimi", "lr": LEARNING_RATE, "betas": [0.9, 0.99], "weight_decay": 0.01},
    }
    return {
        "dataset.toml": dataset + "".join(f"\n[[directory]]\n{directory}" for directory in directories),
        "config.toml": config + "".join(f"\n[{table}]\n{toml(rows)}" for table, rows in tables.items()),
    }


TRAINER = Trainer(
    source="https://github.com/tdrussell/diffusion-pipe",
    files=files,
    commands=(
        "hf download Wan-AI/Wan2.2-TI2V-5B --local-dir {out}/Wan2.2-TI2V-5B",
        "deepspeed --num_gpus=1 train.py --deepspeed --config {out}/config.toml",
    ),
)
