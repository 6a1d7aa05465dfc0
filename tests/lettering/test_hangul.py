"""Hangul, read by the real Tesseract, in a real font; and by a fetched recogniser, for which one of Latin stands in."""

import functools
import hashlib
import http.server
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from coverloop.core import weights
from coverloop.core.errors import ModelError
from coverloop.core.lettering import find, hangul, ppocr
from coverloop.core.lettering.find import find_text
from coverloop.core.lettering.hangul import read_hangul
from coverloop.core.lettering.regions import decide_lift
from coverloop.orchestrator.cli.main import cli
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
def afresh(monkeypatch, tmp_path):
    monkeypatch.delenv("COVERLOOP_KOREAN", raising=False)
    monkeypatch.setattr(weights, "folder", lambda: tmp_path / "models")
    forget()
    yield
    forget()


KEPT = hangul.tesseract, hangul._check, find._found, find._read


def forget():
    for kept in KEPT:
        kept.cache_clear()


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


@functools.cache
def stand_in() -> bytes:
    """PP-OCRv6's recogniser in whose alphabet every Latin letter is a syllable: what the Korean one is to the code, a
    network that carries its own signs. (ModelProto.metadata_props = 14; the last of a key counts.)"""
    known = ppocr._characters(ppocr.session(ppocr.weights("PP-OCRv6_rec_small.onnx")))[1:-1]
    signs = "\n".join(syllable(sign) if sign.isascii() and sign.isalpha() else sign for sign in known).encode()
    prop = field(1, b"character") + field(2, signs)
    return ppocr.weights("PP-OCRv6_rec_small.onnx").read_bytes() + field(14, prop)


def syllable(letter: str) -> str:
    return chr(0xAC00 + ord(letter))


def field(number: int, value: bytes) -> bytes:
    length, size = bytearray(), len(value)
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + value


@pytest.fixture
def published(monkeypatch, tmp_path):
    """A server with the stand-in, and nothing else in the world; yields what it is fetched as."""
    (tmp_path / "web").mkdir()
    listed = hangul.recogniser()
    (tmp_path / "web" / listed.name).write_bytes(stand_in())

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path / "web"))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/{listed.name}"
    ours = replace(listed, url=url, digest=hashlib.sha256(stand_in()).hexdigest())
    monkeypatch.setattr(hangul, "recogniser", lambda: ours)
    yield ours
    server.shutdown()
    server.server_close()


def test_the_recogniser_is_the_one_that_the_package_lists():
    listed = hangul.recogniser()
    assert listed.url.startswith("https://") and listed.url.endswith("/onnx/PP-OCRv5/rec/" + listed.name)
    assert len(bytes.fromhex(listed.digest)) == 32


def test_a_fetched_recogniser_reads_before_tesseract_and_says_so(published, cover, monkeypatch, tmp_path):
    done = CliRunner().invoke(cli, ["models", "fetch", "korean", "--json"])
    path = tmp_path / "models" / published.name
    assert json.loads(done.stdout) == {"name": "korean", "path": str(path)} and path.read_bytes() == stand_in()
    assert [one.name for one in path.parent.iterdir()] == [published.name]
    listed = json.loads(CliRunner().invoke(cli, ["models", "list", "--json"]).stdout)
    assert listed["hangul"] == hangul.PPOCR
    monkeypatch.setattr(hangul, "tesseract", lambda: pytest.fail("Tesseract was asked"))
    monkeypatch.setattr(find, "HANGUL", replace(find.HANGUL, surely_other=1.1))  # Latin, too, is tried as Hangul
    latin = find_text(cover)[-1]
    assert (latin.text, latin.read_by) == ("".join(s if s == " " else syllable(s) for s in "Slow Rivers"), hangul.PPOCR)


def test_a_recogniser_of_another_hash_is_not_kept_nor_read_with(published, cover, monkeypatch, tmp_path):
    monkeypatch.setattr(hangul, "recogniser", lambda: replace(published, digest="0" * 64))
    done = CliRunner().invoke(cli, ["models", "fetch", "korean"])
    assert isinstance(done.exception, ModelError) and "sha256" in str(done.exception)
    assert list((tmp_path / "models").iterdir()) == [] and hangul.reader() != hangul.PPOCR
    torn = tmp_path / "models" / published.name
    torn.write_bytes(stand_in()[:-9])
    with pytest.raises(ModelError, match="it is not loaded"):
        read_hangul(cover[80:160, 60:450])


def test_who_reads_hangul_changes_strings_and_nothing_else(cover, monkeypatch):
    """Of what is so small that it is lifted only where it is read, Hangul is not tried."""
    seen = []
    for reading, tiny in ((None, 0.0), (ppocr.Reading("달빛", 0.99, hangul.TESSERACT), 0.0), (seen, 1.0)):
        forget()
        monkeypatch.setattr(find, "read_hangul", lambda line, reading=reading: reading)
        monkeypatch.setattr(find, "FINDING", replace(find.FINDING, tiny=tiny))
        decided = decide_lift(cover, find_text(cover))
        seen.append([replace(region, text=None, read_by="") for region in decided])
        assert any(region.text == "달빛" for region in decided) == (reading is not None and tiny == 0.0)
    assert len(seen[0]) == 2 and seen[0] == seen[1] == seen[2]
