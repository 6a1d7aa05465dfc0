"""Reading Hangul, which PP-OCRv6 does not know: by PP-OCRv5's Korean recogniser where its file is, else by Tesseract
(Smith 2007), where a machine has it.

The file is fetched hash-checked (`coverloop models fetch korean`), or `COVERLOOP_KOREAN` names it. Tesseract needs the
package `pytesseract` and its Korean data. Without either nothing is read. Knows nothing of regions.
"""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .. import weights
from ..errors import ModelError
from . import ppocr
from .calibration import HANGUL
from .ppocr import Reading

PPOCR, TESSERACT = "PP-OCRv5", "Tesseract"
SIZE_MB = 13  # about; for telling people
_FILE = "korean_PP-OCRv5_rec_mobile"


@lru_cache(maxsize=1)
def recogniser() -> weights.Download:
    """PP-OCRv5's Korean recogniser, where and as the package `rapidocr` says that it is published.

    Raises:
        ModelError: the package is missing, or another one.
    """
    listed = ppocr.packaged("default_models.yaml").read_text(encoding="utf-8")
    found = re.search(rf"{_FILE}:\s+model_dir: (https://\S+/{_FILE}\.onnx)\s+SHA256: ([0-9a-f]{{64}})\s", listed)
    if found is None:
        raise ModelError(f"rapidocr does not list {_FILE}; install it with: pip install --no-deps rapidocr==3.10.0")
    return weights.Download(f"{_FILE}.onnx", found[1], found[2], 40_000_000, "COVERLOOP_KOREAN")


@lru_cache(maxsize=1)
def tesseract() -> Any:
    """The package `pytesseract`, or None where it or its Korean data are missing."""
    try:
        package = importlib.import_module("pytesseract")
        return package if "kor" in package.get_languages() else None
    except (ImportError, OSError, RuntimeError):  # no package, no program, none that works
        return None


def reader() -> str | None:
    """Who reads Hangul here: PPOCR, TESSERACT, or None.

    Raises:
        ModelError: COVERLOOP_KOREAN names a file that does not exist.
    """
    if weights.locate(recogniser()):
        return PPOCR
    return TESSERACT if tesseract() else None


def read_hangul(line: np.ndarray) -> Reading | None:
    """Read a straightened line, (h, w, 3) uint8 sRGB. None where it is not surely Hangul or cannot be read here.

    Raises:
        ModelError: the recogniser's file is not the published one.
    """
    if min(line.shape[:2]) < HANGUL.least_side:
        return None
    path = weights.locate(recogniser())
    if path:
        _check(path, path.stat().st_mtime)
        return _sure(replace(ppocr.read_lines([line], path)[0], by=PPOCR))
    return _by_tesseract(line)


@lru_cache(maxsize=1)
def _check(path: Path, changed: float) -> None:
    """`changed` (the file's time) makes a replaced file be checked again."""
    weights.check(path, recogniser())


def _by_tesseract(line: np.ndarray) -> Reading | None:
    package = tesseract()
    if package is None:
        return None
    try:
        seen = package.image_to_data(
            _prepared(line), lang="kor", config="--psm 7", output_type="dict", timeout=HANGUL.timeout
        )
    except (RuntimeError, OSError) as error:
        logging.getLogger(__name__).warning("Tesseract could not read a line: %s", error)
        return None
    return _sure(_reading(seen))


def _sure(reading: Reading) -> Reading | None:
    signs = reading.text.replace(" ", "")
    hangul = len(signs) >= 2 and all("가" <= sign <= "힣" for sign in signs)
    return reading if hangul and reading.trust >= HANGUL.trust else None


def _prepared(line: np.ndarray) -> np.ndarray:
    height, width = line.shape[:2]
    columns = int(np.clip(round(width * HANGUL.height / height), 8, HANGUL.longest))
    kernel = cv2.INTER_AREA if height > HANGUL.height else cv2.INTER_CUBIC
    small = cv2.resize(line, (columns, HANGUL.height), interpolation=kernel)
    rim = HANGUL.height // 5
    return cv2.copyMakeBorder(small, rim, rim, rim, rim, cv2.BORDER_REPLICATE)


def _reading(seen: Mapping[str, Sequence[Any]]) -> Reading:
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
    return Reading(text, trust / max(1, len(text.replace(" ", ""))), TESSERACT)
