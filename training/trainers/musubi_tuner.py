"""musubi-tuner: knows Wan 2.1 and the 14B of 2.2."""

from ..trainer import Trainer

TRAINER = Trainer(
    source="https://github.com/kohya-ss/musubi-tuner",
    refuses="it has no Wan 2.2 5B (June 2026); take ai-toolkit, diffsynth or diffusion-pipe",
)
