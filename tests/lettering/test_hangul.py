"""Hangul, read by the real Tesseract, in a real font."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from coverloop.core.lettering import find, hangul
from coverloop.core.lettering.find import find_text
from coverloop.core.lettering.hangul import read_hangul
from lettered import coverage, over, picture

pytestmark = pytest.mark.networks

FONT = Path(sys.prefix) / "weights" / "NanumGothic.ttf"  # put there by the set-up
INK = np.array([245.0, 240, 225])


def installed() -> bool:
    if shutil.which("tesseract") is None:
        return False
    told = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=False)
    return "kor" in told.stdout.split()


needs_tesseract = pytest.mark.skipif(not installed(), reason="no Tesseract with Korean on this machine")


@pytest.fixture(autouse=True)
def afresh():
    yield
    hangul.tesseract.cache_clear()
    find._read.cache_clear()


@pytest.fixture(scope="module")
def cover() -> np.ndarray:
    made = picture(512, seed=2).astype(np.float32)
    made = over(made, coverage(512, "서울의 달빛 아래", 48, (256, 120), font_file=FONT), INK)
    made = over(made, coverage(512, "Slow Rivers", 44, (256, 380)), INK)
    return np.clip(made + 0.5, 0, 255).astype(np.uint8)


@needs_tesseract
def test_hangul_is_read_beside_other_scripts(cover):
    assert [region.text for region in find_text(cover)] == ["서울의 달빛 아래", "Slow Rivers"]
    assert [region.text for region in find_text(cover, read=False)] == [None, None]


@needs_tesseract
def test_what_is_not_surely_hangul_stays_unread():
    latin = np.repeat(
        (255 * coverage(420, "Golden Hour", 60, (210, 210))[162:258, 20:400, None]).astype(np.uint8), 3, 2
    )
    noise = np.random.default_rng(0).integers(0, 256, latin.shape, np.uint8)
    assert [read_hangul(line) for line in (latin, noise, np.zeros((4, 90, 3), np.uint8))] == [None] * 3


@needs_tesseract
def test_a_tesseract_that_takes_too_long_is_given_up_and_told(cover, monkeypatch, caplog):
    monkeypatch.setattr(hangul, "HANGUL", hangul.HANGUL.__class__(timeout=0.001))
    assert read_hangul(cover[80:160, 60:450]) is None
    assert "could not read" in caplog.text


@pytest.mark.parametrize("missing", ["package", "program"])
def test_without_tesseract_hangul_is_found_and_not_read(cover, monkeypatch, missing):
    hangul.tesseract.cache_clear()
    if missing == "package":
        monkeypatch.setitem(sys.modules, "pytesseract", None)
    else:
        monkeypatch.setattr(pytest.importorskip("pytesseract").pytesseract, "tesseract_cmd", "no-such-program")
    texts = [region.text for region in find_text(cover)]
    assert len(texts) == 2 and texts[0] != "서울의 달빛 아래" and texts[1] == "Slow Rivers"
