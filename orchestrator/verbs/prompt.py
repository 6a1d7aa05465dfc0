"""What moves in a cover, as prompts for Wan and as a recipe, on this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from ...core.image import read_cover
from ...core.lettering.find import find_text
from ...core.lettering.mask import glyph_mask
from ...core.plate.clean import clean_plate
from ...core.prompt.ask.put import Asking
from ...core.prompt.ask.registry import open_backend, read_settings
from ...core.prompt.looks import judge_text, motion_prompt
from ...core.prompt.words.guard import read_triggers
from ...core.prompt.words.wish import read_wish


def make_prompt(
    cover: Path,
    plate: Path | None,
    backend: str,
    *,
    intent: str,
    triggers: str,
    strength: float,
    seed: int,
    **tags: str,
) -> dict[str, Any]:
    """{"positive", "negative", "recipe", "report"} for a cover file; recipe is an object. See `looks.motion_prompt`.

    Raises:
        CoverError: a picture cannot be read. UsageError: a backend that is unknown or not configured, triggers or
        words that cannot be used. VlmError: the library of the backend is not installed.
    """
    wish, phrases = read_wish(intent, **tags), read_triggers(triggers)
    settings = read_settings()
    folder = platformdirs.user_cache_path("coverloop", appauthor=False) / "answers"
    asking = Asking(open_backend(backend, settings), settings, folder)
    picture, remarks = _plate_of(read_cover(cover).image, plate, asking)
    asking = replace(asking, remarks=tuple(remarks))
    made = motion_prompt(picture, asking, wish=wish, triggers=phrases, seed=seed, strength=strength)
    recipe = made.recipe.model_dump(mode="json")
    return {"positive": made.positive, "negative": made.negative, "recipe": recipe, "report": made.report}


def _plate_of(cover: np.ndarray, plate: Path | None, asking: Asking) -> tuple[np.ndarray, list[str]]:
    """The clean plate from its file, or made from the cover; and what was out of the ordinary in making it."""
    if plate is not None:
        return read_cover(plate).image, []
    judged = judge_text(cover, find_text(cover), asking)
    made = clean_plate(cover, glyph_mask(cover, judged.regions))
    return made.image, judged.report["warnings"]
