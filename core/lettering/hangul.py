"""Reading Hangul, which PP-OCRv6 does not know: by Tesseract (Smith 2007), where a machine has it.

Needs the package `pytesseract` and a Tesseract with its Korean data; without them nothing is read. Knows nothing of
regions.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from .calibration import HANGUL
from .ppocr import Reading


@lru_cache(maxsize=1)
def tesseract() -> Any:
    """The package `pytesseract`, or None where Hangul cannot be read."""
    try:
        package = importlib.import_module("pytesseract")
        return package if "kor" in package.get_languages() else None
    except (ImportError, OSError, RuntimeError):  # no package, no program, none that works
        return None


def read_hangul(line: np.ndarray) -> Reading | None:
    """Read a straightened line, (h, w, 3) uint8 sRGB. None where it is not surely Hangul or cannot be read here."""
    package = tesseract()
    if package is None or min(line.shape[:2]) < HANGUL.least_side:
        return None
    try:
        seen = package.image_to_data(
            _prepared(line), lang="kor", config="--psm 7", output_type="dict", timeout=HANGUL.timeout
        )
    except (RuntimeError, OSError) as error:
        logging.getLogger(__name__).warning("Tesseract could not read a line: %s", error)
        return None
    return _reading(seen)


def _prepared(line: np.ndarray) -> np.ndarray:
    height, width = line.shape[:2]
    columns = int(np.clip(round(width * HANGUL.height / height), 8, HANGUL.longest))
    kernel = cv2.INTER_AREA if height > HANGUL.height else cv2.INTER_CUBIC
    small = cv2.resize(line, (columns, HANGUL.height), interpolation=kernel)
    rim = HANGUL.height // 5
    return cv2.copyMakeBorder(small, rim, rim, rim, rim, cv2.BORDER_REPLICATE)


def _reading(seen: Mapping[str, Sequence[Any]]) -> Reading | None:
    """seen: Tesseract's table, by column: parts of words with their places (px) and confidences (0..100)."""
    text, trust, end = "", 0.0, None
    for part, left, width, sure in zip(seen["text"], seen["left"], seen["width"], seen["conf"], strict=True):
        if not part.strip():
            continue
        # (it parts syllables of one word as well)
        apart = end is not None and left - end > HANGUL.space * HANGUL.height
        text += " " * apart + part.strip()
        trust += len(part.strip()) * float(sure) / 100
        end = left + width
    signs = text.replace(" ", "")
    if len(signs) < 2 or not all("가" <= sign <= "힣" for sign in signs) or trust < HANGUL.trust * len(signs):
        return None
    return Reading(text, trust / len(signs))
