"""The pages in a real browser, at the size of a phone and of a desk."""

import json
import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from coverloop.service.words import LANGUAGES, words_of
from serving import picture, serving

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SIZES = {"phone": (390, 844), "desk": (1280, 900)}


@pytest.fixture(scope="module")
def service(place, comfyui):
    with serving(place, servers=(comfyui.url,)) as client:
        yield client


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        pytest.skip("chromium is not installed: the pages were not opened (apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=SIZES)
def page(request, browser):
    """A page that fails the test when its script does, or when its policy was broken."""
    width, height = SIZES[request.param]
    page = browser.new_page(viewport={"width": width, "height": height}, locale="en-US")
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda line: line.type == "error" and page.complaints.append(line.text))
    page.kind = request.param
    yield page
    page.close()
    assert page.complaints == []


def shot(page, name: str) -> None:
    """A screenshot for people, where COVERLOOP_SHOTS names a folder."""
    if folder := os.environ.get("COVERLOOP_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}-{page.kind}.png")


def until(page, what: str, seconds: float = 30) -> None:
    """Wait for an expression; asked again and again from here, since the page's own policy forbids it to evaluate."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(what):
        assert time.monotonic() < deadline, what
        page.wait_for_timeout(50)


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_picture_is_given_made_reloaded_and_watched(service, page):
    number = 41 + list(SIZES).index(page.kind)
    page.goto(service.url)
    assert fits(page)
    shot(page, "home")
    page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": picture(number, 520)})
    page.wait_for_selector("#wish:not([hidden])")
    page.click("summary >> nth=0")
    page.fill("input[name='cover.title']", f"Song {number}")
    page.fill("input[name='cover.artist']", "The Makers")
    assert fits(page)
    shot(page, "wish")
    page.click("#wish .main")
    page.wait_for_selector(".jobs li")
    page.reload()
    page.wait_for_selector(f".jobs li:has-text('Song {number}') a", timeout=60_000)
    shot(page, "done")
    page.click(f".jobs li:has-text('Song {number}') a")
    until(page, "document.querySelector('video').currentTime > 0")
    assert page.title() == f"The Makers – Song {number}" and fits(page)
    shot(page, "loop")
    page.keyboard.press(" ")
    until(page, "document.querySelector('video').paused")
    page.goto(f"{service.url}/gallery?artist=The+Makers")
    assert page.locator(".loops li").count() == 1 + list(SIZES).index(page.kind) and fits(page)
    shot(page, "gallery")


def test_reduced_motion_keeps_it_still(service, browser):
    job = service.wait(service.ask(service.give(picture(43))["id"]))
    page = browser.new_page(reduced_motion="reduce")
    page.goto(f"{service.url}/loop/{job['loop']}")
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('video').paused")
    page.click("#play")
    until(page, "!document.querySelector('video').paused")  # by hand it plays
    page.close()


def test_what_plays_is_shown_and_faded_in(service, page):
    title = f"Now {page.kind}"
    cover = service.give(picture(44 + list(SIZES).index(page.kind)), f"?title=Now+{page.kind}&artist=Player")
    service.wait(service.ask(cover["id"]))
    page.goto(f"{service.url}/now")
    song = {"track_name": title, "artist_name": "Player"}
    listen = {"listen_type": "playing_now", "payload": [{"track_metadata": song}]}
    assert service("POST", "/1/submit-listens", listen).status == 200
    page.wait_for_selector("video.shown")
    until(page, f"document.querySelector('#title').textContent == {json.dumps(title)}")
    page.wait_for_timeout(1300)
    shot(page, "now")


def test_a_vote_is_cast(service, page):
    cover = service.give(picture(46))["id"]
    for strength in (0.2, 0.4, 0.6):
        service.wait(service.ask(cover, parameters={"strength": strength}))
    page.goto(f"{service.url}/vote")
    before = len(service.app.state.votes.all())
    assert page.locator("#pair video").count() == 2 and fits(page)
    shot(page, "vote")
    with page.expect_navigation():
        page.click("[data-choice=tie]")
    assert len(service.app.state.votes.all()) == before + 1


def test_pages_come_in_both_languages(service, browser):
    assert set(LANGUAGES) == {"en", "ko"} and set(words_of("en")) == set(words_of("ko"))
    korean = browser.new_page(locale="ko-KR")
    korean.goto(service.url)
    assert korean.locator("html").get_attribute("lang") == "ko" and "찾기" in korean.content()
    korean.click("nav a:last-child")
    assert korean.locator("html").get_attribute("lang") == "en"
    korean.goto(f"{service.url}/gallery")
    assert korean.locator("html").get_attribute("lang") == "en", "the choice stays"
    korean.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(service, browser, scheme):
    axe = Path(sys.prefix) / "weights" / "axe.min.js"
    if not axe.exists():
        pytest.skip("axe-core is not there: accessibility was not looked at (make .venv/.ready)")
    job = service.wait(service.ask(service.give(picture(49))["id"]))
    page = browser.new_page(color_scheme=scheme)
    for path in ("/", "/gallery", f"/loop/{job['loop']}", "/now", "/vote", "/login"):
        page.goto(service.url + path)
        page.evaluate(axe.read_text("utf-8"))
        found = page.evaluate("axe.run()")["violations"]
        serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
        assert serious == [], path
    page.close()
