"""What a filler is; each file of `fillers/` holds one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np


class Fill(Protocol):
    def __call__(self, picture: np.ndarray, hole: np.ndarray, *, seed: int, folders: Sequence[Path]) -> np.ndarray:
        """picture: (H, W, 3) uint8; hole: (H, W) bool; seed: of anything random; folders: model folders, such as
        ComfyUI's. Returns the picture with the hole filled, uint8.

        Raises:
            ModelError: its model is missing or damaged.
        """
        ...


class State(NamedTuple):
    """needs: what has to be there, in words."""

    ready: bool
    needs: str


@dataclass(frozen=True)
class Filler:
    """One file of `fillers/`, known by the file's name.

    rank: its place in lists, the best first. preferred: "auto" takes it wherever it is ready. trial: the share of
    diffusion's squared error, on a piece of the picture nearby, under which "auto" takes it. grainless: what it fills
    with has no grain of its own. meets_rim: it continues the very edge of the hole. fetch: downloads its model, given
    a function that is told the progress.
    """

    fill: Fill
    licence: str
    size_rule: str
    rank: int
    preferred: bool = False
    trial: float = 0.0
    grainless: bool = False
    meets_rim: bool = False
    state: Callable[[Sequence[Path]], State] = lambda folders: State(True, "nothing")
    fetch: Callable[[Callable[[int, int], None]], Path] | None = None
