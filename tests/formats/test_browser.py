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
FILES = ("a.square.mp4", "a.web.webm", "a.web.webp", "a.web.avif", "a.web.gif", "a.hls.m3u8")
PAGE = f"<style>*{{margin:0;background:#000}}body{{display:flex}}img,video{{width:{SIDE}px;height:{SIDE}px}}</style>"


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
    """Every kind of file, and a page that shows all of them side by side."""
    folder = tmp_path_factory.mktemp("served")
    for name in ("square", "web.webm", "web.webp", "web.avif", "web.gif", "hls"):
        (one,) = wanted(name)
        write((clock(i) for i in range(COUNT)), folder / one.file_name("a"), one.format.coding, fps=FPS)
    write_playlist(folder / "a.hls.mp4", folder / "a.hls.m3u8", Fraction(COUNT, FPS))
    tags = (
        f"<img src='{name}'>"
        if name.endswith((".webp", ".avif", ".gif"))
        else f"<video src='{name}' loop muted autoplay>"
        for name in FILES
    )
    (folder / "all.html").write_text(PAGE + "</video>".join(tags))
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
        page = browser.new_page(viewport={"width": SIDE * len(FILES), "height": SIDE})
        page.goto(f"http://127.0.0.1:{server.server_port}/all.html")
        yield page
        browser.close()
    server.shutdown()


def turned(at: np.ndarray) -> float:
    return float((np.diff(at) % COUNT).sum() / COUNT)


@pytest.fixture(scope="module")
def seen(page):
    """Of each file, what was seen over two turns and more: (seconds, mean light, the frame shown), a row a picture."""
    page.wait_for_function("[...document.querySelectorAll('video')].every(one => one.currentTime > 0)", timeout=15000)
    page.wait_for_timeout(1500)
    rows, began = {name: [] for name in FILES}, page.evaluate("performance.now()")
    while (now := page.evaluate("performance.now()")) < began + 40_000:
        whole = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
        for place, name in enumerate(FILES):
            picture = whole[:, place * SIDE : (place + 1) * SIDE]
            rows[name].append((now / 1000, picture.mean(), shown(picture)))
        if min(turned(np.array(row)[:, 2]) for row in rows.values()) >= 2.3:
            break
    return {name: np.array(row) for name, row in rows.items()}


@pytest.mark.parametrize("name", FILES)
def test_a_browser_plays_over_the_end_without_black_or_a_stall(seen, name):
    times, light, at = seen[name].T
    assert light.min() > 60, f"black after {times[light.argmin()] - times[0]:.2f} s"
    assert turned(at) >= 2.3, f"{turned(at):.2f} turns in {times[-1] - times[0]:.0f} s"
    wraps = [i for i in range(1, len(at)) if at[i] < at[i - 1] - COUNT / 2]
    assert len(wraps) >= 2
    for i in wraps:  # from before the end to after the start no more time passes than the frames between take
        took, frames = times[i] - times[i - 1], (at[i] - at[i - 1]) % COUNT
        assert took < frames / FPS + 0.25, f"stands for {took - frames / FPS:.2f} s at the wrap"
