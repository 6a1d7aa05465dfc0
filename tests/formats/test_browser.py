"""Chromium plays what is written over the end of the loop: no black picture, and no picture that stands."""

import functools
import http.server
import importlib.util
import io
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from coverloop.core.formats.registry import wanted
from coverloop.core.video.playlist import write_playlist
from coverloop.core.video.write import write
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("export_workflows", ROOT / "scripts" / "export_workflows.py")
export = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(export)

COUNT, FPS, SIDE = 24, 12, 96
PAGE = "<style>*{margin:0;background:#000}</style>"


def clock(number: int) -> np.ndarray:
    """A bright hand on grey that goes round once in the loop."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    angle = 2 * np.pi * number / COUNT
    off = np.abs(np.angle(np.exp(1j * (np.arctan2(y, x) - angle))))
    return np.repeat(np.uint8(70 + 150 * np.exp(-((off / 0.5) ** 2)))[..., None], 3, axis=2)


def shown(picture: np.ndarray) -> float:
    """Which frame a picture shows, from 0 to COUNT: where the hand points."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    weight = np.clip(picture.astype(float) - 90, 0, None)
    return float(np.angle((weight * np.exp(1j * np.arctan2(y, x))).sum()) / (2 * np.pi) * COUNT % COUNT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    for name in ("square", "web.webm", "web.webp", "web.avif", "web.gif", "hls"):
        (one,) = wanted(name)
        write((clock(i) for i in range(COUNT)), folder / one.file_name("a"), one.format.coding, fps=FPS)
    write_playlist(folder / "a.hls.mp4", folder / "a.hls.m3u8", Fraction(COUNT, FPS))
    for path in list(folder.iterdir()):
        moving = path.suffix in (".webp", ".avif", ".gif")
        tag = f"<img src='{path.name}'>" if moving else f"<video src='{path.name}' loop muted autoplay></video>"
        (folder / f"{path.name}.html").write_text(PAGE + tag)
    return folder


@pytest.fixture(scope="module")
def page(folder):
    if not export.CHROMIUM:
        pytest.skip("chromium is not installed (apt install chromium)")
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    from playwright.sync_api import sync_playwright

    flags = [*export.FLAGS, "--autoplay-policy=no-user-gesture-required"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=export.CHROMIUM, args=flags)
        page = browser.new_page(viewport={"width": SIDE, "height": SIDE})
        page.base = f"http://127.0.0.1:{server.server_port}"
        yield page
        browser.close()
    server.shutdown()


@pytest.mark.parametrize("name", ["a.square.mp4", "a.web.webm", "a.web.webp", "a.web.avif", "a.web.gif", "a.hls.m3u8"])
def test_a_browser_plays_over_the_end_without_black_or_a_stall(page, name):
    page.goto(f"{page.base}/{name}.html")
    if name.endswith(("mp4", "webm", "m3u8")):
        page.wait_for_function("document.querySelector('video').currentTime > 0", timeout=15000)
    else:
        page.wait_for_timeout(1500)
    turns, places, began = 0.0, [], page.evaluate("performance.now()")
    while turns < 2.3 and page.evaluate("performance.now()") - began < 40_000:
        picture = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
        assert picture.mean() > 60, f"black after {turns:.2f} turns"
        places.append((page.evaluate("performance.now()"), shown(picture)))
        if len(places) > 1:
            turns += (places[-1][1] - places[-2][1]) % COUNT / COUNT
    assert turns >= 2.3, f"{turns:.2f} turns in 40 s"
    times, at = np.array(places).T
    wraps = [i for i in range(1, len(at)) if at[i] < at[i - 1] - COUNT / 2]
    assert len(wraps) >= 2
    for i in wraps:  # from before the end to after the start no more time passes than the frames between take
        took, frames = (times[i] - times[i - 1]) / 1000, (at[i] - at[i - 1]) % COUNT
        assert took < frames / FPS + 0.25, f"stands for {took - frames / FPS:.2f} s at the wrap"
