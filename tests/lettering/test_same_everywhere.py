"""What is found, lifted and held is the same whatever the processor rounds, and under noise that nobody sees.

Run as a program it prints what becomes of the words of one cover, and what of this processor was used for it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from coverloop.core.lettering import find, ppocr
from coverloop.core.lettering.mask import find_glyphs
from coverloop.core.lettering.regions import decide_lift

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from covers import Sheet, make
from numpy._core import _multiarray_umath as kernels  # where numpy says what it uses of the processor

pytestmark = pytest.mark.networks


def fates(sheet: Sheet, cover: np.ndarray) -> dict[str, str]:
    """What becomes of each word that is large enough for anybody to mind: lifted, held, or left."""
    made = find_glyphs(cover, decide_lift(cover, find.find_text(cover, read=False)))
    told = {}
    for word in sheet.words:
        quad = np.zeros(cover.shape[:2], np.uint8)
        cv2.fillPoly(quad, [np.round(word["quad"]).astype(np.int32)], 1)
        printed = (quad > 0) & (np.abs(sheet.cover - sheet.clean).max(-1) > 40)
        if word["kind"] == "credit":
            continue
        lifted = printed.any() and (made.mask[printed] > 0.5).mean() > 0.5
        held = made.held[quad > 0].mean() > 0.5
        told[word["text"]] = "lifted" if lifted else "held" if held else "left"
    return told


def grained(cover: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).integers(-1, 2, cover.shape)
    return np.clip(cover.astype(int) + noise, 0, 255).astype(np.uint8)


def stored(cover: np.ndarray) -> np.ndarray:
    coded = cv2.imencode(".jpg", cover[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])  # pyright: ignore[reportOptionalSubscript]


def as_bfloat16(values: np.ndarray) -> np.ndarray:
    """float32 with the seven bits of mantissa that some processors compute with."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x8000)) & np.uint32(0xFFFF0000)).view(np.float32)


def drawn() -> tuple[Sheet, np.ndarray]:
    """A cover with a border and shapes behind the type."""
    sheet, _ = make(11, 1, 384, [], [])
    return sheet, np.clip(np.round(sheet.cover), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def usual() -> dict[str, str]:
    return fates(*drawn())


def test_decisions_have_margins(usual, monkeypatch):
    sheet, cover = drawn()
    assert set(usual.values()) <= {"lifted", "held"} and usual
    assert set(fates(sheet, stored(cover)).values()) <= {"lifted", "held"}
    exact = ppocr.features_of

    def rounded(picture: np.ndarray, side: int):
        lettering, features = exact(picture, side)
        return as_bfloat16(lettering), [as_bfloat16(part) for part in features]

    monkeypatch.setattr(ppocr, "features_of", rounded)
    assert fates(sheet, grained(cover)) == usual


def wide() -> dict[str, list[str]]:
    """What is used of the instructions that came with AVX-512, bfloat16 among them, by OpenCV and by numpy."""
    opencv = [name.lstrip("*") for name in cv2.getCPUFeaturesLine().split() if "AVX512" in name and "?" not in name]
    features = kernels.__cpu_features__
    late = [name for name in kernels.__cpu_dispatch__ if name.startswith("AVX512") or name == "X86_V4"]
    return {"opencv": opencv, "numpy": [name for name in late if features[name]]}


def test_a_processor_without_bfloat16_decides_the_same(usual):
    """Here and in a process that may use nothing newer than AVX2 (a processor from before bfloat16). Where this one is
    such a processor the two are of one kind, and `test_decisions_have_margins` alone, which rounds to bfloat16, stands
    for the other. onnxruntime cannot be held back; it computes in float32 either way."""
    here = wide()
    told = subprocess.run(
        [sys.executable, __file__],
        env={
            **os.environ,
            "OPENCV_CPU_DISABLE": ",".join(here["opencv"]),
            "NPY_DISABLE_CPU_FEATURES": " ".join(here["numpy"]),
            "OPENBLAS_CORETYPE": "Haswell",
        },
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
    )
    there = json.loads(told.stdout)
    assert there["wide"] == {"opencv": [], "numpy": []}
    assert there["fates"] == usual


if __name__ == "__main__":
    json.dump({"wide": wide(), "fates": fates(*drawn())}, sys.stdout)
